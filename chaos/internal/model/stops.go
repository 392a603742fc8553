package model

import "slices"

// reached is the last price, before the first trade the declared reference.
func (i *instrument) reached() Int {
	if !i.last.isZero() {
		return i.last
	}
	return i.reference
}

// triggeredBy reports whether a price has reached an order's stop price: a buy
// waits for a higher one, a sell for a lower one.
func (o *order) triggeredBy(price Int) bool {
	if o.buys() {
		return !price.below(o.stop)
	}
	return !price.above(o.stop)
}

// arm lets an order wait for its stop price, behind those that wait for the
// same.
func (b *book) arm(o *order) {
	list := &b.falling
	if o.buys() {
		list = &b.rising
	}
	at, _ := slices.BinarySearchFunc(*list, o, func(other, o *order) int {
		if c := other.stop.cmp(o.stop); c != 0 {
			if o.buys() {
				return c
			}
			return -c
		}
		return -1
	})
	*list = slices.Insert(*list, at, o)
}

func (b *book) disarm(o *order) {
	for _, list := range []*[]*order{&b.rising, &b.falling} {
		if at := slices.Index(*list, o); at >= 0 {
			*list = slices.Delete(*list, at, at+1)
		}
	}
}

// triggered is the next stop that the last price has reached: rising ones
// first, the nearest price, the longest waiting; nil if there is none.
func (i *instrument) triggered() *order {
	if i == nil || i.last.isZero() || i.phase != "continuous" {
		return nil
	}
	for _, list := range [][]*order{i.book.rising, i.book.falling} {
		if len(list) > 0 && list[0].triggeredBy(i.last) {
			return list[0]
		}
	}
	return nil
}

// sharesOfFills: an entry that has made one part in so many of what one order
// may make need not trigger more stops.
const sharesOfFills = 4

// follow triggers the stops that a command's trades have reached, behind it.
// Those that the entry has no room for come first thing in the next.
func (v *Venue) follow(i *instrument) {
	for o := i.triggered(); o != nil && v.entry.diff == nil; o = i.triggered() {
		if !v.nextIsOf(o) {
			if !i.triggering && v.entry.fills < v.bounds.FillsPerCommand/sharesOfFills && v.entry.mass < v.bounds.EventsPerEntry {
				v.differ(v.sequence+1, "the last price of %s has reached the stop %s, which is not triggered", i.name, o.id)
			}
			i.triggering = true
			return
		}
		v.entry.head = &v.entry.events[v.entry.at]
		v.trigger(o)
	}
	if i != nil {
		i.triggering = false
	}
}

// nextIsOf reports whether the next event is the venue's own about an order.
func (v *Venue) nextIsOf(o *order) bool {
	if v.entry.at == len(v.entry.events) {
		return false
	}
	e := &v.entry.events[v.entry.at]
	return e.byVenue() && e.CommandID == "" && e.Aggregate == o.id
}

// trigger makes a stop the order that it waited to be.
func (v *Venue) trigger(o *order) {
	before := v.sequence
	defer func() { v.entry.mass += int(v.sequence - before) }()
	o.instrument.book.disarm(o)
	switch {
	case v.isWithdrawn(o) != "":
		v.endWithdrawn(o)
	case o.instrument.banded(o.price) != accepted:
		v.cancel(o, "OrderRejected", "rejected", "trigger_refused")
	default:
		o.status = "open"
		v.tell("OrderTriggered", o, false)
		v.arrive(o)
	}
}
