package node_test

import (
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
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
