package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// advanceSessions takes a node's steps, each for itself: one that is stale
// changes nothing and holds up no other.
func (m *Machine) advanceSessions(b *command.AdvanceSessions, _ *subject) *refusal {
	r := &event.SessionsAdvanced{Owner: b.Owner, Steps: make([]event.SessionStepped, len(b.Steps))}
	for i := range b.Steps {
		r.Steps[i] = m.step(b.Owner, &b.Steps[i])
	}
	m.out.emit(r)
	return nil
}

func (m *Machine) step(owner string, step *command.SessionStep) event.SessionStepped {
	out := event.SessionStepped{CompID: step.CompID, Epoch: step.Epoch, Result: event.StepStale}
	n := m.sessions.find(step.CompID)
	if n == 0 {
		return out
	}
	s := m.sessions.rows.Mut(n)
	if out.NextIn = s.nextIn; m.sessions.ownerName(s.owner) != owner || s.epoch != step.Epoch {
		return out
	}
	if !s.has(sessionLive) {
		if m.answersEnd(s, step) {
			s.step(step.From, step.To)
			out.NextIn, out.Result = s.nextIn, event.StepDone
		}
		return out
	}
	if out.Result = s.mayStep(step.From, step.To); out.Result != event.StepDone {
		return out
	}
	s.step(step.From, step.To)
	if step.Vouch {
		m.vouch(s)
	}
	out.NextIn, out.Slots = s.nextIn, min(step.Slots, command.MaxSlots)
	out.Number = m.takeSlots(n, out.Slots)
	return out
}

// answersEnd reports whether a step is the number of a client's Logout that came
// when its epoch had ended: the next one, and no other. It is used up, or the next
// logon would have to ask for it.
func (m *Machine) answersEnd(s *session, step *command.SessionStep) bool {
	return m.level() >= LevelCluster && !s.has(sessionAnew) && step.From == step.To && step.Slots == 0 &&
		s.mayStep(step.From, step.To) == event.StepDone
}

// owns reports whether an epoch is the one that a session is logged on under.
func (m *Machine) owns(s *session, epoch uint64) bool {
	return s.has(sessionLive) && s.epoch == epoch
}

// mayStep says whether inbound numbers are the next ones. To below from is none.
func (s *session) mayStep(from, to uint64) event.StepResult {
	switch {
	case to < from:
		return event.StepDone
	case from < s.nextIn:
		return event.StepPast
	case from > s.nextIn, to > command.MaxSessionNumber:
		return event.StepGap
	}
	return event.StepDone
}

func (s *session) step(from, to uint64) {
	if to >= from {
		s.nextIn = to + 1
	}
}

// staleEnd reports whether the end of an epoch comes when it has ended.
func (m *Machine) staleEnd(b *command.EndSession) bool {
	n := m.sessions.find(b.CompID)
	return n == 0 || !m.owns(m.sessions.rows.Get(n), b.Epoch)
}

// end is the owner's word that an epoch is over. Whatever became of its last
// numbers, it is.
func (m *Machine) end(b *command.EndSession, about *subject) *refusal {
	s := m.sessions.rows.Mut(about.session)
	if s.mayStep(b.From, b.To) == event.StepDone {
		s.step(b.From, b.To)
	}
	m.endSession(about.session, b.Reason, min(b.Slots, command.MaxSlots), b.Text)
	return nil
}
