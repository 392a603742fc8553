package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// mustWait reports whether a command comes too early: before the end of a mass
// effect that goes before it, or in an entry that has spent its budget of what
// the command needs. Its id stays free: it may come again.
func (m *Machine) mustWait(c *command.Command, about *subject) bool {
	kind := c.Body.Kind()
	switch kind {
	case command.KindSuspendAccount, command.KindHaltInstrument, command.KindDeposit:
		return false // what makes the venue safer never waits
	case command.KindDefineParticipant:
		return m.movesTouched(c.Body.(*command.DefineParticipant))
	case command.KindRedefineParticipant:
		return m.movesTouched(&c.Body.(*command.RedefineParticipant).Definition)
	}
	if m.level() < levelWorstDay {
		return m.mustWaitForAll(c, about)
	}
	switch kind {
	case command.KindCancelOrder:
		return false
	case command.KindCancelAll:
		if !m.mayCancelAll(about.account) {
			return true
		}
	case command.KindCloseAccount:
		if !m.maySearch(about.account) {
			return true
		}
	case command.KindPlaceOrder, command.KindAmendOrder:
		if !m.maySearch(about.account) {
			return true
		}
		if m.couldTrade(c, about) && (m.triggering(about.instrument) || !m.mayFill(about.account)) {
			return true
		}
	}
	if kind == command.KindAmendOrder && about.lookup == orderFound && m.withdrawn(about.order.Slot()) != market.ReasonNone {
		return true // its time has come
	}
	return m.cancelling(about.account)
}

// isPlacement: the kinds of command that can trade.
func isPlacement(k command.Kind) bool {
	return k == command.KindPlaceOrder || k == command.KindAmendOrder
}

// cancelling reports whether a mass cancel of the account goes on.
func (m *Machine) cancelling(account uint32) bool {
	return account != 0 && m.accounts.Get(account).has(accountCancels|accountStops)
}

// mark remembers with the account, and with its orders in an instrument, what a
// mass cancel has yet to go through, and reports whether it is to be queued: an
// account has one mass cancel at a time, for the next has to wait for its end,
// and beside it one suspension. What a cancel-all is about is fixed here, by
// the phases that it begins in: it was acknowledged, so that it is carried
// through whatever phase follows, and does not begin where one allows it later.
func (m *Machine) mark(w *workItem) bool {
	if w.session != 0 {
		m.sessions.rows.Mut(w.session).set(sessionCancels, true)
		return true
	}
	if w.account == 0 {
		m.instruments.at(w.instrument).triggering = true
		return true
	}
	if m.level() < levelWorstDay {
		return true
	}
	a := m.accounts.Mut(w.account)
	switch {
	case w.reason == market.ReasonSuspended:
		first := !a.has(accountStops)
		a.flags |= accountStops
		return first
	default:
		a.flags |= accountCancels
		m.eachWorking(w, func(o *working) {
			if risk.MayCancel(m.instruments.at(o.instrument).image.Phase) == nil {
				o.cancels = sideBit(w.side)
			}
		})
	}
	return true
}

// eachWorking goes through the account's open orders by instrument, those that
// a cancel-all is about.
func (m *Machine) eachWorking(w *workItem, each func(*working)) {
	if w.instrument != 0 {
		each(m.working.records.Mut(m.working.open(w.account, w.instrument)))
		return
	}
	for n := m.accounts.Get(w.account).first; n != 0; n = m.working.records.Get(n).next {
		m.out.steps++
		each(m.working.records.Mut(n))
	}
}

// unmark is for a mass cancel that has come to its end.
func (m *Machine) unmark(w *workItem) {
	if w.session != 0 {
		m.sessions.rows.Mut(w.session).set(sessionCancels, false)
		return
	}
	if w.account == 0 {
		m.instruments.at(w.instrument).triggering = false
		return
	}
	if m.level() < levelWorstDay {
		return
	}
	a := m.accounts.Mut(w.account)
	switch {
	case w.reason == market.ReasonSuspended:
		a.flags &^= accountStops
	default:
		a.flags &^= accountCancels
		m.eachWorking(w, func(o *working) { o.cancels = 0 })
	}
}

// withdrawn says why an open order is closed for all that could trade with it,
// though it is yet to be cancelled: its account's mass cancel goes on, or its
// time has come. ReasonNone is for all others.
func (m *Machine) withdrawn(slot uint32) market.Reason {
	o := m.orders.cold.Get(slot)
	a := m.accounts.Get(o.account)
	switch bit := sideBit(o.side); {
	case o.expireAt != 0 && o.expireAt <= m.clock.now:
		return o.endsWhy()
	case a.has(accountStops):
		return market.ReasonSuspended
	case a.has(accountCancels) && m.workingOf(slot).cancels&bit != 0:
		return market.ReasonMassCancel
	case m.letsGo(slot):
		return market.ReasonDisconnected
	}
	return market.ReasonNone
}

// endWithdrawn ends an order that is withdrawn.
func (m *Machine) endWithdrawn(slot uint32) {
	switch why := m.withdrawn(slot); why {
	case market.ReasonDay, market.ReasonGTD:
		m.cancel(slot, event.TypeOrderExpired, market.StatusExpired, why)
	default:
		m.cancel(slot, event.TypeOrderCancelled, market.StatusCancelled, why)
	}
}
