package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/timers"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Cancel-on-disconnect. A session whose orders are to be cancelled is vouched
// for by its owner each second; from when the last word ceases to hold, or from
// the word that the connection is lost, the grace time runs, and the next logon
// ends it.
//
// Grace timers run in a time of their own, which stands still while the venue
// has no leader, and goes back a little when it has one again: nobody's orders
// are cancelled because we failed over, or before their client could reconnect.
//
//	graceNow = venue time - clock.graceless
const (
	// SessionGrace is how long a session may be without a connection before its
	// orders are cancelled.
	SessionGrace = 5 * market.Nanos(1e9)
	// SessionVouch is how long, from level 4 on, an owner's word holds that it has
	// the connection: longer than from one word to the next (1.2 s) and the log's
	// way of that, so that no orders are cancelled less than the grace time after
	// an owner died with its connections. Before, the grace time began with its
	// last word.
	SessionVouch = 2 * market.Nanos(1e9)
	// reconnectAllowance is what each new leader adds for its clients' way back.
	reconnectAllowance = 2 * market.Nanos(1e9)
)

// graceNow is the time of grace timers.
func (m *Machine) graceNow() market.Nanos { return m.clock.now - m.clock.graceless }

// extendGrace is for the entry that opens a leader's term: the time since the
// last entry counts for no grace timer, and they have a little more. It comes
// before anything is done that is due.
func (m *Machine) extendGrace(commands []*command.Command, before market.Nanos) {
	if m.level() < LevelSessions || len(commands) == 0 {
		return
	}
	if c := commands[0]; c.Body.Kind() == command.KindTermStart && c.Participant == "" && before != 0 {
		m.clock.graceless += m.clock.now - before + reconnectAllowance
	}
}

// graceTimer and rollTimer are a session's timers in its heap.
func graceTimer(n uint32) uint32 { return 2 * n }
func rollTimer(n uint32) uint32  { return 2*n + 1 }

// setSessionTimer sets one of them.
func (m *Machine) setSessionTimer(key uint32, due market.Nanos) {
	m.sessions.timers.Set(timers.Timer{Due: due, Number: uint64(key), Slot: key})
}

// watch begins to watch a session that is logged on, if its choice is that.
func (m *Machine) watch(n uint32) {
	s := m.sessions.rows.Mut(n)
	if s.has(sessionCancelOnDisconnect) {
		m.vouch(s)
		m.armGrace(n)
		return
	}
	m.disarm(n)
}

// vouch takes an owner's word that it has the connection.
func (m *Machine) vouch(s *session) {
	s.vouched = m.graceNow()
	if m.level() >= LevelCluster {
		s.vouched += SessionVouch
	}
}

// armAfter begins the grace time of a session that ends, if its choice is that.
func (m *Machine) armAfter(n uint32, reason market.SessionEnd) {
	s := m.sessions.rows.Mut(n)
	choice := sessionCancelOnDisconnect
	if reason == market.SessionEndLogout || reason == market.SessionEndRolled {
		choice = sessionCancelOnLogout
	}
	if s.has(choice) {
		s.vouched = m.graceNow()
		m.armGrace(n)
		return
	}
	m.disarm(n)
}

func (m *Machine) disarm(n uint32) {
	m.sessions.rows.Mut(n).set(sessionArmed, false)
	m.sessions.timers.Clear(graceTimer(n))
}

func (m *Machine) armGrace(n uint32) {
	s := m.sessions.rows.Mut(n)
	s.set(sessionArmed, true)
	m.setSessionTimer(graceTimer(n), s.vouched+SessionGrace+m.clock.graceless)
}

// sessionDue reports whether a timer of a session has come.
func (m *Machine) sessionDue() bool {
	t, ok := m.sessions.timers.First()
	return ok && t.Due <= m.clock.now
}

// wakeSession does what the first due timer of a session is for, and reports
// whether there was one.
func (m *Machine) wakeSession() bool {
	if !m.sessionDue() {
		return false
	}
	t, _ := m.sessions.timers.First()
	m.sessions.timers.Clear(t.Slot)
	if n := t.Slot / 2; t.Slot == rollTimer(n) {
		m.rollSession(n)
	} else {
		m.graceOver(n)
	}
	m.out.mass++
	return true
}

// graceOver ends a session that nobody vouches for, and begins to cancel its
// orders; one that was vouched for meanwhile goes on.
func (m *Machine) graceOver(n uint32) {
	s := m.sessions.rows.Mut(n)
	if due := s.vouched + SessionGrace; due > m.graceNow() {
		m.setSessionTimer(graceTimer(n), due+m.clock.graceless)
		return
	}
	s.set(sessionArmed, false)
	w := workItem{session: n, reason: market.ReasonDisconnected, upTo: m.clock.accepted, context: event.Context{Source: market.SourceTimer}}
	live := s.has(sessionLive)
	if !live && m.nextToCancel(&w) == 0 {
		return
	}
	m.out.begin(w.context)
	if live {
		m.endSession(n, market.SessionEndSilent, 0, "")
		m.disarm(n)
	}
	if cancelling := s.has(sessionCancels); m.cancelSession(&w) && !cancelling && m.mark(&w) {
		m.work = append(m.work, w)
	}
	m.endGroup(m.aggregateOf(n))
}

func (m *Machine) aggregateOf(n uint32) (string, uint64) {
	return market.SessionPrefix + m.sessions.name(n), m.sessions.rows.Get(n).sequence
}

// nextToCancel returns the first of the orders that a mass cancel of a session
// is about, 0 if there is none.
func (m *Machine) nextToCancel(w *workItem) uint32 {
	s := m.sessions.rows.Get(w.session)
	for i, list := range s.lists {
		if slot := list.first; slot != 0 && m.orders.cold.Get(slot).number <= w.upTo && !(i == 0 && s.has(sessionKeepGTC)) {
			return slot
		}
	}
	return 0
}

// cancelSession cancels a session's orders until the budget is spent, and
// reports whether some are left.
func (m *Machine) cancelSession(w *workItem) (more bool) {
	for {
		slot := m.nextToCancel(w)
		if slot == 0 || !m.mayGoOn() {
			return slot != 0
		}
		m.out.steps++
		m.cancelOpen(slot, w.reason)
	}
}

// continueSession gives the rest of a session's cancels its turn, and reports
// whether it came to its end.
func (m *Machine) continueSession(w *workItem) (done bool) {
	done = true
	if m.nextToCancel(w) != 0 {
		m.out.begin(w.context)
		done = !m.cancelSession(w)
		m.endGroup(m.aggregateOf(w.session))
	}
	m.out.mass++ // also a turn that found nothing costs something
	return done
}

// letsGo reports whether an order is yet to be cancelled for its session.
func (m *Machine) letsGo(slot uint32) bool {
	n := m.sessionOf(slot)
	if n == 0 {
		return false
	}
	s := m.sessions.rows.Get(n)
	return s.has(sessionCancels) && !(s.has(sessionKeepGTC) && m.orders.cold.Get(slot).tif == market.GoodTillCancel)
}

// setRoll sets when a session's numbers begin anew.
func (m *Machine) setRoll(n uint32, d *command.FixSession) {
	s := m.sessions.rows.Mut(n)
	s.roll = 0
	if d.HasRoll {
		s.roll = d.Roll + 1
	}
	m.armRoll(n)
}

// armRoll sets the timer for the next roll.
func (m *Machine) armRoll(n uint32) {
	s := m.sessions.rows.Get(n)
	if s.roll == 0 {
		m.sessions.timers.Clear(rollTimer(n))
		return
	}
	at := market.Nanos(s.roll-1) * 1e9
	due := m.clock.now/day*day + at
	if due <= m.clock.now {
		due += day
	}
	m.setSessionTimer(rollTimer(n), due)
}

// rollSession begins a session's numbers anew.
func (m *Machine) rollSession(n uint32) {
	m.armRoll(n)
	s := m.sessions.rows.Get(n)
	if !s.has(sessionLive) && s.nextIn == 1 && s.nextOut == 1 {
		return
	}
	m.out.begin(event.Context{Source: market.SourceTimer})
	if s.has(sessionLive) {
		m.endSession(n, market.SessionEndRolled, 1, "the session begins anew")
	}
	m.resetSession(n, 1, 1)
	m.endGroup(m.aggregateOf(n))
}
