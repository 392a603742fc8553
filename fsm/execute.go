package fsm

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
)

// refusal is why a command is not done; it becomes a CommandRejected.
type refusal = risk.Refusal

// refuse makes a refusal by the machine itself; rule names what refused.
func refuse(code event.Code, rule, detail string, args ...any) *refusal {
	return &refusal{Code: code, Rule: rule, Detail: fmt.Sprintf(detail, args...)}
}

// execute does one command, after these questions in this order:
//
//  1. Is who sends it in force? Else it is told nothing.
//  2. Was its id used before? Then the first outcome stands.
//  3. May who sends it do so, is its deadline one that the id outlives, and is
//     there room to remember it? Else nothing happens and the id stays free.
//  4. Is it still in time? Is the aggregate where the client thinks it is?
//  5. Does the venue's own rule for the command allow it?
//
// A no from 4 or 5 is an event and uses up the id.
func (m *Machine) execute(c *command.Command) event.Outcome {
	if c.Session != nil {
		return m.executeInSession(c)
	}
	if !m.inForce(&c.Header) {
		return m.outcome(event.OutcomeForbidden)
	}
	switch b := c.Body.(type) {
	case *command.Probe:
		return m.probe(c, b)
	case *command.Fence:
		return m.fence(c, b)
	case *command.EndSession:
		if m.staleEnd(b) {
			return m.outcome(event.OutcomeSessionStale)
		}
	}
	key := dedup.KeyOf(c.Participant, c.ID)
	if c.ID != "" {
		if r, ok := m.ids.find(key); ok {
			return m.again(r, c.Digest)
		}
	}
	v := m.verbOf(c)
	about := &m.scratch.about
	*about = m.about(c.Body)
	if !m.permitted(c, v, about) {
		return m.outcome(event.OutcomeForbidden)
	}
	if m.tooFarAhead(c) {
		return m.outcome(event.OutcomeTooFarAhead)
	}
	if m.mustWait(c, about) || (c.ID != "" && !m.roomForID(c)) {
		return m.outcome(event.OutcomeThrottled)
	}
	first := m.out.last + 1
	m.out.begin(contextOf(c))
	searched := m.out.steps
	m.decide(c, v, about, nil)
	m.countSearch(about.account, m.out.steps-searched)
	if c.ID != "" {
		m.remember(c, key, dedup.Record{Digest: c.Digest, First: first})
	}
	o := m.outcome(event.OutcomeExecuted)
	m.followTrades(about.instrument)
	return o
}

// verbOf returns how the command is executed.
func (m *Machine) verbOf(c *command.Command) *verb {
	v := &m.verbs[c.Body.Kind()]
	if v.run == nil || m.level() < v.level {
		panic(&Fault{Index: m.clock.index, What: fmt.Sprintf("no verb for command kind %d at level %d", c.Body.Kind(), m.level())})
	}
	return v
}

// decide runs the command in the open group, unless there is a no already, and
// closes the group.
func (m *Machine) decide(c *command.Command, v *verb, about *subject, no *refusal) {
	if no == nil {
		no = m.late(c)
	}
	if no == nil {
		no = m.conflict(c, about)
	}
	if no == nil {
		no = v.run(m, c, about)
	}
	if no != nil {
		current := m.sequenceOf(about)
		m.out.emit(&event.CommandRejected{
			Code: no.Code, Rule: no.Rule, Detail: no.Detail,
			Aggregate: about.aggregate, CurrentSequence: current, Echo: m.echo(c, about),
		})
	}
	m.endGroup(about.aggregate, m.sequenceOf(about))
}

// late says whether the command came after its time.
func (m *Machine) late(c *command.Command) *refusal {
	if c.ValidUntil != 0 && m.clock.now > c.ValidUntil {
		return refuse(event.CodeTooLate, "valid_until", "the command's valid_until has passed")
	}
	if c.Deadline != 0 && m.clock.now > c.Deadline {
		return refuse(event.CodeTooLate, "deadline", "the command was under way for too long")
	}
	return nil
}

// conflict compares the aggregate's sequence with what the client expected.
func (m *Machine) conflict(c *command.Command, about *subject) *refusal {
	if !c.HasExpected || about.passed() && m.level() >= levelWorstDay {
		return nil
	}
	if current := m.sequenceOf(about); current != c.Expected {
		return refuse(event.CodeSequenceConflict, "expected_sequence",
			"expected sequence %d, but it is %d", c.Expected, current)
	}
	return nil
}

func (m *Machine) outcome(kind event.OutcomeKind) event.Outcome {
	return event.Outcome{Kind: kind, Index: m.clock.index, At: m.clock.now, Sequence: m.out.last}
}
