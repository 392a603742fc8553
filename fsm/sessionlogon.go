package fsm

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// aboutSessionOf is what a command about one session is about.
func (m *Machine) aboutSessionOf(compID string) subject {
	return subject{aggregate: market.SessionPrefix + compID, kind: aboutSession, session: m.sessions.find(compID)}
}

// logonSession begins a new epoch of a session, or says why not. What the owner
// of the last one still sends is stale from here on.
func (m *Machine) logonSession(b *command.LogonSession, about *subject) *refusal {
	n := m.sessionFor(b.CompID)
	about.session = n
	if code := m.mayLogOn(n, b); code != event.CodeNone {
		m.refuseLogon(n, b, code)
		return nil
	}
	if m.sessions.rows.Get(n).has(sessionLive) {
		m.endSession(n, market.SessionEndTakenOver, 0, "")
	}
	if b.Reset {
		m.numberReports()
		s := m.sessions.rows.Mut(n)
		s.nextIn, s.nextOut = 1, 1
	}
	number := m.takeSlots(n, 1)
	s := m.sessions.rows.Mut(n)
	s.epoch++
	s.sequence++
	s.history = m.clock.history
	s.owner = uint32(m.sessions.owners.Intern(b.Owner))
	s.heartbeat = b.HeartBtInt
	if b.Number == s.nextIn { // above it, what is missing is asked for
		s.nextIn++
	}
	s.set(sessionLive, true)
	s.set(sessionAnew, false)
	m.watch(n)
	m.out.emit(&event.SessionLoggedOn{
		CompID: b.CompID, Participant: m.participants.at(s.participant).Participant, Kind: s.kind, Epoch: s.epoch,
		Owner: b.Owner, NextIn: s.nextIn, Number: number, HeartBtInt: b.HeartBtInt, Reset: b.Reset,
		NextExpected: b.NextExpected, Sequence: s.sequence,
	})
	return nil
}

// sessionFor returns a CompID's session, 0 if it has none that may log on. One
// that was defined before there were sessions is made now.
func (m *Machine) sessionFor(compID string) uint32 {
	p := m.compIDs[compID]
	if n := m.sessions.find(compID); n != 0 {
		if s := m.sessions.rows.Get(n); p != s.participant || s.has(sessionWithdrawn) {
			return 0
		}
		return n
	}
	if p == 0 || m.sessions.rows.Len() > maxSessions {
		return 0
	}
	list := fixSessions(&m.participants.at(p).DefineParticipant)
	for i := range list {
		if list[i].CompID == compID {
			return m.openSession(&list[i], p)
		}
	}
	return 0
}

// mayLogOn says why a client may not log on, CodeNone if it may.
func (m *Machine) mayLogOn(n uint32, b *command.LogonSession) event.Code {
	if n == 0 {
		return event.CodeSessionUnknown
	}
	switch s := m.sessions.rows.Get(n); {
	case s.has(sessionLive) && b.Takeover != s.epoch:
		return event.CodeSessionActive
	case b.Reset && b.Number != 1, b.Number == 0, b.Number > command.MaxSessionNumber:
		return event.CodeInvalidParameters
	case b.Reset:
		return event.CodeNone
	case m.mustReset(s):
		return event.CodeSessionMustReset
	case b.Number < s.nextIn:
		return event.CodeSessionNumberTooLow
	case s.has(sessionAnew) && b.Number != s.nextIn:
		// A client that goes on in the old numbers would be asked for what is
		// missing, and send orders of before again.
		return event.CodeSessionMustReset
	case b.NextExpected > s.nextOut:
		return event.CodeSessionExpectsTooMuch
	}
	return event.CodeNone
}

// refuseLogon says why. A client that is to be told why takes one of its session's
// numbers for that.
func (m *Machine) refuseLogon(n uint32, b *command.LogonSession, code event.Code) {
	r := &event.SessionRefused{CompID: b.CompID, Code: code}
	if n != 0 {
		if m.tells(m.sessions.rows.Get(n), b, code) {
			r.Slots = 1
		}
		r.Number = m.takeSlots(n, r.Slots)
		s := m.sessions.rows.Get(n)
		r.Owner, r.Epoch, r.NextIn, r.Sequence = m.sessions.ownerName(s.owner), s.epoch, s.nextIn, s.sequence
	}
	m.out.emit(r)
}

// tells reports whether a client can be told why it is refused. There are engines
// that count any Logout as the next number, whatever its own is: one that has not
// seen all that is numbered would never ask for the first of what it misses. So it
// is told if it says that it misses nothing, if there was never anything to miss,
// or if all numbers have to begin anew.
func (m *Machine) tells(s *session, b *command.LogonSession, code event.Code) bool {
	if m.level() < LevelCluster {
		return code == event.CodeSessionNumberTooLow || code == event.CodeSessionExpectsTooMuch
	}
	if code == event.CodeSessionActive {
		return false // its numbers are its owner's
	}
	return m.mustReset(s) || b.NextExpected >= s.nextOut || s.nextOut == 1 && s.history == m.clock.history
}

// endSession ends the epoch of a live session, with slots for what its owner
// still has to say, and arms what cancels its orders.
func (m *Machine) endSession(n uint32, reason market.SessionEnd, slots uint32, text string) {
	number := m.takeSlots(n, slots)
	s := m.sessions.rows.Mut(n)
	s.set(sessionLive, false)
	s.sequence++
	m.armAfter(n, reason)
	m.out.emit(&event.SessionEnded{
		CompID: m.sessions.name(n), Epoch: s.epoch, Owner: m.sessions.ownerName(s.owner), Reason: reason,
		NextIn: s.nextIn, Number: number, Slots: slots, Text: text, Sequence: s.sequence,
	})
}

// resetSession gives a session other numbers. Its client has to know of them
// before it goes on: it logs on with the very next one, or with a reset.
func (m *Machine) resetSession(n uint32, nextIn, nextOut uint64) {
	m.numberReports()
	s := m.sessions.rows.Mut(n)
	s.nextIn, s.nextOut, s.history = nextIn, nextOut, m.clock.history
	s.set(sessionAnew, true)
	s.sequence++
	m.out.emit(&event.SessionReset{CompID: m.sessions.name(n), Epoch: s.epoch, NextIn: nextIn, NextOut: nextOut, Sequence: s.sequence})
}

// reset is an operator's.
func (m *Machine) reset(b *command.ResetSession, about *subject) *refusal {
	n := about.session
	if n == 0 {
		return unknownSession(b.CompID)
	}
	in, out := max(b.NextIn, 1), max(b.NextOut, 1)
	if in > command.MaxSessionNumber || out > command.MaxSessionNumber {
		return refuse(event.CodeInvalidParameters, "session", "numbers are at most %d", uint64(command.MaxSessionNumber))
	}
	if m.sessions.rows.Get(n).has(sessionLive) {
		m.endSession(n, market.SessionEndOperator, 1, "an operator reset the sequence numbers")
	}
	lapsed := m.sessions.rows.Get(n).lapsed()
	m.resetSession(n, in, out)
	if lapsed && m.level() >= LevelCluster {
		m.sessions.rows.Mut(n).history = noHistory
	}
	return nil
}

// logout is an operator's.
func (m *Machine) logout(b *command.LogoutSession, about *subject) *refusal {
	n := about.session
	if n == 0 {
		return unknownSession(b.CompID)
	}
	if !m.sessions.rows.Get(n).has(sessionLive) {
		return refuse(event.CodeSessionNotLoggedOn, "session", "%s is not logged on", b.CompID)
	}
	m.endSession(n, market.SessionEndOperator, 1, b.Text)
	return nil
}

func unknownSession(compID string) *refusal {
	return &refusal{Code: event.CodeSessionUnknown, Rule: "session", Detail: fmt.Sprintf("no session %s", compID)}
}
