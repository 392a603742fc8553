package liveness

import (
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// TestSleeperHearsNobody shows that a process that did not get to run for a
// while does not take its leader for silent then, and that one which runs does
// so after the silence that is allowed.
func TestSleeperHearsNobody(t *testing.T) {
	now := time.Now()
	n1 := &voter{member: cluster.Member{ID: "n1"}, view: View{Node: "n1", Leader: "n1", Pings: true}, up: true, spoke: now}
	w := &Watch{
		cfg: Config{Self: "n2", Silence: 150 * time.Millisecond}, peers: map[cluster.NodeID]*voter{"n1": n1},
		told: View{Node: "n2", Leader: "n1"}, awake: now,
	}
	if w.pulse(5 * time.Second) {
		t.Fatal("after 5 s without getting to run the leader counts as silent")
	}
	beats := 0
	for ; !w.pulse(beatEvery); beats++ {
		if beats > 10 {
			t.Fatalf("after %d beats without a word the leader does not count as silent", beats)
		}
	}
	if beats < 5 {
		t.Errorf("silent after %d beats of %v and one of 5 s", beats, beatEvery)
	}
	w.pinged(n1)
	if w.pulse(beatEvery) {
		t.Error("a leader that has just pinged counts as silent")
	}
}
