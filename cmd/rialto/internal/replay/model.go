package replay

import (
	"cmp"
	"slices"
)

// model is the book as the venue must have it after the planned commands:
// price, then time. The planner needs it to know when the venue and the file
// part ways.
type model struct {
	bids, asks []*level // best first
}

// level is one price, its orders in the order of their turn.
type level struct {
	price int64
	queue []*order
}

// order is one order of the file.
type order struct {
	file uint64 // its id in the file
	name string // its client order id at the venue
	// renamed counts how often it had to be placed anew.
	renamed   int
	buy       bool
	price     int64
	total     int64 // as ordered or amended, filled part included
	remaining int64
}

// hit is a part of an order that traded.
type hit struct {
	order *order
	size  int64
}

func (m *model) side(buy bool) *[]*level {
	if buy {
		return &m.bids
	}
	return &m.asks
}

// better orders prices of a side, best first.
func better(buy bool) func(*level, int64) int {
	return func(l *level, price int64) int {
		if buy {
			return cmp.Compare(price, l.price)
		}
		return cmp.Compare(l.price, price)
	}
}

// take trades with the orders opposite to an incoming one, up to its limit.
func (m *model) take(buy bool, limit, size int64) []hit {
	var hits []hit
	opposite := m.side(!buy)
	for size > 0 && len(*opposite) > 0 {
		best := (*opposite)[0]
		if buy && best.price > limit || !buy && best.price < limit {
			break
		}
		o := best.queue[0]
		h := hit{o, min(size, o.remaining)}
		hits = append(hits, h)
		size -= h.size
		o.remaining -= h.size
		if o.remaining == 0 {
			m.leave(o)
		}
	}
	return hits
}

// rest puts an order at the end of its price's queue.
func (m *model) rest(o *order) {
	if o.remaining == 0 {
		return
	}
	side := m.side(o.buy)
	i, found := slices.BinarySearchFunc(*side, o.price, better(o.buy))
	if !found {
		*side = slices.Insert(*side, i, &level{price: o.price})
	}
	l := (*side)[i]
	l.queue = append(l.queue, o)
}

// leave takes an order out of the book.
func (m *model) leave(o *order) {
	side := m.side(o.buy)
	i, found := slices.BinarySearchFunc(*side, o.price, better(o.buy))
	if !found {
		return
	}
	l := (*side)[i]
	if at := slices.Index(l.queue, o); at >= 0 {
		l.queue = slices.Delete(l.queue, at, at+1)
	}
	if len(l.queue) == 0 {
		*side = slices.Delete(*side, i, i+1)
	}
}

// shrink takes size off an order, which keeps its place, or leaves.
func (m *model) shrink(o *order, size int64) {
	size = min(size, o.remaining)
	o.total -= size
	o.remaining -= size
	if o.remaining == 0 {
		m.leave(o)
	}
}

// grow adds size to an order that is still open; it loses its place.
func (m *model) grow(o *order, size int64) {
	m.leave(o)
	o.total += size
	o.remaining += size
	m.rest(o)
}
