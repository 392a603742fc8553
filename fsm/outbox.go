package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// outbox builds the block of the entry that is being applied: groups of
// records, numbered without a gap.
type outbox struct {
	block *event.Block
	// last is the venue's last sequence.
	last market.Sequence
	// emitted counts the events of the block.
	emitted uint32
	// mass counts those of mass effects, which have a budget.
	mass uint32
}

// begin opens a group.
func (o *outbox) begin(c event.Context) {
	o.block.Groups = append(o.block.Groups, event.Group{Context: c, First: o.last + 1})
}

// emit adds a record to the open group.
func (o *outbox) emit(r event.Record) {
	g := o.group()
	n := uint32(r.Events())
	g.Records = append(g.Records, r)
	g.Count += n
	o.emitted += n
	o.last += market.Sequence(n)
}

// end closes the group: what it was about, and its sequence after it.
func (o *outbox) end(aggregate string, sequence uint64) {
	g := o.group()
	g.Aggregate, g.AggregateSequence = aggregate, sequence
}

func (o *outbox) group() *event.Group { return &o.block.Groups[len(o.block.Groups)-1] }

// contextOf is the context of a command's group.
func contextOf(c *command.Command) event.Context {
	return event.Context{
		CommandKind: uint8(c.Body.Kind()), Source: c.Source,
		Participant: c.Participant, Actor: c.Actor, CommandID: c.ID,
		Label: c.Label, Correlation: c.Correlation, Traceparent: c.Traceparent,
	}
}
