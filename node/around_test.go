package node

import (
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/liveness"
	"github.com/rialto-exchange/rialto/gateways"
)

func hears(id, leader cluster.NodeID, term cluster.Term) liveness.Peer {
	return liveness.Peer{ID: id, Up: true, View: liveness.View{Node: id, Leader: leader, Term: term, Hears: true}}
}

// TestSecondHand shows whom a node that knows no leader takes for it, and how it
// reaches it.
func TestSecondHand(t *testing.T) {
	members := []cluster.Member{{ID: "n1", Address: "a1"}, {ID: "n2", Address: "a2"}, {ID: "n3", Address: "a3"}, {ID: "n4", Address: "a4"}}
	silent := hears("n3", "n2", 5)
	silent.View.Hears = false
	gone := hears("n3", "n2", 5)
	gone.Up = false
	mute := hears("n2", "n2", 5) // packets to and from it are dropped
	mute.Silent = true
	for _, c := range []struct {
		what  string
		peers []liveness.Peer
		want  cluster.Member
		by    []string
	}{
		{"nobody says anything", nil, cluster.Member{}, nil},
		{"by another one", []liveness.Peer{hears("n3", "n2", 5)}, cluster.Member{ID: "n2", Address: "around a2"}, []string{"a3"}},
		{"by two", []liveness.Peer{hears("n3", "n2", 5), hears("n4", "n2", 5)}, cluster.Member{ID: "n2", Address: "around a2"}, []string{"a3", "a4"}},
		{"the leader itself", []liveness.Peer{hears("n2", "n2", 5)}, cluster.Member{ID: "n2", Address: "a2"}, nil},
		{"the leader itself, and another", []liveness.Peer{hears("n2", "n2", 5), hears("n3", "n2", 5)}, cluster.Member{ID: "n2", Address: "a2"}, []string{"a3"}},
		{"the leader itself, which says nothing, and another", []liveness.Peer{mute, hears("n3", "n2", 5)}, cluster.Member{ID: "n2", Address: "around a2"}, []string{"a3"}},
		{"of two the later one", []liveness.Peer{hears("n3", "n2", 5), hears("n4", "n3", 6)}, cluster.Member{ID: "n3", Address: "around a3"}, []string{"a4"}},
		{"one that does not hear it", []liveness.Peer{silent}, cluster.Member{}, nil},
		{"one that can't be reached", []liveness.Peer{gone}, cluster.Member{}, nil},
		{"this node, by one that is behind", []liveness.Peer{hears("n3", "n1", 5)}, cluster.Member{}, nil},
		{"one that is no member", []liveness.Peer{hears("n3", "n9", 5)}, cluster.Member{}, nil},
	} {
		got := secondHand("n1", c.peers, members)
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
		at := got.Address
		if len(at) > len(aroundMark) {
			at = at[len(aroundMark):]
		}
		if by := helpers(at, c.peers, members); !slices.Equal(by, c.by) {
			t.Errorf("%s: by %q, want %q", c.what, by, c.by)
		}
	}
}

// TestCutOffIsNoLossOfTheLeader shows that a node which hears the leader only by
// others says so, and not that the venue takes no commands.
func TestCutOffIsNoLossOfTheLeader(t *testing.T) {
	l := &leadership{changed: make(chan struct{})}
	codes := func(p gateways.Twin) (all []string) {
		for _, f := range findings(p, l.secondHand()) {
			all = append(all, f.Code)
		}
		return all
	}
	if got := codes(gateways.Twin{}); !slices.Equal(got, []string{"no_leader"}) {
		t.Errorf("nobody knows of a leader: %q", got)
	}
	l.hear(cluster.Member{ID: "n2", Address: "around a2"})
	if got := codes(gateways.Twin{}); !slices.Equal(got, []string{"cut_off"}) {
		t.Errorf("others hear n2: %q", got)
	}
	l.state.Leader = "n2"
	if got := codes(gateways.Twin{Leader: "n2"}); len(got) != 0 {
		t.Errorf("it hears n2 itself: %q", got)
	}
}
