// Package failover measures what clients see when a leader ends: trial after
// trial on a cluster of its own, under load, from outside.
package failover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/devcluster"
	"github.com/rialto-exchange/rialto/cmd/rialto/venuefile"
)

// Options of a measurement.
type Options struct {
	// Executable is the program whose `serve` is a node.
	Executable string
	// Data is the folder of the cluster; empty or new.
	Data   string
	Nodes  int
	Trials int
	// How the leader ends.
	How How
	// Rate is how many commands a second are offered beside the client that
	// sends one after the other.
	Rate float64
	// Library turns the accelerated election off and takes the timeouts of
	// Raft's library, to compare with.
	Library bool
	// Say is told what happens, a line at a time; Step when a trial is over.
	Say  func(format string, args ...any)
	Step func()
}

// The bounds of Options.
const (
	MinNodes  = 3
	MaxTrials = 10_000
	MaxRate   = 20_000
)

// ErrOptions: an option is out of its bounds.
var ErrOptions = errors.New("option out of bounds")

func (o Options) validate() error {
	_, known := ends()[o.How]
	switch {
	case o.Nodes < MinNodes || o.Nodes > devcluster.MaxNodes:
		return fmt.Errorf("%w: %d nodes, not %d to %d", ErrOptions, o.Nodes, MinNodes, devcluster.MaxNodes)
	case o.Trials < 1 || o.Trials > MaxTrials:
		return fmt.Errorf("%w: %d trials, not 1 to %d", ErrOptions, o.Trials, MaxTrials)
	case o.Rate < 0 || o.Rate > MaxRate:
		return fmt.Errorf("%w: a rate of %v, not 0 to %d", ErrOptions, o.Rate, MaxRate)
	case !known:
		return fmt.Errorf("%w: %q is no way to end a leader", ErrOptions, o.How)
	}
	return nil
}

// How long a trial's load runs before the leader ends and, at least, after.
const (
	before = time.Second
	after  = time.Second
	// patience is how long the first answer after it may take.
	patience = 15 * time.Second
	// settle is how long all nodes may take to be well again.
	settle = time.Minute
)

// Run measures. Each trial ends the leader of that moment.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(o.Data); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: the measurement wants a folder of its own", filepath.Clean(o.Data))
	}
	c, cl, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	report = &Report{How: o.How, Nodes: o.Nodes, Rate: o.Rate, Library: o.Library}
	for i := range o.Trials {
		t, err := once(ctx, o, c, cl, i)
		if err != nil {
			return nil, fmt.Errorf("trial %d (see %s): %w", i+1, o.Data, err)
		}
		report.Trials = append(report.Trials, t)
		o.Step()
	}
	report.summarize()
	return report, nil
}

// portStep lies between the ports of two clusters that are tried.
const portStep = 50

// start starts a cluster on the first free ports and opens the demo venue.
func start(ctx context.Context, o Options) (*devcluster.Cluster, *client.Client, error) {
	options := devcluster.Options{
		Nodes: o.Nodes, Data: o.Data, Fresh: true, Supervise: true, Host: "127.0.0.1", Executable: o.Executable,
	}
	if o.Library {
		options.Consensus = map[string]any{"heartbeat_timeout": "1s", "accelerated_election": false}
	}
	var c *devcluster.Cluster
	var err error
	for options.PortOffset = 20 * portStep; c == nil && options.PortOffset < 100*portStep; options.PortOffset += portStep {
		nodes, failure := devcluster.Plan(options)
		if failure != nil {
			return nil, nil, failure
		}
		if err = devcluster.CheckPorts(ctx, nodes); err == nil {
			if c, err = devcluster.Start(ctx, options, func(string) {}); err != nil {
				return nil, nil, err
			}
		}
	}
	if c == nil {
		return nil, nil, err
	}
	cl, err := open(ctx, c)
	if err != nil {
		return nil, nil, errors.Join(err, c.Stop())
	}
	return c, cl, nil
}

func open(ctx context.Context, c *devcluster.Cluster) (*client.Client, error) {
	if err := c.WaitReady(ctx); err != nil {
		return nil, err
	}
	var servers []string
	for _, n := range c.Nodes {
		servers = append(servers, n.URL())
	}
	cl, err := client.New(servers, "")
	if err != nil {
		return nil, err
	}
	if err := venuefile.ApplyDemo(ctx, cl); err != nil {
		return nil, fmt.Errorf("demo venue: %w", err)
	}
	return cl, nil
}

// once is one trial.
func once(ctx context.Context, o Options, c *devcluster.Cluster, cl *client.Client, number int) (Trial, error) {
	leader, err := well(ctx, c, cl)
	if err != nil {
		return Trial{}, err
	}
	end := ends()[o.How]
	var targets []string
	var watched net.Conn
	for _, n := range c.Nodes {
		if n.ID != leader || end.stays {
			targets = append(targets, n.HTTP)
		}
		if n.ID == leader && end.closes {
			if watched, err = net.DialTimeout("tcp", n.HTTP, time.Second); err != nil {
				return Trial{}, err
			}
			defer watched.Close()
		}
	}
	run, stop := context.WithCancel(ctx)
	defer stop()
	l := begin(run, targets, o.Rate, fmt.Sprintf("%s-%d", client.NewID()[:8], number))
	defer l.wait()
	if err := sleep(ctx, before); err != nil {
		return Trial{}, err
	}
	closed := make(chan time.Time, 1)
	if watched != nil {
		go func() { closed <- endOf(watched) }()
	}
	at := time.Now()
	undo, err := end.do(ctx, c, cl, leader)
	if err != nil {
		return Trial{}, err
	}
	took := time.Since(at)
	if err := l.until(ctx, at.Add(after), at.Add(patience)); err != nil {
		return Trial{}, errors.Join(err, undo())
	}
	stop()
	t := l.trial(at)
	t.Leader = leader
	if err := undo(); err != nil {
		return t, err
	}
	if watched != nil {
		select {
		case eof := <-closed:
			t.EOFMs = milliseconds(eof.Sub(at))
		default: // it is open yet
		}
	}
	if end.stays {
		t.TookMs = milliseconds(took)
	}
	return t, nil
}

// endOf returns when the other end of a connection went away.
func endOf(conn net.Conn) time.Time {
	var b [1]byte
	_, _ = conn.Read(b[:]) // nothing is ever sent
	return time.Now()
}

// well waits until every node is ready and all name one leader, and returns
// it.
func well(ctx context.Context, c *devcluster.Cluster, cl *client.Client) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	for {
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return "", fmt.Errorf("the cluster was not well within %v: %w", settle, err)
		}
		if leader, ok := agreed(ctx, c, cl); ok {
			return leader, nil
		}
	}
}

func agreed(ctx context.Context, c *devcluster.Cluster, cl *client.Client) (string, bool) {
	var leaders []string
	for i, n := range c.Nodes {
		var twin client.Twin
		if !c.Ready(ctx, n) || cl.Only(i).WithPatience(time.Second).Get(ctx, "/v1/cluster", nil, &twin) != nil || twin.Leader == "" {
			return "", false
		}
		leaders = append(leaders, twin.Leader)
	}
	return leaders[0], len(slices.Compact(leaders)) == 1
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
