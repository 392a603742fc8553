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
	// mass counts those of mass effects, which have a budget, and matched the
	// fills and prevented self-trades of the block.
	mass, matched uint32
	// massLimit and matchLimit are up to how many mass effects may go, at level 1
	// orders too for fills.
	massLimit, matchLimit uint32
	// steps counts what commands looked at without a fill coming of it.
	steps uint32
	// searches are the steps of those who searched much, see countSearch. It is
	// only looked up and cleared, never iterated.
	searches map[uint32]uint32
	// fills are those that each participant's orders made, likewise.
	fills map[uint32]uint32
	// records are those of the whole block; each group's are a part of them.
	// from is where the open group's begin.
	records []event.Record
	from    int
	// changes is memory for the most frequent record: one allocation for many.
	changes []event.OrderChanged
}

// maxChanges keeps that memory within what Go's allocator has size classes for.
const maxChanges = 64

// change returns an empty record that is not used yet.
func (o *outbox) change() *event.OrderChanged {
	if len(o.changes) == 0 {
		o.changes = make([]event.OrderChanged, 4)
	}
	r := &o.changes[0]
	o.changes = o.changes[1:]
	return r
}

// open begins the block of an entry with so many commands.
func (o *outbox) open(b *event.Block, commands int) {
	o.block, o.emitted, o.mass, o.matched, o.steps = b, 0, 0, 0, 0
	clear(o.searches)
	clear(o.fills)
	b.Groups = make([]event.Group, 0, commands)
	o.records = make([]event.Record, 0, commands+commands/2)
	o.changes = make([]event.OrderChanged, min(commands, maxChanges))
}

// close ends the block and keeps nothing of it.
func (o *outbox) close() *event.Block {
	b := o.block
	b.Count = o.emitted
	o.block, o.records, o.changes = nil, nil, nil
	return b
}

// begin opens a group.
func (o *outbox) begin(c event.Context) {
	o.block.Groups = append(o.block.Groups, event.Group{Context: c, First: o.last + 1})
	o.from = len(o.records)
}

// emit adds a record to the open group.
func (o *outbox) emit(r event.Record) {
	g := o.group()
	n := uint32(r.Events())
	o.records = append(o.records, r)
	g.Count += n
	o.emitted += n
	o.last += market.Sequence(n)
}

// end closes the group: what it was about, and its sequence after it.
func (o *outbox) end(aggregate string, sequence uint64) {
	g := o.group()
	g.Aggregate, g.AggregateSequence = aggregate, sequence
	g.Records = o.records[o.from:len(o.records):len(o.records)]
}

func (o *outbox) group() *event.Group { return &o.block.Groups[len(o.block.Groups)-1] }

// contextOf is the context of a command's group.
func contextOf(c *command.Command) event.Context {
	return event.Context{
		CommandKind: uint8(c.Body.Kind()), Source: c.Source,
		Participant: c.Participant, Actor: c.Actor, CommandID: c.ID,
		Label: c.Label, Correlation: c.Correlation, Traceparent: c.Traceparent,
		Session: c.Session,
	}
}
