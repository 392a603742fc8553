package node_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// impatient replaces a voter after as short a silence as may be set.
func impatient(cfg *node.Config) { cfg.Membership.FailAfter = 5 * time.Second }

// join starts a node that is only told where gossip is.
func (c *trio) join(id string, change func(*node.Config)) int {
	c.t.Helper()
	cfg, sockets := boundConfig(c.t, id)
	cfg.Join = []string{c.configs[1].GossipAddress}
	change(&cfg)
	c.given.Store(len(c.configs), sockets)
	c.configs, c.nodes = append(c.configs, cfg), append(c.nodes, nil)
	c.start(len(c.configs) - 1)
	return len(c.configs) - 1
}

func (c *trio) shows(at int, id string) gateways.TwinNode {
	nodes := c.nodes[at].Operations().Twin().Nodes
	if i := slices.IndexFunc(nodes, func(n gateways.TwinNode) bool { return n.ID == id }); i >= 0 {
		return nodes[i]
	}
	return gateways.TwinNode{}
}

func (c *trio) quorum(at int) gateways.TwinQuorum { return c.nodes[at].Operations().Twin().Quorum }

// TestNodesJoin shows that a node which is only told where gossip is registers
// itself, catches up and stands by; that a second one makes voters of both, as
// an even number serves no better; and that they can be removed again.
func TestNodesJoin(t *testing.T) {
	t.Parallel()
	c := newTrioWith(t, impatient)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "dave"})
	out := c.fund(0, "dave", "5")
	n4 := c.join("n4", impatient)
	c.until("the newcomer has all", func() bool { return c.nodes[n4].Operations().Ready() == nil })
	if got := c.total(n4, "dave", out.Sequence); got != 5_000_000 {
		t.Errorf("the newcomer shows %d, want 5", got)
	}
	if n := c.shows(0, "n4"); n.Votes || n.Role != "reader" {
		t.Errorf("one spare node: votes %v, role %s", n.Votes, n.Role)
	}
	c.join("n5", impatient)
	c.until("five vote, and two may fail", func() bool {
		return c.quorum(0) == gateways.TwinQuorum{Voters: 5, Healthy: 5, Needed: 3, MayFail: 2}
	})
	for _, id := range []string{"n4", "n5"} {
		c.until(id+" is removed", func() bool { return c.nodes[0].Operations().RemoveNode(t.Context(), id) == nil })
	}
	c.until("three vote", func() bool { return c.quorum(0).Voters == 3 })
}

// TestDeadVoterIsReplaced shows that a voter that stays away is replaced by the
// node that stands by, with nobody's help, and learns of it when it comes back.
func TestDeadVoterIsReplaced(t *testing.T) {
	t.Parallel()
	c := newTrioWith(t, impatient)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.join("n4", impatient)
	c.until("n4 stands by", func() bool { return c.shows(0, "n4").State == "alive" })
	c.stop(2)
	c.until("n4 votes in its place", func() bool {
		return c.shows(0, "n3").ID == "" && c.quorum(0) == gateways.TwinQuorum{Voters: 3, Healthy: 3, Needed: 2, MayFail: 1}
	})
	c.do(1, &command.OpenAccount{Account: "erin"})
	c.start(2)
	c.until("it learns that it was removed", func() bool { _, state := c.look(2, "n3"); return state == "removed" })
}

// TestLostVoterComesBackByItself shows that a node whose folder was lost is let
// in again under its own id, once the member that it was has been silent for long
// enough: nobody has to remove that first.
func TestLostVoterComesBackByItself(t *testing.T) {
	t.Parallel()
	certified := closed(t, credtest.New(t, "test"))
	c := newTrioWith(t, func(cfg *node.Config) { impatient(cfg); certified(cfg) })
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.stop(2)
	c.wipe(2)
	c.configs[2].Join = []string{c.configs[0].GossipAddress}
	c.start(2)
	c.until("it votes again", func() bool {
		return c.shows(0, "n3").Votes && c.quorum(0) == gateways.TwinQuorum{Voters: 3, Healthy: 3, Needed: 2, MayFail: 1}
	})
	if !strings.Contains(c.logged.String(), "a member that was lost is removed") {
		t.Error("nothing says that the lost member was removed")
	}
}

// TestReader shows that a reader never gets a vote, also where one is missing,
// answers queries, and takes commands on to the leader.
func TestReader(t *testing.T) {
	t.Parallel()
	c := newTrioWith(t, impatient)
	reader := c.join("n4", func(cfg *node.Config) { impatient(cfg); cfg.Role = "reader" })
	c.until("it serves", func() bool { return c.nodes[reader].Operations().Ready() == nil })
	c.do(reader, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(reader, &command.OpenAccount{Account: "rita"})
	out := c.fund(reader, "rita", "7")
	if got := c.total(reader, "rita", out.Sequence); got != 7_000_000 {
		t.Errorf("the reader shows %d, want 7", got)
	}
	c.stop(2)
	standby := c.join("n5", impatient)
	c.until("the node that stands by replaces the dead voter", func() bool {
		return c.shows(0, "n5").Votes && c.shows(0, "n3").ID == ""
	})
	if n := c.shows(standby, "n4"); n.Votes || !n.Reader {
		t.Errorf("the reader: votes %v, reader %v", n.Votes, n.Reader)
	}
}
