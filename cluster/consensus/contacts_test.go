package consensus_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// A member that was removed and joins again under its id, with an empty folder,
// in the same term, has proven nothing yet: what its earlier life had on its
// disk is not held against it when it crashes before the leader's log has
// arrived, nor does it make a voter of it.
func TestNewLifeIsNotHeldToTheOldOne(t *testing.T) {
	roster := func(incarnation byte) cluster.Roster {
		return cluster.Roster{Members: []cluster.RosterMember{{Member: cluster.Member{ID: "n3"}, Incarnation: cluster.Incarnation{incarnation}}}}
	}
	const term = 2
	l := consensus.NewLedger(roster(1))
	old := cluster.Acknowledged{Position: cluster.Position{Term: term, Last: 7693}, Committed: 7690}
	heartbeat := cluster.Acknowledged{Position: cluster.Position{Term: term}}
	l.Answers("n3", old)
	l.Answers("n3", heartbeat)
	if got := l.Proven()[cluster.Enrolment{ID: "n3", Incarnation: cluster.Incarnation{1}}]; got != old {
		t.Errorf("a heartbeat made of %+v: %+v", old, got)
	}

	l.Follow(roster(2))
	if got := l.LevelWith("n3", term); got != 0 {
		t.Errorf("the newcomer's log is said to go along through %d before it has answered", got)
	}
	l.Answers("n3", heartbeat)
	got := l.Proven()[cluster.Enrolment{ID: "n3", Incarnation: cluster.Incarnation{2}}]
	if got != heartbeat {
		t.Errorf("the newcomer, of which a heartbeat was answered, is said to have proven %+v", got)
	}
	if got.Contradicts(cluster.Position{Term: term}) {
		t.Error("it may not come back as it was")
	}
	l.Answers("n3", cluster.Acknowledged{Position: cluster.Position{Term: term, Last: 12}, Committed: 10})
	l.Answers("n3", heartbeat)
	if got := l.LevelWith("n3", term); got != 12 {
		t.Errorf("its log goes along through %d, want 12", got)
	}
	if got := l.LevelWith("n3", term+1); got != 0 {
		t.Errorf("of a term in which it said nothing its log goes along through %d", got)
	}
}
