package devcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	// readyTimeout is how long a cluster may take to be ready; it has to
	// replay what its log holds.
	readyTimeout = 2 * time.Minute
	readyPoll    = 50 * time.Millisecond
	// restartPause is how long a supervised node stays down.
	restartPause = time.Second
	// logTail is how much of a dead node's log is shown, in bytes.
	logTail = 2048
)

// Cluster is a running cluster.
type Cluster struct {
	Nodes   []Node
	options Options
	lock    *lock
	// announce is told in words of what happens to a node.
	announce func(string)

	mu        sync.Mutex
	processes map[string]*process
	closing   bool
	watchers  sync.WaitGroup
	stopping  chan struct{}
}

// Start starts the nodes; it returns as soon as their processes run. Nothing
// is started if a port or the folder is in use.
func Start(ctx context.Context, o Options, announce func(string)) (*Cluster, error) {
	nodes, err := Plan(o)
	if err != nil {
		return nil, err
	}
	l, err := prepare(ctx, o, nodes)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		Nodes: nodes, options: o, lock: l, announce: announce,
		processes: map[string]*process{}, stopping: make(chan struct{}),
	}
	found := isFounding(data(nodes))
	for _, n := range nodes {
		if err := c.run(n, found); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
	}
	return c, nil
}

// prepare locks and fills the data folder.
func prepare(ctx context.Context, o Options, nodes []Node) (*lock, error) {
	data := data(nodes)
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	l, err := acquire(data)
	if err != nil {
		return nil, err
	}
	err = CheckPorts(ctx, nodes)
	if err == nil && o.Fresh {
		err = clear(data)
	}
	if err == nil {
		err = checkMembers(data, nodes)
	}
	if err == nil {
		err = writeConfigs(nodes, o)
	}
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	return l, nil
}

// data is the folder of everything that a cluster keeps.
func data(nodes []Node) string { return filepath.Dir(nodes[0].Config) }

// clear removes what a cluster keeps in a folder, and nothing else that may be
// there.
func clear(data string) error {
	errs := []error{
		os.RemoveAll(filepath.Join(data, membersFile)), os.RemoveAll(filepath.Join(data, foundingFile)),
		os.RemoveAll(filepath.Join(data, secretsFolder)),
	}
	for i := 1; i <= MaxNodes; i++ {
		for _, suffix := range []string{"", ".yaml", ".log"} {
			errs = append(errs, os.RemoveAll(filepath.Join(data, fmt.Sprintf("n%d%s", i, suffix))))
		}
	}
	return errors.Join(errs...)
}

// run starts a node and the goroutine that watches it. Only the first start
// of a new cluster founds it: a node that is started again has its folder, or
// has lost it and must not found a second cluster over the first.
func (c *Cluster) run(n Node, found bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return nil
	}
	p, err := start(c.options.Executable, n, found)
	if err != nil {
		return err
	}
	c.processes[n.ID] = p
	c.watchers.Go(func() { c.watch(p) })
	return nil
}

// watch waits for the end of a node, tells of it, and starts it again if that
// is wanted.
func (c *Cluster) watch(p *process) {
	<-p.done
	select {
	case <-c.stopping:
		return
	default:
	}
	if !c.options.Supervise {
		c.announce(fmt.Sprintf("node %s (pid %d) died: %s. Start it again with\n    %s", p.node.ID, p.pid, p.exit, c.RestartCommand(p.node)))
		return
	}
	c.announce(fmt.Sprintf("node %s (pid %d) died: %s; starting it again in %v", p.node.ID, p.pid, p.exit, restartPause))
	pause := time.NewTimer(restartPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-c.stopping:
		return
	}
	if err := c.run(p.node, false); err != nil {
		c.announce(err.Error())
		return
	}
	c.announce(fmt.Sprintf("node %s is back with pid %d", p.node.ID, c.PID(p.node.ID)))
}

// RestartCommand returns what to type to start a node by hand.
func (c *Cluster) RestartCommand(n Node) string {
	return fmt.Sprintf("%s serve --config %s", Relative(c.options.Executable), Relative(n.Config))
}

// Relative shortens a path for people where it can.
func Relative(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	r, err := filepath.Rel(wd, path)
	if err != nil || len(r) > len(path) {
		return path
	}
	if filepath.Base(r) == r {
		return "./" + r
	}
	return r
}

// PID returns the process id that a node was last started with.
func (c *Cluster) PID(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.processes[id]; p != nil {
		return p.pid
	}
	return 0
}

// Kill ends a node as a crash does and returns the process id that it had.
func (c *Cluster) Kill(id string) (pid int, err error) {
	c.mu.Lock()
	p := c.processes[id]
	c.mu.Unlock()
	if p == nil || p.ended() {
		return 0, fmt.Errorf("node %s does not run", id)
	}
	signal(p, syscall.SIGKILL)
	return p.pid, nil
}

// Signal sends a signal to the process of a node.
func (c *Cluster) Signal(id string, s syscall.Signal) error {
	c.mu.Lock()
	p := c.processes[id]
	c.mu.Unlock()
	if p == nil || p.ended() {
		return fmt.Errorf("node %s does not run", id)
	}
	signal(p, s)
	return nil
}

// Ready reports whether a node says that it is.
func (c *Cluster) Ready(ctx context.Context, n Node) bool { return ready(ctx, n) }

// WaitReady returns once every node is ready. A node that ends before is an
// error with the end of its log.
func (c *Cluster) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for _, n := range c.Nodes {
		c.mu.Lock()
		p := c.processes[n.ID]
		c.mu.Unlock()
		for !ready(ctx, n) {
			select {
			case <-p.done:
				return fmt.Errorf("node %s ended before it was ready: %s\n%s", n.ID, p.exit, tail(n.Log))
			case <-ctx.Done():
				return fmt.Errorf("node %s was not ready within %v, see %s: %w", n.ID, readyTimeout, n.Log, ctx.Err())
			case <-tick.C:
			}
		}
	}
	return os.RemoveAll(filepath.Join(data(c.Nodes), foundingFile))
}

func ready(ctx context.Context, n Node) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.URL()+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// tail returns the end of a file, or why there is none.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(text) > logTail {
		text = text[len(text)-logTail:]
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
	}
	return string(text)
}

// Stop ends all nodes and returns when none is left.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return nil
	}
	c.closing = true
	close(c.stopping)
	var own []*process
	for _, n := range c.Nodes {
		if p := c.processes[n.ID]; p != nil {
			own = append(own, p)
		}
	}
	c.mu.Unlock()
	err := stop(own)
	c.watchers.Wait()
	stopStrays(c.Nodes, c.announce)
	return errors.Join(err, c.lock.release())
}

// Program returns how to call the program again.
func (c *Cluster) Program() string { return Relative(c.options.Executable) }
