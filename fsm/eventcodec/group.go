package eventcodec

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The bits of a group's first number: which texts of the context are there.
const (
	contextParticipant = 1 << iota
	contextActor
	contextCommandID
	contextLabel
	contextCorrelation     // written in full
	contextCorrelationIsID // Correlation = CommandID, as gateways make it
	contextTraceparent
	contextSession
	contextKnown = 1<<iota - 1
)

func contextBits(c *event.Context) uint64 {
	sameID := c.Correlation != "" && c.Correlation == c.CommandID
	return wire.Flag(c.Participant != "", contextParticipant) |
		wire.Flag(c.Actor != "", contextActor) |
		wire.Flag(c.CommandID != "", contextCommandID) |
		wire.Flag(c.Label != "", contextLabel) |
		wire.Flag(c.Correlation != "" && !sameID, contextCorrelation) |
		wire.Flag(sameID, contextCorrelationIsID) |
		wire.Flag(c.Traceparent != "", contextTraceparent) |
		wire.Flag(c.Session != nil, contextSession)
}

// The command id, correlation and traceparent are of this command alone and
// are not remembered as names.
func (e *encoder) context(c *event.Context) {
	bits := contextBits(c)
	e.Uvarint(bits)
	e.Byte(c.CommandKind)
	e.Byte(byte(c.Source))
	e.nameIf(bits&contextParticipant != 0, c.Participant)
	e.nameIf(bits&contextActor != 0, c.Actor)
	e.textIf(bits&contextCommandID != 0, c.CommandID)
	e.nameIf(bits&contextLabel != 0, c.Label)
	e.textIf(bits&contextCorrelation != 0, c.Correlation)
	e.textIf(bits&contextTraceparent != 0, c.Traceparent)
	if c.Session != nil {
		parts.AppendPlace(&e.Writer, c.Session)
	}
}

func (d *decoder) context(c *event.Context) {
	bits := d.Bits(contextKnown)
	c.CommandKind = d.Byte()
	c.Source = market.Source(d.Byte())
	c.Participant = d.nameIf(bits&contextParticipant != 0)
	c.Actor = d.nameIf(bits&contextActor != 0)
	c.CommandID = d.textIf(bits&contextCommandID != 0)
	c.Label = d.nameIf(bits&contextLabel != 0)
	c.Correlation = d.textIf(bits&contextCorrelation != 0)
	if bits&contextCorrelationIsID != 0 {
		c.Correlation = c.CommandID
	}
	c.Traceparent = d.textIf(bits&contextTraceparent != 0)
	if bits&contextSession != 0 {
		c.Session = parts.DecodePlace(&d.Reader)
	}
	if contextBits(c) != bits {
		d.Fail(wire.ErrNotCanonical)
	}
}

func (e *encoder) group(g *event.Group) {
	e.context(&g.Context)
	e.Varint(int64(g.First - e.base.first))
	e.Uvarint(uint64(g.Count))
	e.name(g.Aggregate)
	e.Uvarint(g.AggregateSequence)
	e.Uvarint(uint64(len(g.Records)))
	for _, r := range g.Records {
		e.record(r)
	}
}

func (d *decoder) group(g *event.Group) {
	d.context(&g.Context)
	g.First = d.base.first + market.Sequence(d.Varint())
	g.Count = d.uint32()
	g.Aggregate = d.name()
	g.AggregateSequence = d.Uvarint()
	if n := d.Count(minRecordBytes); n > 0 {
		g.Records = make([]event.Record, n)
	}
	for i := range g.Records {
		if g.Records[i] = d.record(); d.Err() != nil {
			return
		}
	}
}

func (e *encoder) nameIf(present bool, s string) {
	if present {
		e.name(s)
	}
}

func (d *decoder) nameIf(present bool) string {
	if present {
		return d.name()
	}
	return ""
}

func (e *encoder) textIf(present bool, s string) {
	if present {
		e.Text(s)
	}
}

func (d *decoder) textIf(present bool) string {
	if present {
		return d.Text()
	}
	return ""
}
