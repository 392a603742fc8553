package fsm

import (
	"fmt"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// auditSessions returns what does not hold of FIX sessions:
//
//	numbers count from 1, and a session that is logged on has had an epoch
//	who is logged on or rolls has not been taken away, and has its timers
//	a session's lists are the open orders that it placed, in the order of
//	acceptance, and no other order was placed by one
//	a mass cancel goes on where a work item says so
//	what is derived of the rows is what they say
func (m *Machine) auditSessions() error {
	ss := &m.sessions
	listed := 0
	for n := uint32(1); n < ss.rows.Len(); n++ {
		if err := m.auditSession(n); err != nil {
			return fmt.Errorf("audit: session %s: %w", ss.name(n), err)
		}
		orders, err := m.auditSessionOrders(n)
		if err != nil {
			return fmt.Errorf("audit: session %s: %w", ss.name(n), err)
		}
		listed += orders
	}
	placed := 0
	for slot := uint32(1); slot < min(ss.orders.Len(), m.orders.cold.Len()); slot++ {
		if ss.orders.Get(slot).session != 0 && m.orders.cold.Get(slot).status.IsOpen() {
			placed++
		}
	}
	if placed != listed {
		return fmt.Errorf("audit: sessions list %d open orders, %d were placed by one", listed, placed)
	}
	return m.auditCopies()
}

func (m *Machine) auditSession(n uint32) error {
	ss := &m.sessions
	s := ss.rows.Get(n)
	live := s.has(sessionLive)
	_, grace := ss.timers.Due(graceTimer(n))
	_, roll := ss.timers.Due(rollTimer(n))
	cancels := slices.ContainsFunc(m.work, func(w workItem) bool { return w.session == n })
	switch {
	case s.nextIn == 0 || s.nextOut == 0:
		return fmt.Errorf("next numbers %d in, %d out", s.nextIn, s.nextOut)
	case live && (s.epoch == 0 || s.owner == 0 && ss.owners.Len() > 0 || s.has(sessionWithdrawn)):
		return fmt.Errorf("it is logged on under epoch %d, flags %b", s.epoch, s.flags)
	case s.participant == 0 || int(s.participant) > len(m.participants.rows):
		return fmt.Errorf("it is participant %d's", s.participant)
	case s.kind != market.SessionOrderEntry && s.kind != market.SessionDropCopy:
		return fmt.Errorf("it is of the kind %s", s.kind)
	case grace != s.has(sessionArmed):
		return fmt.Errorf("flags %b, a grace timer: %v", s.flags, grace)
	case roll != (s.roll != 0 && !s.has(sessionWithdrawn)):
		return fmt.Errorf("rolls at %d, a timer: %v", s.roll, roll)
	case cancels != s.has(sessionCancels):
		return fmt.Errorf("flags %b, a mass cancel: %v", s.flags, cancels)
	case !s.has(sessionWithdrawn) && m.compIDs[ss.name(n)] != s.participant:
		return fmt.Errorf("it is participant %d's, its CompID %d's", s.participant, m.compIDs[ss.name(n)])
	}
	return nil
}

func (m *Machine) auditSessionOrders(n uint32) (count int, err error) {
	for i, list := range m.sessions.rows.Get(n).lists {
		last, number := uint32(0), uint64(0)
		for slot := list.first; slot != 0; slot = m.sessions.orders.Get(slot).next {
			o, in := m.orders.cold.Get(slot), m.sessions.orders.Get(slot)
			if in.session != n || in.prev != last || o.sessionList() != i || !o.status.IsOpen() || o.number <= number {
				return 0, fmt.Errorf("order %s is in a wrong list", m.orderID(slot))
			}
			last, number = slot, o.number
			count++
		}
		if list.last != last {
			return 0, fmt.Errorf("a list ends elsewhere")
		}
	}
	return count, nil
}

// auditCopies compares what is derived with what is made anew.
func (m *Machine) auditCopies() error {
	was := m.sessions.copies
	m.sessions.copies = dropCopies{}
	m.indexCopies()
	now := m.sessions.copies
	m.sessions.copies = was
	same := func(a, b []uint32) bool {
		a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
		return slices.Equal(a, b)
	}
	equal := len(was.of) == len(now.of) && len(was.listed) == len(now.listed)
	for n, p := range m.participants.rows {
		equal = equal && same(was.of[uint32(n+1)], now.of[uint32(n+1)])
		for _, a := range p.Accounts {
			equal = equal && same(was.listed[a], now.listed[a])
		}
	}
	if !equal {
		return fmt.Errorf("audit: drop copies are %v, of the rows %v", was, now)
	}
	return nil
}
