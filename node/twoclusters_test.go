package node_test

import (
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
)

// TestTwoClustersDoNotMerge shows two venues under one cluster id, with nodes of
// the same names, that are told to join each other: each stays what it is, shows
// nobody of the other, and orders its own commands.
func TestTwoClustersDoNotMerge(t *testing.T) {
	t.Parallel()
	first := newTrio(t)
	second := newTrioWith(t, func(cfg *node.Config) {
		cfg.Join = []string{first.configs[0].GossipAddress, first.configs[1].GossipAddress}
	})
	first.stop(2)
	first.configs[2].Join = []string{second.configs[1].GossipAddress}
	first.start(2)
	for _, c := range []*trio{first, second} {
		c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
		c.do(2, &command.OpenAccount{Account: "ann"})
	}
	own := first.fund(1, "ann", "1")
	if got := first.total(2, "ann", own.Sequence); got != 1_000_000 {
		t.Errorf("the first venue shows %d", got)
	}
	for _, c := range []*trio{first, second} {
		for i := range c.nodes {
			c.until("all are ready", func() bool { return c.nodes[i].Operations().Ready() == nil })
			c.until("all three are seen to be well", func() bool { return c.nodes[i].Operations().Twin().Quorum.Healthy == 3 })
			twin := c.nodes[i].Operations().Twin()
			if len(twin.Nodes) != 3 || twin.Quorum.Voters != 3 {
				t.Errorf("node %d shows %d nodes, %+v", i+1, len(twin.Nodes), twin.Quorum)
			}
			for _, n := range twin.Nodes {
				if !slices.ContainsFunc(c.configs, func(cfg node.Config) bool { return cfg.PeerAddress == n.PeerAddress }) {
					t.Errorf("node %d shows %s at %s, of the other venue", i+1, n.ID, n.PeerAddress)
				}
			}
		}
	}
	if a, b := first.nodes[0].Operations().Twin().HistoryID, second.nodes[0].Operations().Twin().HistoryID; a == b {
		t.Errorf("both have history %s", a)
	}
}
