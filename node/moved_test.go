package node_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// move gives a stopped node other addresses.
func (c *trio) move(i int) {
	c.t.Helper()
	fresh := testConfig(c.t, c.configs[i].NodeID)
	c.configs[i].PeerAddress, c.configs[i].GossipAddress = fresh.PeerAddress, fresh.GossipAddress
}

// TestAddressIsFollowed shows that a member that comes back at another address
// is known there, and counts: with another one away the venue goes on.
func TestAddressIsFollowed(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) { followed(t, newTrio(t)) })
	t.Run("certified", func(t *testing.T) { followed(t, newTrioWith(t, closed(t, credtest.New(t, "test")))) })
}

func followed(t *testing.T, c *trio) {
	t.Helper()
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.stop(2)
	c.move(2)
	c.start(2)
	for i := range c.nodes {
		c.until("the cluster knows it where it is", func() bool { return c.shows(i, "n3").PeerAddress == c.configs[2].PeerAddress })
	}
	c.until("it takes part", func() bool { return c.nodes[2].Operations().Ready() == nil })
	c.stop(1)
	c.until("two are enough", func() bool {
		_, err := c.send(0, "", &command.OpenAccount{Account: "moved"})
		return err == nil
	})
	c.move(1)
	c.start(1)
	c.until("the other one as well", func() bool { return c.nodes[1].Operations().Ready() == nil })
	c.until("nobody is misplaced", func() bool { return !c.showsCritical(1, "this member is known at") })
}

// TestLoneNodeMoves shows that a venue of one node is known at its new address,
// by which others can join it.
func TestLoneNodeMoves(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, "n1")
	cfg.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: cfg.PeerAddress}}
	c := &trio{t: t, configs: []node.Config{cfg}, nodes: make([]*node.Node, 1), logged: newLogBuffer(t)}
	c.found()
	t.Cleanup(func() { c.stop(0) })
	c.until("it serves", func() bool { return c.nodes[0].Operations().Ready() == nil })
	c.stop(0)
	c.move(0)
	c.start(0)
	c.until("its configuration says where it is", func() bool { return c.nodes[0].KnownAt() == c.configs[0].PeerAddress })
}

// TestStrangerMovesNobody shows who is not followed: one that does not know the
// member's incarnation; one that does and is not where it says; and one that
// answers for a member that is well where it is.
func TestStrangerMovesNobody(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	own, _, err := identity.Read(world.System().Files, c.configs[2].DataDir)
	if err != nil {
		t.Fatal(err)
	}
	thief := own.Proof()
	ignorant := thief
	ignorant.Incarnation = cluster.Incarnation{1}
	nobody := testConfig(t, "x").PeerAddress
	for _, s := range []struct {
		name    string
		who     cluster.Identity
		address func(m *peer.Mux) string
		want    string
	}{
		{"by another incarnation", ignorant, func(m *peer.Mux) string { return m.Addr().String() }, "only members may ask"},
		{"nobody is there", thief, func(*peer.Mux) string { return nobody }, "nobody proves to be that member"},
		{"at another member's address", thief, func(*peer.Mux) string { return c.configs[1].PeerAddress }, "is that of member n2"},
		{"the member is where it was", thief, func(m *peer.Mux) string { return m.Addr().String() }, "it answers where it is known"},
	} {
		t.Run(s.name, func(t *testing.T) {
			m := stranger(t, func() cluster.Identity { return s.who }, func(peer.Protocol, *cluster.Identity) error { return nil })
			control := peer.NewControl(m)
			control.HandleCall("here", func(_ context.Context, nonce []byte) ([]byte, error) {
				return node.SealHere(s.who.Incarnation, s.who.Start, nonce), nil
			})
			request, err := json.Marshal(map[string]string{"peer_address": s.address(m)})
			if err != nil {
				t.Fatal(err)
			}
			leader := c.agreedLeader()
			_, err = control.Call(t.Context(), c.configs[leader].PeerAddress, "moved", request)
			if err == nil || !strings.Contains(err.Error(), s.want) {
				t.Errorf("got %v, want %q", err, s.want)
			}
			if at := c.shows(leader, "n3").PeerAddress; at != c.configs[2].PeerAddress {
				t.Errorf("n3 was moved to %s", at)
			}
		})
	}
}
