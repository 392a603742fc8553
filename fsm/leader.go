package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// startTerm opens a leader's term. The first one ever names the history.
func (m *Machine) startTerm(b *command.TermStart, _ *subject) *refusal {
	if m.clock.history == 0 {
		m.clock.history = b.History
	}
	m.clock.venue++
	started := &event.LeaderStarted{Term: b.Term, Leader: b.Leader, Sequence: m.clock.venue}
	if m.level() >= LevelSessions && b.Cause != "" {
		started.Cause, started.Previous = b.Cause, b.Previous
		if m.clock.before != 0 {
			started.Gap = uint64(m.clock.now - m.clock.before)
		}
	}
	m.out.emit(started)
	return nil
}
