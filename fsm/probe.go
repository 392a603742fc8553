package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// probe says what became of a command id, and changes nothing. Without a
// target it is the barrier of linearizable reads.
func (m *Machine) probe(c *command.Command, p *command.Probe) event.Outcome {
	if p.Target == "" {
		return m.outcome(event.OutcomeBarrier)
	}
	return m.settled(dedup.KeyOf(c.Participant, p.Target))
}

// fence settles a command id for good: one that is known to be executed by its
// outcome, any other as never to be executed from now on. Whether it was before
// it was forgotten is for those to say who keep the events. Its own id is not remembered: a fence sent again finds what
// the first one did. A copy that comes after its deadline only asks, like every
// late copy: whoever sent it may have decided otherwise since.
func (m *Machine) fence(c *command.Command, f *command.Fence) event.Outcome {
	key := dedup.KeyOf(c.Participant, f.Target)
	if o := m.settled(key); o.Kind != event.OutcomeUnseen {
		return o
	}
	switch {
	case m.level() >= levelWorstDay && m.late(c) != nil:
		return m.outcome(event.OutcomeUnseen)
	case m.tooFarAhead(c):
		return m.outcome(event.OutcomeTooFarAhead)
	case !m.roomForFence(c):
		return m.outcome(event.OutcomeThrottled)
	}
	m.remember(c, key, dedup.Record{})
	m.out.begin(contextOf(c))
	m.out.emit(&event.CommandFenced{Participant: c.Participant, Target: f.Target})
	m.endGroup(market.Venue, m.clock.venue)
	return m.outcome(event.OutcomeExecuted)
}

// settled is what is known of an id.
func (m *Machine) settled(key dedup.Key) event.Outcome {
	r, ok := m.ids.find(key)
	switch {
	case !ok:
		return m.outcome(event.OutcomeUnseen)
	case r.Fenced():
		return m.outcome(event.OutcomeFenced)
	}
	o := m.outcome(event.OutcomeRepeat)
	o.First = r.First
	return o
}
