package fault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// process is one that something is done to. It is known by its id and its start:
// by the time that something is undone the id may be another's, and the id 0,
// which a node has that does not run, would be this process or its group.
type process struct{ undo.Thing }

// errEnded: a process has ended; its id may be another's.
var errEnded = errors.New("the process has ended")

// processOf is the process that a node is.
func processOf(n *site.Node) (process, error) {
	t, err := undo.Process(undo.Started, n.PID())
	if err != nil {
		return process{}, fmt.Errorf("%s does not run: %w", n.ID, err)
	}
	return process{t}, nil
}

// pid is its id, errEnded if it is no longer its own.
func (p process) pid() (int, error) {
	switch alive, err := p.Lives(); {
	case err != nil:
		return 0, err
	case !alive:
		return 0, errEnded
	}
	return strconv.Atoi(p.Name)
}

// folder is what the kernel says of it.
func (p process) folder() string { return filepath.Join("/proc", p.Name) }

// move puts it into a control group.
func (p process) move(group string) error {
	pid, err := p.pid()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0)
}

// limit sets one of its limits and returns what takes that back, which is
// nothing once it has ended.
func (p process) limit(what int, to uint64) (back func() error, err error) {
	pid, err := p.pid()
	if err != nil {
		return nil, err
	}
	var was unix.Rlimit
	if err := unix.Prlimit(pid, what, nil, &was); err != nil {
		return nil, fmt.Errorf("ask for a limit of process %d: %w", pid, err)
	}
	now := unix.Rlimit{Cur: to, Max: was.Max}
	if err := unix.Prlimit(pid, what, &now, nil); err != nil {
		return nil, fmt.Errorf("limit process %d: %w", pid, err)
	}
	return func() error {
		pid, err := p.pid()
		if errors.Is(err, errEnded) {
			return nil
		}
		if err == nil {
			err = unix.Prlimit(pid, what, &was, nil)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("take a limit of process %s back: %w", p.Name, err)
		}
		return nil
	}, nil
}

// processor is how much time a process has had, in ticks of 10 ms.
func processor(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	const utime, stime = 11, 12 // fields 14 and 15 of proc(5)
	if len(f) <= stime {
		return 0
	}
	u, _ := strconv.Atoi(f[utime])
	k, _ := strconv.Atoi(f[stime])
	return time.Duration(u+k) * 10 * time.Millisecond
}
