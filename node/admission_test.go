package node_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
)

// TestMayJoin shows whom a leader admits, and what the others are told.
func TestMayJoin(t *testing.T) {
	life := func(n byte) cluster.Incarnation { return cluster.Incarnation{n} }
	roster := func(members int) (r cluster.Roster) {
		var list []cluster.Member
		for i := range members {
			id := cluster.NodeID(fmt.Sprintf("n%d", i+1))
			list = append(list, cluster.Member{ID: id, Address: string(id) + ":7080", Voter: true})
			r = r.Admit(1, cluster.Enrolment{ID: id, Incarnation: life(1)})
			r = r.Configure(1, list)
		}
		r.Removed = []cluster.Enrolment{{ID: "n9", Incarnation: life(9)}}
		return r
	}
	for _, c := range []struct {
		name    string
		members int
		id      cluster.NodeID
		life    byte
		address string
		want    string // "" = admitted
	}{
		{"a newcomer", 3, "n4", 1, "n4:7080", ""},
		{"a member that lost the answer", 3, "n2", 1, "n2:7080", ""},
		{"a member with an empty folder", 3, "n2", 2, "n2:7080", "remove it first"},
		{"and at another address", 3, "n2", 2, "elsewhere:7080", "remove it first"},
		{"a member at another address", 3, "n2", 1, "elsewhere:7080", "joining changes no address"},
		{"one at a member's address", 3, "n4", 1, "n2:7080", "is that of member n2"},
		{"one that was removed", 3, "n9", 9, "n9:7080", "empty its folder"},
		{"and comes with an empty folder", 3, "n9", 8, "n9:7080", ""},
		{"a build without incarnations", 3, "n4", 0, "n4:7080", "run a newer one"},
		{"the last that there is room for", cluster.MaxMembers - 1, "x", 1, "x:7080", ""},
		{"one more", cluster.MaxMembers, "x", 1, "x:7080", "as many as it may"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := node.MayJoin(roster(c.members), cluster.Enrolment{ID: c.id, Incarnation: life(c.life)}, c.address)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	mixed := roster(2).Configure(2, []cluster.Member{{ID: "n1"}, {ID: "n2"}, {ID: "n3"}})
	err := node.MayJoin(mixed, cluster.Enrolment{ID: "n4", Incarnation: life(1)}, "n4:7080")
	if err == nil || !strings.Contains(err.Error(), "upgrade all of them first") {
		t.Errorf("beside a member of an earlier build: %v", err)
	}
}

// TestNobodyIsRemovedForOneThatIsRefused shows that a member which was lost is
// removed for the newcomer that comes in its place only if that one is let in.
func TestNobodyIsRemovedForOneThatIsRefused(t *testing.T) {
	c := newTrioWith(t, impatient)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.until("the venue is at its level", func() bool { return c.allAt(fsm.FeatureLevel) })
	c.stop(2)
	leader := -1
	c.until("the leader counts n3 as failed", func() bool {
		leader = c.leader()
		return leader >= 0 && c.nodes[leader].HasFailed("n3")
	})
	m := stranger(t, func() cluster.Identity { return cluster.Identity{Node: "n3"} }, func(peer.Protocol, *cluster.Identity) error { return nil })
	for _, r := range []struct {
		level   uint16
		address string
		want    string
	}{
		{fsm.LevelFirst, m.Addr().String(), "feature level"},
		{fsm.FeatureLevel, c.configs[0].PeerAddress, "is that of member n1"},
	} {
		request, err := json.Marshal(map[string]any{
			"id": "n3", "peer_address": r.address, "incarnation": cluster.Incarnation{3}, "highest_level": r.level,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := peer.NewCaller(m).Call(t.Context(), c.configs[leader].PeerAddress, "join", request); err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("level %d at %s: %v", r.level, r.address, err)
		}
		if strings.Contains(c.logged.String(), "a member that was lost is removed") {
			t.Fatalf("level %d at %s: n3 was removed for one that is refused", r.level, r.address)
		}
	}
}
