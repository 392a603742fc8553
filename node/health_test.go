package node

import (
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
)

// wardOf looks so often at nodes whose appends take so many milliseconds.
func wardOf(w *ward, looks int, syncs map[string]float64) *ward {
	for range looks {
		var nodes []gateways.TwinNode
		for id, ms := range syncs {
			nodes = append(nodes, gateways.TwinNode{ID: id, State: stateAlive, LogSyncMs: ms})
		}
		w.look(nodes)
	}
	return w
}

// TestWhoIsSick shows when a node is taken for sick: it is much slower than the
// others, and for long enough.
func TestWhoIsSick(t *testing.T) {
	for _, c := range []struct {
		what  string
		looks int
		syncs map[string]float64
		sick  bool
	}{
		{"all are well", 10, map[string]float64{"n1": 2, "n2": 2, "n3": 2}, false},
		{"one is slow", 10, map[string]float64{"n1": 41, "n2": 10, "n3": 10}, true},
		{"at the bound", 10, map[string]float64{"n1": 40, "n2": 10, "n3": 10}, false},
		{"not for long enough", 9, map[string]float64{"n1": 90, "n2": 1, "n3": 1}, false},
		{"slower, and fast all the same", 10, map[string]float64{"n1": 20, "n2": 1, "n3": 1}, false},
		{"all are slow", 10, map[string]float64{"n1": 90, "n2": 80, "n3": 85}, false},
		{"another one is slower still", 10, map[string]float64{"n1": 90, "n2": 400, "n3": 10}, true},
		{"nobody to compare with", 10, map[string]float64{"n1": 900}, false},
	} {
		if why := wardOf(&ward{}, c.looks, c.syncs).sick("n1"); (why != "") != c.sick {
			t.Errorf("%s: %q", c.what, why)
		}
	}
}

// TestSpikesAreNoSickness shows that single slow appends make nobody sick.
func TestSpikesAreNoSickness(t *testing.T) {
	w := &ward{}
	for range 5 {
		wardOf(w, 2, map[string]float64{"n1": 2, "n2": 2, "n3": 2})
		wardOf(w, 1, map[string]float64{"n1": 500, "n2": 2, "n3": 2})
	}
	if why := w.sick("n1"); why != "" {
		t.Errorf("sick: %s", why)
	}
}

// TestSickStaysSick shows that a sick node is well again only when it is much
// better, so that leadership does not go back and forth.
func TestSickStaysSick(t *testing.T) {
	w := wardOf(&ward{}, 10, map[string]float64{"n1": 90, "n2": 10, "n3": 10})
	if wardOf(w, 10, map[string]float64{"n1": 30, "n2": 10, "n3": 10}).sick("n1") == "" {
		t.Error("well at three times the others")
	}
	if why := wardOf(w, 10, map[string]float64{"n1": 20, "n2": 10, "n3": 10}).sick("n1"); why != "" {
		t.Errorf("sick at twice the others: %s", why)
	}
}

// TestHealthiest shows to whom a sick leader hands over.
func TestHealthiest(t *testing.T) {
	w := wardOf(&ward{}, 10, map[string]float64{"n1": 90, "n2": 12, "n3": 10, "n4": 95})
	for _, c := range []struct {
		among []cluster.NodeID
		want  cluster.NodeID
	}{
		{[]cluster.NodeID{"n2", "n3"}, "n3"},
		{[]cluster.NodeID{"n2", "n4"}, "n2"},
		{[]cluster.NodeID{"n4"}, ""},
		{[]cluster.NodeID{"n9"}, ""},
		{nil, ""},
	} {
		if got := w.healthiest(c.among); got != c.want {
			t.Errorf("among %v: %q, want %q", c.among, got, c.want)
		}
	}
}

// TestStuckFollower shows that a follower which stays where it is while others
// go on is found, and one that has nothing to apply is not.
func TestStuckFollower(t *testing.T) {
	w := &ward{}
	look := func(index uint64) {
		w.look([]gateways.TwinNode{
			{ID: "n1", State: stateAlive, CommitIndex: index, AppliedIndex: index},
			{ID: "n2", State: stateAlive, CommitIndex: index, AppliedIndex: 7},
		})
	}
	for range 100 {
		look(7)
	}
	for i := range uint64(stuckAfter) {
		if f := w.findings(); len(f) != 0 {
			t.Fatalf("after %v: %v", time.Duration(i)*twinInterval, f)
		}
		look(8 + i)
	}
	f := w.findings()
	if len(f) != 1 || f[0].Node != "n2" || !strings.Contains(f[0].Text, "no longer advances") {
		t.Errorf("got %v", f)
	}
}

// TestFleeingHasACoolDown shows that leadership which was handed over of late is
// handed over again only after twice as long each time, up to sixteen minutes,
// and that other changes of leadership and old ones count for nothing.
func TestFleeingHasACoolDown(t *testing.T) {
	f := &failovers{}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	f.learn([]gateways.Failover{
		{Term: 1, Cause: string(cluster.CauseHandedOver), At: now.Add(-31 * time.Minute).Format(time.RFC3339Nano)},
		{Term: 2, Cause: string(cluster.CauseDied), At: now.Add(-time.Minute).Format(time.RFC3339Nano)},
		{Term: 3, Cause: string(cluster.CauseHandedOver), At: now.Add(-29 * time.Minute).Format(time.RFC3339Nano)},
		{Term: 4, Cause: string(cluster.CauseHandedOver), At: now.Add(-time.Minute).Format(time.RFC3339Nano)},
	})
	if got := f.handedOver(now.Add(-fleeMemory)); got != 2 {
		t.Errorf("%d hand-overs, want 2", got)
	}
	for handOvers, want := range []time.Duration{1, 2, 4, 8, 16, 16, 16} {
		if got := fleePause(handOvers); got != want*time.Minute {
			t.Errorf("after %d hand-overs: %v, want %d minutes", handOvers, got, want)
		}
	}
}
