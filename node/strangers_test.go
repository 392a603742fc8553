package node_test

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node/world"
)

// stranger is a peer port of the same cluster id that says whatever it likes
// of itself, and believes others or not.
func stranger(t *testing.T, self func() cluster.Identity, verify func(peer.Protocol, *cluster.Identity) error) *peer.Mux {
	t.Helper()
	m, err := peer.Listen("127.0.0.1:0", peer.Config{ClusterID: "test", Proof: &peer.Proof{Self: self, Verify: verify}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// TestStrangerLearnsNothing shows that one who knows the cluster id and no
// more is told no incarnation, no history and no start of anybody: neither in
// the answer to its preamble nor by a call.
func TestStrangerLearnsNothing(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	var heard atomic.Pointer[cluster.Identity]
	m := stranger(t, func() cluster.Identity { return cluster.Identity{Node: "x"} }, func(_ peer.Protocol, who *cluster.Identity) error {
		heard.Store(who)
		return nil
	})
	control := peer.NewControl(m)
	for i, cfg := range c.configs {
		own, _, err := identity.Read(world.System().Files, cfg.DataDir)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"status", "roster", "found", "standing", "join"} {
			b, err := control.Call(t.Context(), cfg.PeerAddress, call, []byte(`{}`))
			if call == "roster" && err == nil {
				t.Errorf("node %d tells a stranger the roster", i+1)
			}
			for _, secret := range []string{own.Incarnation.String(), own.History.String(), `"nonce"`} {
				if strings.Contains(string(b), secret) {
					t.Errorf("%s of node %d: %s is in %s", call, i+1, secret, b)
				}
			}
		}
		if who := heard.Load(); who == nil || *who != (cluster.Identity{Node: own.Node}) {
			t.Errorf("node %d says of itself: %+v", i+1, who)
		}
	}
}

// TestForgedStartTurnsNobodyAway shows that who claims to be a later start of
// a member, by its incarnation and all, is remembered by nobody: only what a
// member answers at its own address counts.
func TestForgedStartTurnsNobodyAway(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	own, _, err := identity.Read(world.System().Files, c.configs[1].DataDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, count := range []uint64{own.Start.Count + 1, 1<<64 - 1} {
		claim := own.Proof()
		claim.Start = cluster.Start{Count: count, Nonce: 7}
		claim.Began = cluster.Position{Term: 1 << 20, Last: 1 << 40}
		m := stranger(t, func() cluster.Identity { return claim }, func(peer.Protocol, *cluster.Identity) error { return nil })
		for _, at := range []int{0, 2} {
			if conn, err := m.Dial(t.Context(), c.configs[at].PeerAddress, peer.ProtocolRaft); err == nil {
				_ = conn.Close()
			}
		}
	}
	c.stop(1)
	c.start(1)
	c.until("the member itself is back", func() bool {
		select {
		case err := <-c.nodes[1].Fatal():
			t.Fatalf("it was turned away: %v", err)
		default:
		}
		return c.nodes[1].Operations().Ready() == nil
	})
}

// mute wants a node that has ended to answer no member any more: it gives no
// vote and takes no entry.
func (c *trio) mute(i int) {
	c.t.Helper()
	member, _, err := identity.Read(world.System().Files, c.configs[0].DataDir)
	if err != nil {
		c.t.Fatal(err)
	}
	m := stranger(c.t, member.Proof, func(peer.Protocol, *cluster.Identity) error { return nil })
	conn, err := m.Dial(c.t.Context(), c.configs[i].PeerAddress, peer.ProtocolRaft)
	if err == nil {
		_ = conn.Close()
		c.t.Errorf("node %d still takes part in elections", i+1)
	}
}

// TestLiarEndsNobody shows a newcomer that nobody invited and that answers
// each member that the cluster has removed it, or that its folder has gone
// back: nobody believes it.
func TestLiarEndsNobody(t *testing.T) {
	t.Parallel()
	for _, lie := range []error{peer.ErrRemoved, peer.ErrRolledBack} {
		t.Run(lie.Error(), func(t *testing.T) {
			c := newTrio(t)
			own, _, err := identity.Read(world.System().Files, c.configs[0].DataDir)
			if err != nil {
				t.Fatal(err)
			}
			self := cluster.Identity{Node: "n9", Incarnation: cluster.Incarnation{9}, History: own.History, Start: cluster.Start{Count: 1, Nonce: 1}}
			var told atomic.Int32
			m := stranger(t, func() cluster.Identity { return self }, func(p peer.Protocol, who *cluster.Identity) error {
				if p == peer.ProtocolControl || who.Node == self.Node {
					return nil
				}
				told.Add(1)
				return lie
			})
			m.Handle(peer.ProtocolRaft, func(context.Context, net.Conn) {})
			control := peer.NewControl(m)
			request, err := json.Marshal(map[string]any{
				"id": "n9", "peer_address": m.Addr().String(), "incarnation": self.Incarnation, "highest_level": fsm.FeatureLevel,
			})
			if err != nil {
				t.Fatal(err)
			}
			c.until("it is admitted", func() bool {
				for _, cfg := range c.configs {
					if _, err := control.Call(t.Context(), cfg.PeerAddress, "join", request); err == nil {
						return true
					}
				}
				return false
			})
			const lies = 6
			c.until("it has lied", func() bool { return told.Load() >= lies })
			c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
			for i, n := range c.nodes {
				select {
				case err := <-n.Fatal():
					t.Errorf("node %d ended: %v", i+1, err)
				default:
				}
				if _, state := c.look(i, c.configs[i].NodeID); state == "removed" {
					t.Errorf("node %d believes that it was removed", i+1)
				}
			}
			c.until("all serve", func() bool {
				for _, n := range c.nodes {
					if n.Operations().Ready() != nil {
						return false
					}
				}
				return true
			})
		})
	}
}
