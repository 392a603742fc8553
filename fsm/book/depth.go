package book

import (
	"iter"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// Level is what everybody sees of a price.
type Level struct {
	Price Ticks
	Shown Lots // Σ of what its orders show
	Count uint32
}

// Best returns the best level of a side, and whether there is one.
func (b *Book) Best(instrument uint32, side market.Side) (Level, bool) {
	l := b.ladders.Get(instrument*kinds + uint32(kindOf(side)))
	if l.best == 0 {
		return Level{}, false
	}
	lv := b.level(l.best)
	return Level{lv.price, lv.shown, lv.count}, true
}

// Depth returns the number of levels and orders in a ladder.
func (b *Book) Depth(instrument uint32, kind Kind) (levels, orders int) {
	l := b.ladders.Get(instrument*kinds + uint32(kind))
	return int(l.levels), int(l.orders)
}

// Levels yields the levels of a ladder, best first. The book must not change
// meanwhile.
func (b *Book) Levels(instrument uint32, kind Kind) iter.Seq[Level] {
	return func(yield func(Level) bool) {
		n := instrument*kinds + uint32(kind)
		for i := b.ladders.Get(n).best; i != 0; i = b.worse(n, i) {
			lv := b.level(i)
			if !yield(Level{lv.price, lv.shown, lv.count}) {
				return
			}
		}
	}
}

// Orders yields the orders of a ladder by priority: best price first, then in
// the order of the queue. The book must not change meanwhile.
func (b *Book) Orders(instrument uint32, kind Kind) iter.Seq[Slot] {
	return func(yield func(Slot) bool) {
		n := instrument*kinds + uint32(kind)
		for i := b.ladders.Get(n).best; i != 0; i = b.worse(n, i) {
			for slot := b.level(i).head; slot != 0; slot = b.orders.Get(slot).next {
				if !yield(Slot(slot)) {
					return
				}
			}
		}
	}
}

// First returns the order with the highest priority in a ladder, for loops
// that take orders out as they go (a mass cancel within an entry's budget).
func (b *Book) First(instrument uint32, kind Kind) (Slot, bool) {
	l := b.ladders.Get(instrument*kinds + uint32(kind))
	if l.best == 0 {
		return 0, false
	}
	return Slot(b.level(l.best).head), true
}
