package node_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/finding"
)

// levels are the feature levels that the nodes say are in force.
func (c *trio) levels() []uint16 {
	var out []uint16
	for i, n := range c.nodes {
		for _, t := range n.Operations().Twin().Nodes {
			if t.ID == c.configs[i].NodeID {
				out = append(out, t.FeatureLevel)
			}
		}
	}
	return out
}

func (c *trio) allAt(level uint16) bool {
	at := c.levels()
	for _, l := range at {
		if l != level {
			return false
		}
	}
	return len(at) == len(c.nodes)
}

// A venue at the first level stays there while one member can follow no
// further, whoever leads; once that one can, the level rises by itself, on all
// nodes, and they go on together.
func TestLevelRisesOnceAllCan(t *testing.T) {
	t.Parallel()
	c := newTrioWith(t, func(cfg *node.Config) { cfg.FeatureLevel = fsm.LevelFirst })
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 2})
	c.until("the venue is at the first level", func() bool { return c.allAt(fsm.LevelFirst) })
	for _, i := range []int{0, 1} {
		c.stop(i)
		c.configs[i].FeatureLevel = 0
		c.start(i)
		c.until("the node is back", func() bool { return c.nodes[i].Operations().Ready() == nil })
	}
	c.until("a leader that could go on waits for the third", func() bool {
		if c.nodes[0].Operations().Twin().Leader == "n3" {
			_ = c.nodes[2].Operations().TransferLeader(t.Context(), "n1")
		}
		return strings.Contains(c.logged.String(), "the feature level stays until every member can follow")
	})
	c.do(1, &command.DefineAsset{Asset: "EUR", Scale: 2})
	if !c.allAt(fsm.LevelFirst) {
		t.Fatalf("got levels %v", c.levels())
	}
	c.stop(2)
	c.configs[2].FeatureLevel = 0
	c.start(2)
	c.until("the level has risen on all nodes", func() bool { return c.allAt(fsm.FeatureLevel) })
	c.do(2, &command.DefineAsset{Asset: "GBP", Scale: 2})
}

// The picture of the cluster names each member that holds the feature level
// back, and how far it can follow; a venue that can't go on has no such finding.
func TestHoldingBackIsFound(t *testing.T) {
	members := []cluster.Member{{ID: "n1"}, {ID: "n2"}, {ID: "n3"}, {ID: "n4"}}
	says := func(id string, inForce, highest uint16, state string) gateways.TwinNode {
		return gateways.TwinNode{ID: id, State: state, FeatureLevel: inForce, HighestLevel: highest}
	}
	got := node.HoldingBack(gateways.Twin{Nodes: []gateways.TwinNode{
		says("n1", 1, 2, "alive"), says("n2", 1, 1, "alive"), says("n3", 1, 0, "draining"), says("n4", 1, 2, "dead"),
		says("stranger", 1, 1, "alive"),
	}}, members)
	want := []gateways.Finding{
		finding.New(finding.LevelHeld, "n2", "node n2 follows feature level 1 at most: the venue stays at level 1, others could go on to 2"),
		finding.New(finding.LevelHeld, "n3", "node n3 follows feature level 1 at most: the venue stays at level 1, others could go on to 2"),
		finding.New(finding.LevelHeld, "n4", "node n4 does not say which feature level it can follow: the venue stays at level 1, others could go on to 2"),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, inForce := range []uint16{0, 2} {
		nodes := []gateways.TwinNode{says("n1", inForce, 2, "alive"), says("n2", inForce, 2, "alive")}
		if got := node.HoldingBack(gateways.Twin{Nodes: nodes}, members); got != nil {
			t.Errorf("at level %d: %+v", inForce, got)
		}
	}
}

// A node whose build does not know the venue's feature level is refused when it
// asks to join, and is told why; one that does is admitted.
func TestTooOldToJoin(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 2})
	cfg := testConfig(t, "n4")
	cfg.Join, cfg.FeatureLevel = []string{c.configs[0].GossipAddress}, fsm.LevelFirst
	logged := newLogBuffer(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		n, err := node.Open(ctx, cfg, node.WithLogger(slog.New(slog.NewTextHandler(logged, nil))))
		if err == nil {
			err = errors.Join(errors.New("it was admitted"), n.Close(context.Background()))
		}
		done <- err
	}()
	c.until("it is refused", func() bool {
		return strings.Contains(logged.String(), fmt.Sprintf("the venue is at feature level %d and it follows 1 at most: run a newer build", fsm.FeatureLevel))
	})
	cancel()
	if err := <-done; err == nil || strings.Contains(err.Error(), "it was admitted") {
		t.Errorf("open: %v, want that nobody admitted it", err)
	}
}
