package fsm

import "github.com/rialto-exchange/rialto/fsm/market"

// sessionOrder says which session placed the order in a slot, 0 for none, and
// links the open orders of a session. A venue without FIX orders has none.
type sessionOrder struct{ session, prev, next uint32 }

// list is which of a session's lists an order belongs in.
func (o *order) sessionList() int {
	if o.tif == market.GoodTillCancel {
		return 0
	}
	return 1
}

// openOrders reports whether a session has open orders.
func (s *session) openOrders() bool { return s.lists[0].first != 0 || s.lists[1].first != 0 }

// joinSession remembers which session placed an order that is accepted; its slot
// may have been another's before.
func (m *Machine) joinSession(slot uint32) {
	os, n := m.sessions.orders, m.acting
	if n == 0 {
		if slot < os.Len() && os.Get(slot).session != 0 {
			*os.Mut(slot) = sessionOrder{}
		}
		return
	}
	os.Grow(slot + 1)
	list := &m.sessions.rows.Mut(n).lists[m.orders.cold.Get(slot).sessionList()]
	*os.Mut(slot) = sessionOrder{session: n, prev: list.last}
	if list.last == 0 {
		list.first = slot
	} else {
		os.Mut(list.last).next = slot
	}
	list.last = slot
}

// leaveSession takes a closed order out of its session's list. Whose it was
// stays known until the slot is another's.
func (m *Machine) leaveSession(slot uint32) {
	n := m.sessionOf(slot)
	if n == 0 {
		return
	}
	os := m.sessions.orders
	list := &m.sessions.rows.Mut(n).lists[m.orders.cold.Get(slot).sessionList()]
	o := *os.Get(slot)
	if o.prev == 0 {
		list.first = o.next
	} else {
		os.Mut(o.prev).next = o.next
	}
	if o.next == 0 {
		list.last = o.prev
	} else {
		os.Mut(o.next).prev = o.prev
	}
	*os.Mut(slot) = sessionOrder{session: n}
}

// sessionOf returns the session that placed the order in a slot, 0 for none.
func (m *Machine) sessionOf(slot uint32) uint32 {
	if os := m.sessions.orders; slot < os.Len() {
		return os.Get(slot).session
	}
	return 0
}

// sessionName is the CompID that an order's image says: its session's, while
// that is told of it.
func (m *Machine) sessionName(slot uint32) string {
	n := m.sessionOf(slot)
	if n == 0 || !m.numbers(m.sessions.rows.Get(n)) {
		return ""
	}
	return m.sessions.name(n)
}
