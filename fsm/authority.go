package fsm

import (
	"slices"

	"github.com/rialto-exchange/rialto/fsm/internal/names"
)

// What the machine says of who may act, for those who must know it without
// being in the log: gateways. It is read on the goroutine that owns the machine.

// Authority counts the changes of who may act and of whom accounts are opened
// for, since the machine was made: who has seen the count has seen all that
// Participants and OpenedFor say. It is not state.
func (m *Machine) Authority() uint64 { return m.authority }

// Participants returns the definitions in force, in the order of their first
// definition. What they point to is shared and never changes.
func (m *Machine) Participants() []*Participant { return slices.Clone(m.participants.rows) }

// OpenedFor calls yield with each account that was opened for a participant,
// in the order of their numbers, until yield returns false.
func (m *Machine) OpenedFor(yield func(account, participant string) bool) {
	for n := uint32(1); n < m.accounts.Len(); n++ {
		if p := m.accounts.Get(n).participant; p != 0 &&
			!yield(m.accountNames.Name(names.Number(n)), m.participants.at(p).Participant) {
			return
		}
	}
}
