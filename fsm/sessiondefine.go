package fsm

import (
	"iter"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// How participants/define makes, changes and takes away sessions. A CompID
// alone is a session for orders with nothing chosen. Those for market data are
// defined here and live nowhere in the machine.

// maxThrottle is the highest number of messages a second that a session can be
// held to.
const maxThrottle = 60_000

// fixSessions lists the sessions of a definition that live in the machine, those
// that are more than a CompID first.
func fixSessions(b *command.DefineParticipant) []command.FixSession {
	list := make([]command.FixSession, 0, len(b.FixSessions)+len(b.FixCompIDs))
	named := make(map[string]bool, cap(list))
	for _, s := range b.FixSessions {
		named[s.CompID] = true
		if s.Kind != market.SessionMarketData {
			list = append(list, s)
		}
	}
	for _, id := range b.FixCompIDs {
		if !named[id] && id != "" {
			named[id] = true
			list = append(list, command.FixSession{CompID: id, Kind: market.SessionOrderEntry})
		}
	}
	return list
}

// compIDs calls yield with each CompID of a definition; one that is named twice
// comes twice.
func compIDs(b *command.DefineParticipant) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, id := range b.FixCompIDs {
			if !yield(id) {
				return
			}
		}
		for i := range b.FixSessions {
			if !yield(b.FixSessions[i].CompID) {
				return
			}
		}
	}
}

// checkSessions refuses definitions of sessions that make no sense.
func checkSessions(b *command.DefineParticipant) *refusal {
	seen := make(map[string]bool, len(b.FixSessions))
	for i := range b.FixSessions {
		s := &b.FixSessions[i]
		what := checkSession(s)
		if what == "" && seen[s.CompID] {
			what = "is named twice"
		}
		if what != "" {
			return refuse(event.CodeInvalidParameters, "fix_sessions", "%s: %s", s.CompID, what)
		}
		seen[s.CompID] = true
	}
	return nil
}

func checkSession(s *command.FixSession) (what string) {
	switch {
	case !market.ValidID(s.CompID):
		return "comp_id is not a valid id"
	case s.Kind < market.SessionOrderEntry || s.Kind > market.SessionMarketData:
		return "kind is order_entry, drop_copy or market_data"
	case s.Protocol > market.ProtocolFIXT11:
		return "unknown protocol"
	case s.Kind != market.SessionOrderEntry && (s.CancelOnDisconnect || s.CancelOnLogout || s.KeepGTC):
		return "only an order_entry session has orders to cancel"
	case s.Throttle > maxThrottle:
		return "throttle is at most 60000 messages a second"
	case s.HasRoll && s.Roll >= command.SessionDay:
		return "roll is a time of the day"
	case s.TimeDigits != 0 && s.TimeDigits != 3 && s.TimeDigits != 6 && s.TimeDigits != 9:
		return "time_digits is 3, 6 or 9"
	case s.Protocol == market.ProtocolFIX44 && s.TimeDigits > 3:
		return "FIX.4.4 has three digits of time"
	}
	return ""
}

// maySetSessions refuses a definition whose sessions the venue has no room for,
// or that would make another session of one in use. participant is 0 for a new
// one.
func (m *Machine) maySetSessions(b *command.DefineParticipant, participant uint32) *refusal {
	if m.level() < LevelSessions {
		return nil
	}
	if no := checkSessions(b); no != nil {
		return no
	}
	room := maxSessions + 1 - m.sessions.rows.Len()
	for _, d := range fixSessions(b) {
		n := m.sessions.find(d.CompID)
		if n == 0 && room == 0 {
			return refuse(event.CodeVenueFull, "fix_sessions", "the venue has as many FIX sessions as it may")
		}
		if n == 0 {
			room--
		} else if no := m.mayBe(n, &d, participant); no != nil {
			return no
		}
	}
	return nil
}

// mayBe refuses to make another session of one in use.
func (m *Machine) mayBe(n uint32, d *command.FixSession, participant uint32) *refusal {
	s := m.sessions.rows.Get(n)
	switch {
	case d.Kind != s.kind && (s.epoch != 0 || s.nextOut != 1):
		return refuse(event.CodeImmutable, "fix_sessions", "%s is in use as %s", d.CompID, s.kind)
	case s.participant != participant && s.openOrders():
		return refuse(event.CodeHasOpenOrders, "fix_sessions", "%s has open orders of who had it before", d.CompID)
	}
	return nil
}

// movesTouched reports whether a definition gives away a session that the entry
// being applied has reported to: it comes too early, for a block reports to a
// CompID for one participant.
func (m *Machine) movesTouched(b *command.DefineParticipant) bool {
	if len(m.sessions.touched.list) == 0 {
		return false
	}
	self, _ := m.participants.find(b.Participant)
	for id := range compIDs(b) {
		n := m.sessions.find(id)
		if n != 0 && m.sessions.rows.Get(n).participant != self && m.sessions.touched.has(n) {
			return true
		}
	}
	return false
}

// setSessions puts a participant's definition in force: was is the one before
// it.
func (m *Machine) setSessions(participant uint32, was, now *command.DefineParticipant) {
	if m.level() < LevelSessions {
		return
	}
	m.sessions.copies.unlist(participant, was.Accounts)
	kept, list := make(map[string]bool), fixSessions(now)
	for i := range list {
		kept[list[i].CompID] = true
	}
	for _, d := range fixSessions(was) {
		if n := m.sessions.find(d.CompID); n != 0 && !kept[d.CompID] {
			m.withdrawSession(n)
		}
	}
	password := was.FixPasswordHash != "" && was.FixPasswordHash != now.FixPasswordHash
	for i := range list {
		n := m.openSession(&list[i], participant)
		if password && m.sessions.rows.Get(n).has(sessionLive) {
			m.endSession(n, market.SessionEndWithdrawn, 1, "the password was changed")
		}
	}
	m.lapseForMarketData(now)
	m.sessions.copies.list(participant, now.Accounts)
}

// withdrawSession ends a session whose CompID was taken away. Its numbers stay,
// for the day that it is given back, and go on meanwhile (see sessionaway.go).
func (m *Machine) withdrawSession(n uint32) {
	if m.sessions.rows.Get(n).has(sessionLive) {
		m.endSession(n, market.SessionEndWithdrawn, 1, "the CompID was taken away")
	}
	s := m.sessions.rows.Mut(n)
	s.set(sessionWithdrawn, true)
	m.sessions.timers.Clear(rollTimer(n))
	if !m.numbers(s) {
		m.sessions.copies.remove(s.participant, n)
	}
}

// openSession makes a session what its definition says, and returns its number.
func (m *Machine) openSession(d *command.FixSession, participant uint32) uint32 {
	ss := &m.sessions
	if !ss.any() {
		ss.touched.uncopied = true // nothing was numbered until now
	}
	n := uint32(ss.names.Intern(d.CompID))
	ss.rows.Grow(n + 1)
	s := ss.rows.Mut(n)
	switch {
	case s.nextIn == 0:
		s.nextIn, s.nextOut, s.history = 1, 1, m.clock.history
	case s.participant != participant:
		m.resetSession(n, 1, 1)
	}
	if s.kind == market.SessionDropCopy {
		m.dropCopy(n)
	}
	s.participant, s.kind, s.protocol, s.digits, s.throttle = participant, d.Kind, d.Protocol, d.TimeDigits, d.Throttle
	s.set(sessionWithdrawn, false)
	s.set(sessionCancelOnDisconnect, d.CancelOnDisconnect)
	s.set(sessionCancelOnLogout, d.CancelOnLogout)
	s.set(sessionKeepGTC, d.KeepGTC)
	if d.Kind == market.SessionDropCopy {
		ss.copies.add(participant, n)
	}
	switch {
	case s.has(sessionLive):
		m.watch(n)
	case !d.CancelOnDisconnect && !d.CancelOnLogout:
		m.disarm(n)
	}
	m.setRoll(n, d)
	return n
}
