package books

import (
	"sort"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// book is one instrument's depth.
type book struct {
	instrument                  string
	priceDigits, quantityDigits uint8
	bids, asks                  side
}

func (b *book) side(s market.Side) *side {
	if s == market.Buy {
		return &b.bids
	}
	return &b.asks
}

// side is one side's levels, the best last: so that what changes most is
// moved least.
type side struct {
	bids   bool // the highest price is the best
	levels []event.Level
	undo   []change
	keep   int // changes at least, twice as many at most
	// forgotten is the last sequence whose change can no longer be undone.
	forgotten market.Sequence
}

// change is what a level was before a sequence changed it.
type change struct {
	at     market.Sequence
	before event.Level
}

// worse reports whether price a ranks behind price b.
func (s *side) worse(a, b market.Price) bool {
	if s.bids {
		return a < b
	}
	return a > b
}

// add changes a level by a quantity and a number of orders.
func (s *side) add(price market.Price, quantity market.Quantity, orders int32, at market.Sequence) {
	i := sort.Search(len(s.levels), func(i int) bool { return !s.worse(s.levels[i].Price, price) })
	found := i < len(s.levels) && s.levels[i].Price == price
	before := event.Level{Price: price}
	if found {
		before = s.levels[i]
	}
	s.remember(change{at, before})
	after := event.Level{Price: price, Quantity: before.Quantity + quantity, Orders: uint32(int32(before.Orders) + orders)}
	switch {
	case after.Orders == 0 && found:
		s.levels = append(s.levels[:i], s.levels[i+1:]...)
	case found:
		s.levels[i] = after
	case after.Orders > 0:
		s.levels = append(s.levels, event.Level{})
		copy(s.levels[i+1:], s.levels[i:])
		s.levels[i] = after
	}
}

func (s *side) remember(c change) {
	if len(s.undo) == 2*s.keep {
		s.forgotten = s.undo[s.keep-1].at
		s.undo = s.undo[:copy(s.undo, s.undo[s.keep:])]
	}
	s.undo = append(s.undo, c)
}

// forget gives up the undoing of everything at or before a sequence.
func (s *side) forget(through market.Sequence) { s.undo, s.forgotten = nil, through }

// depth returns the best levels as they were at a point, best first.
func (s *side) depth(at market.Sequence, depth int) []event.Level {
	was := s.since(at)
	out := make([]event.Level, 0, min(depth, len(s.levels)+len(was)))
	i := len(s.levels) - 1
	for len(out) < depth && (i >= 0 || len(was) > 0) {
		var l event.Level
		switch {
		case len(was) == 0 || i >= 0 && s.worse(was[0].Price, s.levels[i].Price):
			l, i = s.levels[i], i-1
		default:
			l = was[0]
			if i >= 0 && s.levels[i].Price == l.Price {
				i--
			}
			was = was[1:]
		}
		if l.Orders > 0 {
			out = append(out, l)
		}
	}
	return out
}

// since returns the levels that changed after a point as they were at it, best
// first.
func (s *side) since(at market.Sequence) []event.Level {
	i := sort.Search(len(s.undo), func(i int) bool { return s.undo[i].at > at })
	if i == len(s.undo) {
		return nil
	}
	var was []event.Level
	seen := map[market.Price]bool{}
	for _, c := range s.undo[i:] {
		if !seen[c.before.Price] {
			seen[c.before.Price] = true
			was = append(was, c.before)
		}
	}
	sort.Slice(was, func(i, j int) bool { return s.worse(was[j].Price, was[i].Price) })
	return was
}
