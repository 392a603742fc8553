package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// workItem is what one entry was too short for: the rest of a mass cancel of an
// account or a FIX session or, without either, of the stops that an instrument's
// last price triggered.
// Items take turns at the start of the following entries, before anything else
// of their account or, for stops, before what could trade in their instrument.
// Others need not wait: an order that is yet to be cancelled trades with nobody,
// see withdrawn.
type workItem struct {
	account    uint32 // 0 = triggered stops, or a session's orders
	session    uint32
	instrument uint32      // 0 = all
	side       market.Side // SideNone = both
	reason     market.Reason
	// upTo is the number of the last order that existed when it began: what is
	// placed later is not meant.
	upTo    uint64
	context event.Context
}

// runMassEffects does, within a part of the entry's budgets, what earlier
// entries left and what has become due. Another part is for what the entry's
// own commands begin: so a cancel-all of ten orders is not behind one of a
// million.
func (m *Machine) runMassEffects() {
	if m.level() < levelWorstDay {
		m.runMassEffectsInOrder()
		return
	}
	budget := m.bounds.EventsPerEntry
	m.limitMassEffects(max(budget/2, 1), m.bounds.FillsPerCommand)
	for m.mayGoOn() && (m.expire() || m.wakeSession()) {
		continue
	}
	m.limitMassEffects(max(budget*3/4, 1), max(m.bounds.FillsPerCommand/2, 1))
	m.takeTurns()
	for m.mayGoOn() && (m.expire() || m.wakeSession()) {
		continue
	}
	m.limitMassEffects(budget, max(m.bounds.FillsPerCommand*3/4, 1))
}

// limitMassEffects says up to how many events and fills of the entry mass
// effects may go.
func (m *Machine) limitMassEffects(events, fills uint32) {
	m.out.massLimit, m.out.matchLimit = events, fills
}

// takeTurns gives each work item the same part of what is left of the budget,
// in turns, until it is spent or nothing is left to do. What is not done goes
// to the end of the queue.
func (m *Machine) takeTurns() {
	limit := m.out.massLimit
	for turns := len(m.work); turns > 0 && m.out.mass < limit; turns-- {
		share := max((limit-m.out.mass)/uint32(turns), 1)
		m.out.massLimit = min(m.out.mass+share, limit)
		w := m.work[0]
		m.work[0] = workItem{}
		m.work = m.work[1:]
		if m.continueWork(&w) {
			m.unmark(&w)
		} else {
			m.work = append(m.work, w)
		}
	}
	m.out.massLimit = limit
}

// mayGoOn reports whether the entry has room for more of mass effects.
func (m *Machine) mayGoOn() bool { return m.out.mass < m.out.massLimit }

// mayMatch reports whether the entry has room for the fills of one more stop, at
// level 1 of one more order. What bounds the rest is in fills.go: a few hundred
// bytes of orders would otherwise come to millions of events, on every node and
// at each start.
func (m *Machine) mayMatch() bool { return m.out.matched < m.out.matchLimit }

// continueWork gives a work item its turn, as a group of its own, and reports
// whether it came to the item's end.
func (m *Machine) continueWork(w *workItem) (done bool) {
	if w.session != 0 {
		return m.continueSession(w)
	}
	if w.account == 0 {
		return m.trigger(w.instrument)
	}
	m.out.begin(w.context)
	done = !m.massCancel(w)
	m.endGroup(m.accountName(w.account), m.accounts.Get(w.account).sequence)
	m.out.mass++ // also a turn that found nothing costs something
	return done
}

// massCancel cancels orders until the budget is spent, closes the step with its
// summary and reports whether orders are left.
func (m *Machine) massCancel(w *workItem) (more bool) {
	var cancelled uint32
	if m.level() < levelWorstDay {
		cancelled, more = m.cancelFromAccount(w)
	} else {
		cancelled, more = m.cancelFromLists(w)
	}
	r := &event.OrdersCancelled{
		Account: m.accountName(w.account), AccountSequence: m.accounts.Get(w.account).sequence,
		Cancelled: cancelled, Continues: more,
	}
	if m.acting != 0 {
		r.Instrument, r.Side = w.instrumentName(m), w.side
	}
	m.out.emit(r)
	return more
}

// cancelFromLists goes through the lists of the instrument, or of all in which
// the account has open orders.
func (m *Machine) cancelFromLists(w *workItem) (cancelled uint32, more bool) {
	n := m.accounts.Get(w.account).first
	if w.instrument != 0 {
		n = m.working.find(w.account, w.instrument)
	}
	for n != 0 && !more {
		list := m.working.records.Get(n)
		next := list.next
		m.out.steps++
		if m.covers(w, list) {
			var some uint32
			some, more = m.cancelFromList(w, n)
			cancelled += some
		}
		if n = next; w.instrument != 0 {
			n = 0
		}
	}
	return cancelled, more
}

func (m *Machine) cancelFromList(w *workItem, n uint32) (cancelled uint32, more bool) {
	for {
		slot := m.oldest(m.working.records.Get(n), w.side)
		if slot == 0 || m.orders.cold.Get(slot).number > w.upTo {
			return cancelled, false
		}
		if !m.mayGoOn() {
			return cancelled, true
		}
		m.out.steps++
		m.cancelOpen(slot, w.reason)
		cancelled++
	}
}

// cancelOpen cancels an order as a mass effect.
func (m *Machine) cancelOpen(slot uint32, reason market.Reason) {
	m.orders.book.Close(book.Slot(slot))
	m.cancel(slot, event.TypeOrderCancelled, market.StatusCancelled, reason)
	m.out.mass++
}

// mayMassCancel: a suspension cancels in every phase, a client only where it
// could cancel the order by itself.
func (m *Machine) mayMassCancel(w *workItem, instrument uint32) bool {
	return w.reason == market.ReasonSuspended || risk.MayCancel(m.instruments.at(instrument).image.Phase) == nil
}

// covers is mayMassCancel for a list of open orders: once a cancel-all is marked,
// the phases that it began in count.
func (m *Machine) covers(w *workItem, list *working) bool {
	if w.reason != market.ReasonSuspended && m.accounts.Get(w.account).has(accountCancels) {
		return list.cancels != 0
	}
	return m.mayMassCancel(w, list.instrument)
}

// instrumentName is the instrument that the item names, "" for all.
func (w *workItem) instrumentName(m *Machine) string {
	if w.instrument == 0 {
		return ""
	}
	return m.instruments.at(w.instrument).image.Instrument
}

// beginWork does the first step of a mass cancel in the open group and leaves
// the rest as a work item.
func (m *Machine) beginWork(w workItem) {
	w.upTo = m.clock.accepted
	w.context = m.out.group().Context
	w.context.Source, w.context.CommandKind = market.SourceSystem, 0
	if m.massCancel(&w) && m.mark(&w) {
		m.work = append(m.work, w)
	}
}
