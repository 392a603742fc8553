package readmodels

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Records calls yield with each record of a block and the sequence of its
// first event, in order.
func Records(b *event.Block, yield func(g *event.Group, r event.Record, first market.Sequence)) {
	for i := range b.Groups {
		g := &b.Groups[i]
		sequence := g.First
		for _, r := range g.Records {
			yield(g, r, sequence)
			sequence += market.Sequence(r.Events())
		}
	}
}

// Orders calls yield with each order image of a record, the type of the event
// that it follows and that event's sequence.
func Orders(r event.Record, first market.Sequence, yield func(o *event.Order, t event.Type, at market.Sequence)) {
	switch r := r.(type) {
	case *event.OrderChanged:
		yield(&r.Order, r.Type, first)
	case *event.Fill:
		yield(&r.Taker, event.TypeOrderFilled, first+1)
		yield(&r.Maker, event.TypeOrderFilled, first+2)
	case *event.SelfTradePrevented:
		yield(&r.Incoming, event.TypeSelfTradePrevented, first)
		yield(&r.Resting, event.TypeSelfTradePrevented, first+1)
	}
}

// EventAt returns the event with a sequence: ErrBeforeFloor or ErrNotFound if
// there is none.
func EventAt(j Journal, sequence market.Sequence) (event.Public, error) {
	b, err := j.Block(sequence)
	if err != nil {
		return event.Public{}, err
	}
	for i := range b.Groups {
		if g := &b.Groups[i]; sequence <= g.Last() {
			return eventIn(b, g, sequence)
		}
	}
	return event.Public{}, fmt.Errorf("event %d: %w", sequence, ErrNotFound)
}

func eventIn(b *event.Block, g *event.Group, sequence market.Sequence) (event.Public, error) {
	first := g.First
	for _, r := range g.Records {
		next := first + market.Sequence(r.Events())
		if sequence >= first && sequence < next {
			i := int(sequence - first)
			return event.Public{Part: r.Event(i), Sequence: sequence, Block: b, Group: g, Record: r, Index: i}, nil
		}
		first = next
	}
	return event.Public{}, fmt.Errorf("event %d: %w", sequence, ErrNotFound)
}
