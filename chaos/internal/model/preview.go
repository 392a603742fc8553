package model

import "slices"

// probing leads an order through a copy of the book: how much of it would
// trade, and what that would come to. Nothing changes.
type probing struct {
	order               *order
	traded, decremented Int
	notional, cost      Int
	ends                string  // why the order would have to end
	budget              *budget // nil: the order is for a quantity
}

// budget is what is left of the amount of an order for an amount of quote.
type budget struct {
	left  Int
	spent bool // it does not reach for the next lot
	// met is how much of the own orders behind the last fill it reached for, in
	// the modes that leave it whole: the order is to come to them.
	met Int
}

func (v *Venue) preview(a *arrival, p *probing) *probing {
	levels := *a.order.instrument.book.side(opposite(a.order.side))
	p.order = a.order
	at := -1
	var l *level
	limited := v.walk(a, func() *level {
		if l != nil && len(l.queue) > 0 {
			return l
		}
		if at++; at >= len(levels) {
			return nil
		}
		l = levels[at].copied()
		return l
	}, p)
	if limited {
		p.ends = "fill_limit"
	}
	return p
}

func (l *level) copied() *level {
	c := &level{price: l.price, queue: slices.Clone(l.queue)}
	for n, r := range c.queue {
		one := *r
		c.queue[n] = &one
	}
	return c
}

func (p *probing) withdrawn(*resting) {}

func (p *probing) fill(_ *resting, price, quantity Int) bool {
	b := p.budget
	if b != nil {
		reached := p.reach(price, quantity)
		b.met, b.spent, quantity = Int{}, reached.below(quantity), reached
	}
	if quantity.sign() > 0 {
		n, cost := p.price(price, quantity)
		p.traded, p.notional, p.cost = p.traded.plus(quantity), p.notional.plus(n), p.cost.plus(cost)
		p.spend(cost)
	}
	return b == nil || !b.spent
}

func (p *probing) spend(cost Int) {
	if p.budget != nil {
		p.budget.left = p.budget.left.minus(cost)
	}
}

// price is what a quantity comes to: what a buy pays, or a sell gets. A rebate
// is not counted on.
func (p *probing) price(price, quantity Int) (notional, cost Int) {
	n := p.order.instrument.notional(price, quantity)
	fee := most(charge(n, p.order.takerFee), Int{})
	if p.order.buys() {
		return n, n.plus(fee)
	}
	return n, n.minus(fee)
}

// reach is how much of a quantity at a price the budget covers, in whole steps.
func (p *probing) reach(price, quantity Int) Int {
	covers := func(q Int) bool {
		_, cost := p.price(price, q)
		return !cost.above(p.budget.left)
	}
	if covers(quantity) {
		return quantity
	}
	step := p.order.instrument.step
	low, high, two := Int{}, quantity.down(step), whole(2) // low lots are covered, high are not
	for high.minus(low).above(whole(1)) {
		if middle := low.plus(high).down(two); covers(middle.times(step)) {
			low = middle
		} else {
			high = middle
		}
	}
	return low.times(step)
}

func (p *probing) own(r *resting, price, left Int) (rest, arriving Int, goOn bool) {
	mode, b := p.order.prevention, p.budget
	if mode == "decrement" {
		lots := least(r.left, left)
		if b != nil {
			reached := p.reach(price, lots)
			_, cost := p.price(price, reached)
			p.spend(cost)
			b.spent, lots = reached.below(lots), reached
		}
		p.decremented, left = p.decremented.plus(lots), left.minus(lots)
		if left.isZero() {
			p.ends = "self_trade"
		}
		return r.left.minus(lots), left, p.ends == "" && (b == nil || !b.spent)
	}
	if b != nil {
		if b.met = p.reach(price, r.left); b.met.isZero() {
			b.spent = true
			return r.left, left, false
		}
	}
	if mode != "cancel_oldest" {
		p.ends = "self_trade"
	}
	if mode == "cancel_newest" {
		return r.left, left, false
	}
	return Int{}, left, p.ends == ""
}

// plan is what a market order is about to do, exactly.
type plan struct {
	notional, needs Int
	ends            string // why an amount of quote got no more, "" if it was reached
}

// plan previews a market order, and fixes the quantity of one for an amount
// of quote.
func (v *Venue) plan(o *order) (plan, refusal) {
	a, p := v.arrival(o), &probing{}
	if !o.quote.isZero() {
		a.left, p.budget = boundless(), &budget{left: o.quote}
	}
	v.preview(a, p)
	out := plan{notional: p.notional, needs: p.cost}
	if !o.buys() {
		out.needs = o.instrument.baseUnits(p.traded)
	}
	if p.budget == nil {
		return out, accepted
	}
	if p.budget.spent && p.traded.isZero() && p.decremented.isZero() {
		return plan{}, "notional_too_small"
	}
	o.quantity = p.traded.plus(p.decremented)
	if !p.budget.spent {
		o.quantity = o.quantity.plus(p.budget.met)
	}
	out.ends = v.shortfall(o, p)
	return out, accepted
}

// boundless is more than rests on any side of a book.
func boundless() Int { return maxAmount().times(maxAmount()) }

// shortfall says why an amount of quote was not reached.
func (v *Venue) shortfall(o *order, p *probing) string {
	switch {
	case p.budget.spent || p.budget.left.isZero():
		return ""
	case p.ends != "":
		return p.ends
	}
	unprotected := v.preview(&arrival{order: o, left: boundless()}, &probing{})
	if unprotected.traded.above(p.traded) {
		return "protection"
	}
	return "no_liquidity"
}
