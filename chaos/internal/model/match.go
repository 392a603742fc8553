package model

// arrival is an order on its way through the other side of the book.
type arrival struct {
	order *order
	limit Int // the worst price, 0: any
	left  Int
}

// meets is what happens when an arriving order meets resting ones. Each returns
// whether it goes on.
type meets interface {
	fill(r *resting, price, quantity Int) bool
	// own is a resting order of the same owner: the mode of the arriving one
	// decides. It returns what remains of both.
	own(r *resting, price, left Int) (resting, arriving Int, goOn bool)
	withdrawn(r *resting)
}

// reaches reports whether an arriving order may trade at a price.
func (a *arrival) reaches(price Int) bool {
	return a.limit.isZero() || !better(opposite(a.order.side), a.limit, price)
}

// walk leads an arriving order through the levels that next gives, best first,
// until nothing of it is left, nothing more is reached or it has to end, and
// says whether it was the bound on fills that ended it. The levels change.
func (v *Venue) walk(a *arrival, next func() *level, m meets) (limited bool) {
	steps := 0
	for l := next(); l != nil && a.reaches(l.price); l = next() {
		for len(l.queue) > 0 {
			if a.left.isZero() {
				return false
			}
			if steps == v.bounds.FillsPerCommand {
				return true
			}
			steps++
			if !v.meet(a, l, m) {
				return false
			}
		}
	}
	return false
}

// meet is the arriving order and the head of a queue.
func (v *Venue) meet(a *arrival, l *level, m meets) (goOn bool) {
	r := l.queue[0]
	pop := func() { l.queue = l.queue[1:] }
	switch {
	case v.isWithdrawn(r.order) != "":
		pop()
		m.withdrawn(r)
		return true
	case r.order.account.self() == a.order.account.self() && a.order.prevention != "none":
		rest, left, goOn := m.own(r, l.price, a.left)
		a.left = left
		if r.reduce(rest); rest.isZero() {
			pop()
		}
		return goOn
	}
	quantity := least(r.shown, a.left)
	a.left = a.left.minus(quantity)
	r.left, r.shown = r.left.minus(quantity), r.shown.minus(quantity)
	switch {
	case r.left.isZero():
		pop()
	case r.shown.isZero():
		pop()
		r.renew()
		l.queue = append(l.queue, r)
	}
	return m.fill(r, l.price, quantity)
}

// matching is what really happens.
type matching struct {
	v     *Venue
	taker *order
	ended string // why the taker has to end
}

// arrive lets an accepted or triggered order trade, and decides on what remains.
func (v *Venue) arrive(o *order) {
	ends := o.ends
	if o.quantity.sign() > 0 {
		a := v.arrival(o)
		levels := o.instrument.book.side(opposite(o.side))
		m := &matching{v: v, taker: o}
		limited := v.walk(a, func() *level {
			for len(*levels) > 0 && len((*levels)[0].queue) == 0 {
				*levels = (*levels)[1:]
			}
			if len(*levels) == 0 {
				return nil
			}
			return (*levels)[0]
		}, m)
		for len(*levels) > 0 && len((*levels)[0].queue) == 0 {
			*levels = (*levels)[1:]
		}
		if !o.isOpen() {
			return
		}
		switch {
		case m.ended != "":
			ends = m.ended
		case limited:
			ends = "fill_limit"
		case a.left.isZero():
		case o.isMarket() && len(*levels) == 0:
			ends = "no_liquidity"
		case o.isMarket():
			ends = "protection"
		case o.rests():
			o.instrument.book.rest(o)
			return
		default:
			ends = "ioc_remainder"
		}
	}
	v.cancel(o, "OrderCancelled", "cancelled", ends)
}

// arrival is an order as it meets the book: with the price that protects it if
// it is a market order.
func (v *Venue) arrival(o *order) *arrival {
	a := &arrival{order: o, limit: o.price, left: o.remaining()}
	if o.isMarket() {
		a.limit = v.protected(o)
		if o.buys() && !o.worst.isZero() && (a.limit.isZero() || a.limit.above(o.worst)) {
			a.limit = o.worst
		}
	}
	return a
}

// protected is the worst price of a market order: so many basis points from the
// best opposite price, rounded towards it; 0 if there is none.
func (v *Venue) protected(o *order) Int {
	best := v.firstMet(&arrival{order: o})
	if best.isZero() {
		return Int{}
	}
	i := o.instrument
	ticks := best.down(i.tick)
	away := ticks.times(i.protection).down(onePart())
	if o.buys() {
		return ticks.plus(away).times(i.tick)
	}
	return most(ticks.minus(away), whole(1)).times(i.tick)
}

// firstMet is the price of the first order that an arriving one would meet, 0
// if it would meet none: withdrawn ones are none.
func (v *Venue) firstMet(a *arrival) Int {
	for _, l := range *a.order.instrument.book.side(opposite(a.order.side)) {
		if !a.reaches(l.price) {
			break
		}
		for _, r := range l.queue {
			if v.isWithdrawn(r.order) == "" {
				return l.price
			}
		}
	}
	return Int{}
}

func (m *matching) withdrawn(r *resting) {
	m.v.entry.fills++
	r.order.resting = nil
	m.v.endWithdrawn(r.order)
}
