package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/timers"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// day is a day of venue time: without a calendar, day orders end at 00:00 UTC.
const day = market.Nanos(24 * 3600 * 1e9)

// readExpiry says when an order ends by itself.
func (m *Machine) readExpiry(o *order) *refusal {
	switch rule, _ := book.RuleOf(o.tif); rule.Ends {
	case book.AtEndOfDay:
		o.expireAt = (m.clock.now/day + 1) * day
	case book.AtExpiry:
		if o.expireAt <= m.clock.now {
			return refuse(event.CodeExpireInPast, "expire_at", "expire_at is not ahead of the venue's time")
		}
	}
	return nil
}

// endsWhy is the reason of an order whose time has come.
func (o *order) endsWhy() market.Reason {
	if rule, _ := book.RuleOf(o.tif); rule.Ends == book.AtEndOfDay {
		return market.ReasonDay
	}
	return market.ReasonGTD
}

// setTimer makes sure that the order ends when it should.
func (m *Machine) setTimer(slot uint32) {
	o := m.orders.cold.Get(slot)
	if o.expireAt != 0 {
		m.timers.Set(timers.Timer{Due: o.expireAt, Number: o.number, Slot: slot})
	}
}

// overdue reports whether an order's time has come and it is still open.
func (m *Machine) overdue() bool {
	t, ok := m.timers.First()
	return ok && t.Due <= m.clock.now
}

// expire ends the first order whose time has come, as a group of its own, and
// reports whether there was one.
func (m *Machine) expire() bool {
	if !m.overdue() {
		return false
	}
	t, _ := m.timers.First()
	reason := m.orders.cold.Get(t.Slot).endsWhy()
	id := m.orderID(t.Slot)
	m.out.begin(event.Context{Source: market.SourceTimer})
	m.orders.book.Close(book.Slot(t.Slot))
	m.cancel(t.Slot, event.TypeOrderExpired, market.StatusExpired, reason)
	m.endGroup(id.String(), m.orders.sequence(id))
	m.out.mass++
	return true
}
