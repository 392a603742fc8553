package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// answerFor has somebody answer at a node's peer address who says of himself what
// self is, and of the node what status is.
func (c *trio) answerFor(i int, self cluster.Identity, status gateways.TwinNode) {
	c.t.Helper()
	m, err := peer.Listen(c.configs[i].PeerAddress, peer.Config{ClusterID: "test", Proof: &peer.Proof{
		Self: func() cluster.Identity { return self }, Verify: func(peer.Protocol, *cluster.Identity) error { return nil },
	}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = m.Close() })
	control := peer.NewControl(m)
	control.HandleCall("status", func(context.Context, []byte) ([]byte, error) { return json.Marshal(status) })
	control.HandleCall("entry", func(context.Context, []byte) ([]byte, error) { return []byte(`{"known":true}`), nil })
}

// TestWhoAnswersForAnother shows that what is answered at a member's address
// counts only if it is that member who answers: one of another incarnation or of
// another history, or one who keeps to himself who he is, is named by a finding,
// is no well voter, has no say in what the others are to be, and no word on the
// entry before which a node waits.
func TestWhoAnswersForAnother(t *testing.T) {
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.stop(2)
	own, _, err := identity.Read(world.System().Files, c.configs[2].DataDir)
	if err != nil {
		t.Fatal(err)
	}
	as := func(change func(*cluster.Identity)) cluster.Identity {
		who := own.Proof()
		change(&who)
		return who
	}
	for i, r := range []struct {
		what     string
		self     cluster.Identity
		believed bool
	}{
		{"another incarnation", as(func(w *cluster.Identity) { w.Incarnation[0]++ }), false},
		{"another history", as(func(w *cluster.Identity) { w.History++ }), false},
		{"another node", as(func(w *cluster.Identity) { w.Node = "n1" }), false},
		{"nobody in particular", cluster.Identity{Node: "n3"}, false},
		{"the member itself", as(func(*cluster.Identity) {}), true},
	} {
		t.Run(r.what, func(t *testing.T) {
			at := *c
			at.t = t
			c.until("the one before is forgotten", func() bool { return c.shows(0, "n3").Unproven == "" })
			entry := uint64(1 << 40)
			says := gateways.TwinNode{ID: "n3", Role: "follower", State: "alive", Votes: true, AppliedIndex: entry, CommitIndex: entry,
				Version: fmt.Sprintf("answer %d", i), LeaderChanges: []gateways.Failover{{Term: 1 << 40, Leader: "n3", At: "2026-01-01T00:00:00Z"}}}
			at.answerFor(2, r.self, says)
			c.until("it is looked at", func() bool {
				n3 := c.shows(0, "n3")
				return n3.Version == says.Version || strings.Contains(n3.Unproven, c.configs[2].PeerAddress)
			})
			n3 := c.shows(0, "n3")
			if well := n3.State == "alive"; well != r.believed || c.quorum(0).Healthy != 2+map[bool]int{true: 1}[well] || n3.Version != says.Version && r.believed {
				t.Errorf("n3 is shown as %+v, quorum %+v", n3, c.quorum(0))
			}
			if c.findsAbout("n3", "node_unproven") == r.believed {
				t.Errorf("findings: %+v", c.nodes[0].Operations().Twin().Findings)
			}
			member := cluster.Member{ID: "n3", Address: c.configs[2].PeerAddress, Voter: true}
			want := node.EntryWord{ID: "n3", Asked: r.believed, Applied: r.believed}
			if got := c.nodes[0].Word(member, entry-1, "00"); got != want {
				t.Errorf("its word is %+v, want %+v", got, want)
			}
			if !r.believed && c.findsAbout("n1", "node_stuck") {
				t.Error("the others no longer advance, as it says")
			}
			for _, f := range c.nodes[0].Operations().Twin().Failovers {
				if f.Term == 1<<40 && !r.believed {
					t.Errorf("it is believed who leads: %+v", f)
				}
			}
		})
	}
}
