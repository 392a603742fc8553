package fsm_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// TestLeaderStartedSaysWhy shows what the event of a new leader tells from
// feature level 3 on: why there is one, who led before, and how long after the
// last entry it came; and that it tells none of it below, or where the leader
// did not know.
func TestLeaderStartedSaysWhy(t *testing.T) {
	for _, c := range []struct {
		what  string
		level uint16
		start command.TermStart
		want  event.LeaderStarted
	}{
		{"why", fsm.LevelSessions, command.TermStart{Term: 2, Leader: "n2", Cause: "died", Previous: "n1"},
			event.LeaderStarted{Term: 2, Leader: "n2", Cause: "died", Previous: "n1", Gap: 12_000_000}},
		{"it does not know", fsm.LevelSessions, command.TermStart{Term: 2, Leader: "n2"},
			event.LeaderStarted{Term: 2, Leader: "n2"}},
		{"the level before", fsm.LevelSessions - 1, command.TermStart{Term: 2, Leader: "n2"},
			event.LeaderStarted{Term: 2, Leader: "n2"}},
	} {
		v := newVenueAt(t, c.level, fsm.Bounds{})
		v.must(&command.TermStart{Term: 1, Leader: "n1", History: history})
		v.now += 12_000_000
		block, _ := v.apply(v.admin(&c.start))
		got := *block.Groups[0].Records[0].(*event.LeaderStarted)
		c.want.Sequence = got.Sequence
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
}
