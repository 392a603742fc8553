package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Mass effects as level 1 knew them, for its entries: one item after the other,
// each with all of the budget; a mass cancel goes through all of the account's
// orders, and what it may yet cancel waits for it.

func (m *Machine) runMassEffectsInOrder() {
	m.limitMassEffects(m.bounds.EventsPerEntry, m.bounds.FillsPerCommand)
	for len(m.work) > 0 && m.mayGoOn() {
		w := m.work[0]
		if w.account == 0 {
			if !m.trigger(w.instrument) {
				break
			}
		} else {
			m.out.begin(w.context)
			more := m.massCancel(&w)
			m.endGroup(m.accountName(w.account), m.accounts.Get(w.account).sequence)
			if more {
				break
			}
		}
		m.unmark(&w)
		m.work = append([]workItem(nil), m.work[1:]...)
	}
	for m.mayGoOn() && m.expire() {
		continue
	}
}

// matches reports whether an open order is one of those to cancel.
func (w *workItem) matches(o *order) bool {
	return o.number <= w.upTo &&
		(w.instrument == 0 || o.instrument == w.instrument) &&
		(w.side == market.SideNone || o.side == w.side)
}

func (m *Machine) cancelFromAccount(w *workItem) (cancelled uint32, more bool) {
	for slot := m.accounts.Get(w.account).first; slot != 0; {
		o := m.orders.cold.Get(slot)
		next := o.next
		if w.matches(o) && m.mayMassCancel(w, o.instrument) {
			if !m.mayGoOn() {
				return cancelled, true
			}
			m.cancelOpen(slot, w.reason)
			cancelled++
		}
		slot = next
	}
	return cancelled, false
}

func (m *Machine) mustWaitForAll(c *command.Command, about *subject) bool {
	places := isPlacement(c.Body.Kind())
	if places && (m.overdue() || !m.mayMatch()) {
		return true
	}
	for i := range m.work {
		w := &m.work[i]
		switch {
		case about.account != 0 && about.account == w.account,
			w.account == 0 && about.instrument == w.instrument:
			return true
		}
		if places && (w.instrument == 0 || w.instrument == about.instrument) {
			return true
		}
	}
	return false
}
