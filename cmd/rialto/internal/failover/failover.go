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

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/venuefile"
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
	// State is how large the machine's state is to be at least, in bytes; 0 = as
	// it is.
	State int64
	// Library turns the accelerated election off and takes the timeouts of
	// Raft's library, to compare with.
	Library bool
	// Insecure leaves the ports between the nodes open, to compare with.
	Insecure bool
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
	case o.State < 0 || o.State > MaxState:
		return fmt.Errorf("%w: a state of %d bytes, not 0 to %d", ErrOptions, o.State, MaxState)
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
	// settle is how long all nodes may take to be well again, and a minute more
	// for each GiB of state.
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
	v, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	report = &Report{How: o.How, Nodes: o.Nodes, Rate: o.Rate, Library: o.Library, Insecure: o.Insecure, State: o.State}
	for i := range o.Trials {
		t, failed := v.once(ctx, i)
		if failed != nil {
			err = fmt.Errorf("trial %d (see %s): %w", i+1, o.Data, failed)
			break // those before it count
		}
		report.Trials = append(report.Trials, t)
		o.Step()
	}
	report.summarize()
	return report, err
}

// bench is a cluster whose leaders end.
type bench struct {
	options Options
	cluster *devcluster.Cluster
	client  *client.Client
	disks   disks // of the nodes, where one is to hang; else empty
}

// stop ends the cluster and takes its disks away.
func (v *bench) stop() error {
	v.disks.thawAll()
	return errors.Join(v.cluster.Stop(), v.disks.close())
}

// portStep lies between the ports of two clusters that are tried.
const portStep = 50

// start starts a cluster on the first free ports, opens the demo venue and
// fills it.
func start(ctx context.Context, o Options) (*bench, error) {
	options := devcluster.Options{
		Nodes: o.Nodes, Data: o.Data, Supervise: true, Host: "127.0.0.1", Executable: o.Executable, Insecure: o.Insecure,
	}
	if o.Library {
		options.Consensus = map[string]any{"heartbeat_timeout": "1s", "accelerated_election": false}
	}
	v := &bench{options: o}
	err := v.run(ctx, options)
	if err == nil {
		v.client, err = open(ctx, v.cluster)
	}
	if err == nil && o.State > 0 {
		err = fill(ctx, v.cluster, v.client, o.State, o.Say)
	}
	if err != nil {
		if v.cluster != nil {
			return nil, errors.Join(err, v.stop())
		}
		return nil, errors.Join(err, v.disks.close())
	}
	return v, nil
}

// run starts the nodes on the first free ports.
func (v *bench) run(ctx context.Context, options devcluster.Options) error {
	var busy error
	for options.PortOffset = 20 * portStep; options.PortOffset < 100*portStep; options.PortOffset += portStep {
		nodes, err := devcluster.Plan(options)
		if err != nil {
			return err
		}
		if busy = devcluster.CheckPorts(ctx, nodes); busy != nil {
			continue
		}
		if v.options.How == Hang {
			if v.disks, err = makeDisks(nodes, v.options.State); err != nil {
				return err
			}
		}
		v.cluster, err = devcluster.Start(ctx, options, func(string) {})
		return err
	}
	return busy
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
func (v *bench) once(ctx context.Context, number int) (Trial, error) {
	leader, err := v.well(ctx)
	if err != nil {
		return Trial{}, err
	}
	end := ends()[v.options.How]
	var targets []string
	var watched net.Conn
	for _, n := range v.cluster.Nodes {
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
	l := begin(run, targets, v.options.Rate, fmt.Sprintf("%s-%d", client.NewID()[:8], number))
	defer l.wait()
	if err := sleep(ctx, before); err != nil {
		return Trial{}, err
	}
	closed := make(chan time.Time, 1)
	if watched != nil {
		go func() { closed <- endOf(watched) }()
	}
	at := time.Now()
	undo, err := end.do(ctx, v, leader)
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
func (v *bench) well(ctx context.Context) (string, error) {
	patient := settle + time.Duration(v.options.State>>30)*time.Minute
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	for {
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return "", fmt.Errorf("the cluster was not well within %v: %w", patient, err)
		}
		if leader, ok := v.agreed(ctx); ok {
			return leader, nil
		}
	}
}

func (v *bench) agreed(ctx context.Context) (string, bool) {
	var leaders []string
	for i, n := range v.cluster.Nodes {
		var twin client.Twin
		if !v.cluster.Ready(ctx, n) || v.client.Only(i).WithPatience(time.Second).Get(ctx, "/v1/cluster", nil, &twin) != nil || twin.Leader == "" {
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
