package model

import "slices"

// book is what rests in an instrument, and what waits for a stop price, naively
// in sorted lists.
type book struct {
	bids, asks      []*level // the best first
	rising, falling []*order // buy and sell stops: what is triggered next first
}

// level is a price and its queue.
type level struct {
	price Int
	queue []*resting
}

// resting is an order in a queue: shown is what an iceberg shows of left.
type resting struct {
	order       *order
	left, shown Int
	display     Int // 0: all
}

// side returns the list of a side's levels.
func (b *book) side(side string) *[]*level {
	if side == "buy" {
		return &b.bids
	}
	return &b.asks
}

func opposite(side string) string {
	if side == "buy" {
		return "sell"
	}
	return "buy"
}

// better reports whether a price is better than another for resting orders of
// a side.
func better(side string, a, b Int) bool {
	if side == "buy" {
		return a.above(b)
	}
	return a.below(b)
}

// rest puts what remains of an order at the end of the queue of its price.
func (b *book) rest(o *order) {
	r := &resting{order: o, left: o.remaining(), display: o.display}
	r.renew()
	o.resting = r
	levels := b.side(o.side)
	at, found := slices.BinarySearchFunc(*levels, o.price, func(l *level, price Int) int {
		switch {
		case l.price.same(price):
			return 0
		case better(o.side, l.price, price):
			return -1
		}
		return 1
	})
	if !found {
		*levels = slices.Insert(*levels, at, &level{price: o.price})
	}
	l := (*levels)[at]
	l.queue = append(l.queue, r)
}

// renew shows the next part of an iceberg, all of another order.
func (r *resting) renew() {
	r.shown = r.left
	if !r.display.isZero() {
		r.shown = least(r.display, r.left)
	}
}

// remove takes an order out of its queue.
func (b *book) remove(o *order) {
	levels := b.side(o.side)
	for n, l := range *levels {
		if at := slices.Index(l.queue, o.resting); at >= 0 {
			if l.queue = slices.Delete(l.queue, at, at+1); len(l.queue) == 0 {
				*levels = slices.Delete(*levels, n, n+1)
			}
			break
		}
	}
	o.resting = nil
}

// reduce leaves less of an order, in its place: what is hidden goes first.
func (r *resting) reduce(left Int) {
	r.left, r.shown = left, least(r.shown, left)
}

// Level is a price of a book as a read shows it.
type Level struct {
	Price, Quantity string
	Orders          int
}

// Depth returns the levels of a side, best first, at most so many; false if
// there is no such instrument.
func (v *Venue) Depth(instrument, side string, most int) ([]Level, bool) {
	i := v.instruments[instrument]
	if i == nil {
		return nil, false
	}
	var out []Level
	for _, l := range *i.book.side(side) {
		if len(out) == most {
			break
		}
		var sum Int
		for _, r := range l.queue {
			sum = sum.plus(r.shown)
		}
		out = append(out, Level{l.price.text(i.priceDigits), sum.text(i.quantityDigits), len(l.queue)})
	}
	return out, true
}
