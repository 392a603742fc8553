package node

import (
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/liveness"
)

// TestWhoTakesOver shows to whom leadership is handed: to those that say that
// they would lead, the one that has acknowledged the most first; to none that is
// gone or drains itself.
func TestWhoTakesOver(t *testing.T) {
	willing := func(id cluster.NodeID) liveness.Peer {
		return liveness.Peer{ID: id, Up: true, View: liveness.View{Node: id, Stands: true}}
	}
	gone, drains := willing("n4"), willing("n5")
	gone.Up, drains.View.Stands = false, false
	has := func(id cluster.NodeID, last cluster.Index) (cluster.Enrolment, cluster.Acknowledged) {
		return cluster.Enrolment{ID: id}, cluster.Acknowledged{Position: cluster.Position{Term: 1, Last: last}}
	}
	acknowledged := map[cluster.Enrolment]cluster.Acknowledged{}
	for id, last := range map[cluster.NodeID]cluster.Index{"n2": 90, "n3": 100, "n4": 200, "n5": 200} {
		e, a := has(id, last)
		acknowledged[e] = a
	}
	got := fitToLead([]liveness.Peer{willing("n2"), willing("n3"), gone, drains}, acknowledged)
	if want := []cluster.NodeID{"n3", "n2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := fitToLead(nil, nil); len(got) != 0 {
		t.Errorf("of nobody: %v", got)
	}
}
