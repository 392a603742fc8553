package devcluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopTimeout is how long a node may take to stop before it is killed.
const stopTimeout = 10 * time.Second

// process is one running node.
type process struct {
	node Node
	pid  int
	// done is closed when the process has ended; exit is its reason then.
	done chan struct{}
	exit string
}

// start runs a node, which founds its cluster if it is told to. Its goroutine
// ends with the process.
func start(executable string, n Node, found bool) (*process, error) {
	log, err := os.OpenFile(n.Log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--config", n.Config}
	if found {
		args = append(args, "--found")
	}
	cmd := exec.Command(executable, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()
	p := &process{node: n, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel sends the parent-death signal when the thread that started
		// the child ends: keep the thread until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.exit = reason(cmd.Wait())
		}
		_ = log.Close()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start node %s: %w", n.ID, err)
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

func reason(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop ends processes: asks all, then kills those that don't listen, and
// returns when all have ended. It names those that had to be killed.
func stop(processes []*process) error {
	for _, p := range processes {
		signal(p, syscall.SIGTERM)
	}
	deadline := time.NewTimer(stopTimeout)
	defer deadline.Stop()
	var errs []error
	expired := false
	for _, p := range processes {
		if !expired {
			select {
			case <-p.done:
				continue
			case <-deadline.C:
				expired = true
			}
		}
		if !p.ended() {
			signal(p, syscall.SIGKILL)
			errs = append(errs, fmt.Errorf("node %s (pid %d) did not stop within %v and was killed", p.node.ID, p.pid, stopTimeout))
		}
		<-p.done
	}
	return errors.Join(errs...)
}

// signal is only sent while the process is ours to wait for; its pid may be
// somebody else's afterwards.
func signal(p *process, s syscall.Signal) {
	if !p.ended() {
		_ = syscall.Kill(p.pid, s)
	}
}
