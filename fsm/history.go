package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// beginHistory names the past that all that follows belongs to. What was told
// of the one before, sequences and the numbers of FIX sessions, is told apart by
// it; the state goes on as it is.
func (m *Machine) beginHistory(b *command.BeginHistory, _ *subject) *refusal {
	c := &m.clock
	if b.History == 0 || b.History == c.history {
		return refuse(event.CodeInvalidParameters, "history", "history %016x begins nothing new", b.History)
	}
	previous := c.history
	c.history = b.History
	c.venue++
	m.out.emit(&event.HistoryBegan{History: b.History, Previous: previous, Cause: b.Cause, Sequence: c.venue})
	return nil
}

// voidEntry is all that is left of an entry that could not be executed. An
// entry is voided in its own place only: one that names another was made by
// nobody who may.
func (m *Machine) voidEntry(b *command.VoidEntry, _ *subject) *refusal {
	c := &m.clock
	if b.Index != c.index {
		return refuse(event.CodeInvalidParameters, "void", "entry %d is not voided at entry %d", b.Index, c.index)
	}
	c.venue++
	m.out.emit(&event.EntryVoided{Index: b.Index, Digest: b.Digest, Sequence: c.venue})
	return nil
}
