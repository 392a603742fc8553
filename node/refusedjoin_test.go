package node_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/gateways"
)

// membersOnly are the protocols that only members speak.
func membersOnly() []peer.Protocol {
	return []peer.Protocol{
		peer.ProtocolRaft, peer.ProtocolForward, peer.ProtocolForwardBrief, peer.ProtocolRelay,
		peer.ProtocolCarry, peer.ProtocolJournal, peer.ProtocolLiveness,
	}
}

// newcomer is one whom the authority has certified and nobody has admitted.
func (c *trio) newcomer(a *credtest.Authority) uninvited {
	n9 := c.own(1) // History: every HTTP answer tells it
	n9.Node, n9.Incarnation = "n9", cluster.Incarnation{9}
	return uninvited{name: "certified", shows: showing(c.t, a.Enrol(c.t, a.Name("n9", n9.Incarnation), time.Now(), time.Hour)), says: n9}
}

// TestRefusedJoinGivesNothing shows that who asks to join where nobody could
// find it is refused, and can then do no more than before.
func TestRefusedJoinGivesNothing(t *testing.T) {
	t.Parallel()
	a := credtest.New(t, "test")
	c := newTrioWith(t, closed(t, a))
	u := c.newcomer(a)
	m, at := u.port(t), c.configs[c.agreedLeader()]
	for name, address := range map[string]string{
		"none": "", "no port": "nowhere", "any port": "127.0.0.1:0", "long": strings.Repeat("a", 300) + ":7080",
	} {
		request, err := json.Marshal(map[string]any{"id": "n9", "peer_address": address, "incarnation": u.says.Incarnation, "highest_level": fsm.FeatureLevel})
		if err != nil {
			t.Fatal(err)
		}
		joined := call("join", string(request)).do(t, u, m, at)
		if joined == nil || !strings.Contains(joined.Error(), "peer address") {
			t.Errorf("%s: %v", name, joined)
		}
		for _, p := range membersOnly() {
			if dial("", p).do(t, u, m, at) == nil {
				t.Errorf("%s: join said %v, and protocol %d is open to it", name, joined, p)
			}
		}
	}
}

// TestAwaitedMayOnlyJoin shows what one has that a leader admitted and did not
// live to make a member: it may join. The status names it, and it can be removed
// for good.
func TestAwaitedMayOnlyJoin(t *testing.T) {
	t.Parallel()
	a := credtest.New(t, "test")
	c := newTrioWith(t, closed(t, a))
	u := c.newcomer(a)
	m, leader := u.port(t), c.agreedLeader()
	who := cluster.Enrolment{ID: u.says.Node, Incarnation: u.says.Incarnation}
	if err := c.nodes[leader].AdmitOnly(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	for i := range c.nodes {
		c.until("its admission is known", func() bool { return c.nodes[i].Standing(who) == cluster.Awaited })
		for _, p := range membersOnly() {
			if dial("", p).do(t, u, m, c.configs[i]) == nil {
				t.Errorf("node %d: protocol %d is open to it", i+1, p)
			}
		}
		c.until("the status names it", func() bool {
			return slices.ContainsFunc(c.nodes[i].Operations().Twin().Findings, func(f gateways.Finding) bool {
				return f.Code == "node_awaited" && f.Node == "n9"
			})
		})
	}
	if err := c.nodes[(leader+1)%3].Operations().RemoveNode(t.Context(), "n9"); err != nil {
		t.Fatal(err)
	}
	for i := range c.nodes {
		c.until("it is removed for good", func() bool { return c.nodes[i].Standing(who) == cluster.Gone })
	}
	if call("join", `{"id":"n9","peer_address":"127.0.0.1:1","incarnation":"09000000000000000000000000000000","highest_level":9}`).do(t, u, m, c.configs[leader]) == nil {
		t.Error("it may join after it was removed")
	}
}
