package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/risk"
)

// workItem is what one entry was too short for: the rest of a mass cancel or,
// without an account, of the stops that an instrument's last price triggered.
// Items are done in their order at the start of the following entries, before
// anything else for their account and instrument.
type workItem struct {
	account    uint32      // 0 = triggered stops
	instrument uint32      // 0 = all
	side       market.Side // SideNone = both
	reason     market.Reason
	// upTo is the number of the last order that existed when it began: what is
	// placed later is not meant.
	upTo    uint64
	context event.Context
}

// matches reports whether an open order is one of those to cancel.
func (w *workItem) matches(o *order) bool {
	return o.number <= w.upTo &&
		(w.instrument == 0 || o.instrument == w.instrument) &&
		(w.side == market.SideNone || o.side == w.side)
}

// runMassEffects does, within the budget of the entry, what earlier entries
// left and what has become due.
func (m *Machine) runMassEffects() {
	for len(m.work) > 0 && m.mayGoOn() && m.continueWork() {
		continue
	}
	for m.mayGoOn() && m.expire() {
		continue
	}
}

// mayGoOn reports whether the entry has room for more of mass effects.
func (m *Machine) mayGoOn() bool { return m.out.mass < m.bounds.EventsPerEntry }

// mayMatch reports whether the entry has room for the fills of one more order.
// So an entry has less than twice the fills that an order may have, however
// many commands it holds: a few hundred bytes of orders against an iceberg
// would otherwise come to millions of events, on every node and at each start.
func (m *Machine) mayMatch() bool { return m.out.matched < m.bounds.FillsPerCommand }

// continueWork does one step of the first work item, as a group of its own,
// and reports whether it came to the item's end.
func (m *Machine) continueWork() (done bool) {
	w := m.work[0]
	if w.account == 0 {
		done = m.trigger(w.instrument)
	} else {
		m.out.begin(w.context)
		done = !m.massCancel(&w)
		m.out.end(m.accountName(w.account), m.accounts.Get(w.account).sequence)
	}
	if done {
		m.work = append([]workItem(nil), m.work[1:]...)
	}
	return done
}

// massCancel cancels orders until the entry's budget is spent, closes the step
// with its summary and reports whether orders are left.
func (m *Machine) massCancel(w *workItem) (more bool) {
	cancelled := uint32(0)
	for slot := m.accounts.Get(w.account).first; slot != 0; {
		o := m.orders.cold.Get(slot)
		next := o.next
		if w.matches(o) && m.mayMassCancel(w, o) {
			if !m.mayGoOn() {
				more = true
				break
			}
			m.orders.book.Close(book.Slot(slot))
			m.cancel(slot, event.TypeOrderCancelled, market.StatusCancelled, w.reason)
			cancelled++
			m.out.mass++
		}
		slot = next
	}
	m.out.emit(&event.OrdersCancelled{
		Account: m.accountName(w.account), AccountSequence: m.accounts.Get(w.account).sequence,
		Cancelled: cancelled, Continues: more,
	})
	return more
}

// mayMassCancel: a suspension cancels in every phase, a client only where it
// could cancel the order by itself.
func (m *Machine) mayMassCancel(w *workItem, o *order) bool {
	return w.reason == market.ReasonSuspended || risk.MayCancel(m.instruments.at(o.instrument).image.Phase) == nil
}

// beginWork does the first step of a mass cancel in the open group and leaves
// the rest as a work item.
func (m *Machine) beginWork(w workItem) {
	w.upTo = m.clock.accepted
	w.context = m.out.group().Context
	w.context.Source, w.context.CommandKind = market.SourceSystem, 0
	if m.massCancel(&w) {
		m.work = append(m.work, w)
	}
}

// mustWait reports whether a command comes before the end of a mass cancel
// that goes before it, or could trade in an entry that has its fills. Its id
// stays free: it may come again.
func (m *Machine) mustWait(c *command.Command, about *subject) bool {
	switch c.Body.Kind() {
	case command.KindSuspendAccount, command.KindHaltInstrument, command.KindDeposit:
		return false // what makes the venue safer never waits
	}
	places := c.Body.Kind() == command.KindPlaceOrder || c.Body.Kind() == command.KindAmendOrder
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
