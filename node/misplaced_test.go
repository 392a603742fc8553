package node_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/gateways"
)

// showsCritical reports whether a node shows a finding with a text.
func (c *trio) showsCritical(at int, text string) bool {
	return slices.ContainsFunc(c.nodes[at].Operations().Twin().Findings, func(f gateways.Finding) bool {
		return f.Severity == "critical" && strings.Contains(f.Text, text)
	})
}

// TestMisplacedMemberStandsForNothing shows a member that was started at
// another peer address than the configuration says: it says so, and does not
// become a leader whom nobody could follow, although another voter would vote.
func TestMisplacedMemberStandsForNothing(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	for i := range c.nodes {
		c.stop(i)
	}
	known := c.configs[2].PeerAddress
	moved := testConfig(t, "n3").PeerAddress
	c.configs[2].PeerAddress = moved
	c.start(2)
	want := "this member is known at " + known + ", its settings say " + moved
	if err := c.nodes[2].Operations().Ready(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("its readiness: %v, want %q", err, want)
	}
	c.until("it shows that", func() bool { return c.showsCritical(2, want) })
	c.start(1) // without the first, only these two could make a majority
	stood := func() (times int) {
		for line := range strings.Lines(c.logged.String()) {
			if strings.Contains(line, "pre-vote campaign failed") && strings.Contains(line, "node=n3") {
				times++
			}
		}
		return times
	}
	before := stood() // alone
	c.until("it would have stood, and got no votes", func() bool {
		if leader := c.nodes[2].Operations().Twin().Leader; leader == "n3" {
			t.Fatal("it leads")
		}
		return stood() >= before+10
	})
	c.start(0)
	c.until("the other two trade", func() bool { return c.nodes[1].Operations().Ready() == nil })
	c.stop(2)
	c.configs[2].PeerAddress = known
	c.start(2)
	c.until("at its own address it takes part", func() bool { return c.nodes[2].Operations().Ready() == nil })
}

// TestTurnedAwayNodeSaysSo shows a node that the members do not let in, as an
// image from before they had incarnations: not that no leader is known, but
// why, and what to do.
func TestTurnedAwayNodeSaysSo(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.stop(1)
	c.stop(2)
	c.until("no leader is known", func() bool { return c.nodes[0].Operations().Twin().Leader == "" })
	for _, text := range []string{"node n2 does not let this node in: " + peer.ErrNotAdmitted.Error(), "rialto node remove n1"} {
		c.until("it says "+text, func() bool {
			c.nodes[0].RefusedBy(c.configs[1].PeerAddress, cluster.Identity{Node: "n2"}, peer.ErrNotAdmitted)
			err := c.nodes[0].Operations().Ready()
			return err != nil && strings.Contains(err.Error(), text) && c.showsCritical(0, text)
		})
	}
}
