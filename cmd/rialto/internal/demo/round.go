package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/replay"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/venuefile"
)

// instrument is what is traded: the demo venue has it.
const instrument = "AAPL-USD"

// batch is how many commands a request carries: few, so that a round has more
// log entries than lie between two state hashes.
const batch = 5

// round is one replay on a cluster of its own, and what it left.
type round struct {
	fills    bytes.Buffer
	summary  *replay.Summary
	timeline timeline
	victim   string // the node that was killed, and its process
	leader   string // who leads at the end
	nodes    []account
}

// play runs a round: a new cluster, the demo venue, the whole flow; and looks
// at what every node says afterwards.
func play(ctx context.Context, o Options, name string, messages []lobster.Message, kill bool) (r *round, err error) {
	cluster, err := start(ctx, o, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	cl, err := open(ctx, cluster)
	if err != nil {
		return nil, err
	}
	o.Say("%s: %d nodes are up, the venue is open", name, len(cluster.Nodes))
	r = &round{timeline: timeline{begun: time.Now()}}
	if err := r.replay(ctx, o, cl, cluster, messages, kill); err != nil {
		return nil, err
	}
	o.Say("%s: %d fills, %.0f commands/s, longest gap %.0f ms", name,
		r.summary.Fills, r.summary.CommandsPerSecond, r.summary.LongestGap)
	if err := cluster.WaitReady(ctx); err != nil {
		return nil, err
	}
	return r, r.ask(ctx, cl, cluster)
}

// portStep lies between the ports of two clusters that are tried.
const portStep = 50

// start starts a cluster on the first free ports.
func start(ctx context.Context, o Options, name string) (*devcluster.Cluster, error) {
	options := devcluster.Options{
		Nodes: o.Nodes, Data: filepath.Join(o.Data, name), Fresh: true, Supervise: true,
		Host: "127.0.0.1", Executable: o.Executable,
	}
	var err error
	for options.PortOffset = 10 * portStep; options.PortOffset < 100*portStep; options.PortOffset += portStep {
		var nodes []devcluster.Node
		if nodes, err = devcluster.Plan(options); err != nil {
			return nil, err
		}
		if err = devcluster.CheckPorts(ctx, nodes); err == nil {
			return devcluster.Start(ctx, options, func(text string) { o.Say("%s: %s", name, text) })
		}
	}
	return nil, err
}

// open waits for the cluster and applies the demo venue.
func open(ctx context.Context, cluster *devcluster.Cluster) (*client.Client, error) {
	if err := cluster.WaitReady(ctx); err != nil {
		return nil, err
	}
	var servers []string
	for _, n := range cluster.Nodes {
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

// replay plays the flow, and kills the leader once half of it is answered.
func (r *round) replay(ctx context.Context, o Options, cl *client.Client, cluster *devcluster.Cluster, messages []lobster.Message, kill bool) error {
	run := "demo" + client.NewID()[:8]
	if _, err := replay.Setup(ctx, cl, run, instrument, messages); err != nil {
		return err
	}
	answered, failure := 0, error(nil)
	r.timeline.begun = time.Now()
	summary, err := replay.Run(ctx, cl, messages, replay.Options{
		Run: run, Instrument: instrument, Batch: batch, Fills: &r.fills,
		Done: func(n int) {
			answered += n
			r.timeline.answered(time.Now(), n)
			if kill && r.victim == "" && answered > len(messages)/2 {
				failure = r.killLeader(ctx, o, cl, cluster)
				kill = failure == nil
			}
		},
	})
	r.summary = summary
	return errors.Join(err, failure)
}

func (r *round) killLeader(ctx context.Context, o Options, cl *client.Client, cluster *devcluster.Cluster) error {
	leader, err := leaderOf(ctx, cl)
	if err != nil {
		return err
	}
	pid, err := cluster.Kill(leader)
	if err != nil {
		return err
	}
	r.timeline.kill(time.Now())
	r.victim = fmt.Sprintf("%s (process %d)", leader, pid)
	o.Say("killed: kill -9 of the leader, %s", r.victim)
	return nil
}

func leaderOf(ctx context.Context, cl *client.Client) (string, error) {
	var twin client.Twin
	if err := cl.Get(ctx, "/v1/cluster", nil, &twin); err != nil {
		return "", err
	}
	if twin.Leader == "" {
		return "", errors.New("the cluster names no leader")
	}
	return twin.Leader, nil
}
