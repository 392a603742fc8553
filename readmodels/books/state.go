package books

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// state is the books of all instruments at one point.
type state struct {
	at      market.Sequence
	numbers map[string]uint32 // of instruments, in books
	books   []*book
	// resting is what each order adds to its level. No pointers: the garbage
	// collector does not look into it.
	resting map[market.OrderID]rest
	keep    int // changes of each side's levels
	// only, when set, is the one instrument that is folded.
	only string
}

// rest is a resting order.
type rest struct {
	price   market.Price
	visible market.Quantity
	book    uint32
	side    market.Side
}

func newState(keep int) *state {
	return &state{keep: keep, numbers: map[string]uint32{}, resting: map[market.OrderID]rest{}}
}

// number returns the number of an instrument's book, which it begins.
func (s *state) number(instrument string, priceDigits, quantityDigits uint8) uint32 {
	n, ok := s.numbers[instrument]
	if !ok {
		n = uint32(len(s.books))
		s.numbers[instrument] = n
		s.books = append(s.books, &book{instrument: instrument, bids: side{bids: true, keep: s.keep}, asks: side{keep: s.keep}})
	}
	b := s.books[n]
	b.priceDigits, b.quantityDigits = priceDigits, quantityDigits
	return n
}

// fold takes in a block.
func (s *state) fold(b *event.Block) { s.foldThrough(b, b.Last()) }

// foldThrough takes in the commands of a block that end at or before a point.
func (s *state) foldThrough(b *event.Block, through market.Sequence) {
	for i := range b.Groups {
		g := &b.Groups[i]
		if g.Last() > through {
			break
		}
		for _, r := range g.Records {
			readmodels.Orders(r, g.Last(), func(o *event.Order, _ event.Type, _ market.Sequence) { s.image(o, g.Last()) })
		}
	}
	s.at = min(b.Last(), through)
}

// image replaces what an order adds to the book.
func (s *state) image(o *event.Order, at market.Sequence) {
	if s.only != "" && o.Instrument != s.only {
		return
	}
	old, was := s.resting[o.ID]
	rests := o.Visible > 0 && o.Status.IsOpen()
	if was && rests && old.price == o.Price && old.visible == o.Visible {
		return
	}
	if was {
		s.books[old.book].side(old.side).add(old.price, -old.visible, -1, at)
	}
	if !rests {
		if was {
			delete(s.resting, o.ID)
		}
		return
	}
	n := s.number(o.Instrument, o.PriceDigits, o.QuantityDigits)
	s.rest(o.ID, rest{o.Price, o.Visible, n, o.Side}, at)
}

func (s *state) rest(id market.OrderID, r rest, at market.Sequence) {
	s.resting[id] = r
	s.books[r.book].side(r.side).add(r.price, r.visible, 1, at)
}

// book returns an instrument's depth at a point that is at most s.at; false if
// the changes since have been forgotten.
func (s *state) book(instrument string, at market.Sequence, depth int) (event.Book, bool) {
	out := event.Book{Instrument: instrument, Sequence: at}
	n, ok := s.numbers[instrument]
	if at > s.at {
		return out, false
	}
	if !ok {
		return out, true
	}
	b := s.books[n]
	if at < b.bids.forgotten || at < b.asks.forgotten {
		return out, false
	}
	out.PriceDigits, out.QuantityDigits = b.priceDigits, b.quantityDigits
	out.Bids = b.bids.depth(at, depth)
	out.Asks = b.asks.depth(at, depth)
	return out, true
}
