package model

// risk is what the rules see of an order, as it would be after the command.
type risk struct {
	order               *order
	amends, heldToLeast bool
	price, stop         Int
	notional, needs     Int
	counted             Int // so much of a buy is among the account's open buys already
}

func (v *Venue) risked(o *order) *risk {
	return &risk{order: o, heldToLeast: true, price: o.price, stop: o.stop}
}

// judge asks the rules, in the order in which clients know them: the first that
// says no names itself. An account that is held to max_orders_per_second has
// the order counted whatever the answer, unless it is that limit's own.
func (v *Venue) judge(r *risk) refusal {
	no := v.rules(r)
	limit, _ := v.inForce(r.order.account, r.order.instrument, "max_orders_per_second")
	if limit.value != nil && no != "risk_max_orders_per_second" {
		r.order.account.pace.add(v.now)
	}
	return no
}

func (v *Venue) rules(r *risk) refusal {
	o, i := r.order, r.order.instrument
	for _, rule := range []func(*risk) refusal{
		func(*risk) refusal { return suspended(o.account) },
		func(*risk) refusal { return mayPlace(i.phase, o.postOnly) },
		leastQuantity, greatestQuantity, leastNotional, priceBand,
		v.limitsThere, v.ordersPerSecond, v.orderQuantity, v.orderNotional, v.openOrders, v.position,
		func(r *risk) refusal {
			if r.needs.above(o.account.in(o.heldIn()).available()) {
				return "insufficient_funds"
			}
			return accepted
		},
	} {
		if no := rule(r); no != accepted {
			return no
		}
	}
	return accepted
}

// reduced is asked of an amend that only makes an order smaller.
func (v *Venue) reduced(r *risk) refusal {
	o := r.order
	for _, no := range []refusal{
		suspended(o.account), mayPlace(o.instrument.phase, o.postOnly), leastQuantity(r), leastNotional(r),
	} {
		if no != accepted {
			return no
		}
	}
	return accepted
}

func suspended(a *account) refusal {
	if a.suspended {
		return "account_suspended"
	}
	return accepted
}

func leastQuantity(r *risk) refusal {
	q := r.order.quantity
	if r.heldToLeast && !q.isZero() && q.below(r.order.instrument.minQuantity) {
		return "quantity_out_of_range"
	}
	return accepted
}

func greatestQuantity(r *risk) refusal {
	top := r.order.instrument.maxQuantity
	if !top.isZero() && r.order.quantity.above(top) {
		return "quantity_out_of_range"
	}
	return accepted
}

// leastNotional: a market order that finds nobody is worth nothing, and
// harmless.
func leastNotional(r *risk) refusal {
	if r.heldToLeast && r.notional.below(r.order.instrument.minNotional) && !(r.notional.isZero() && r.price.isZero()) {
		return "notional_too_small"
	}
	return accepted
}

// priceBand: a limit lies within the band on both sides of the reference; that
// of a stop is judged when it is triggered.
func priceBand(r *risk) refusal {
	if !r.stop.isZero() {
		return accepted
	}
	return r.order.instrument.banded(r.price)
}

func (i *instrument) banded(price Int) refusal {
	if i.band == nil || price.isZero() {
		return accepted
	}
	reference := i.reached()
	if reference.isZero() {
		return "no_reference_price"
	}
	width := reference.times(*i.band).down(onePart())
	if price.above(reference.plus(width)) || price.below(reference.minus(width)) {
		return "price_outside_band"
	}
	return accepted
}

func (v *Venue) limitsThere(r *risk) refusal {
	for _, name := range limitNames() {
		if _, set := v.inForce(r.order.account, r.order.instrument, name); !set {
			return "risk_limit_missing"
		}
	}
	return accepted
}

// above refuses units × 10^-digits above the limit of a name.
func (v *Venue) above(r *risk, name string, units Int, digits int) refusal {
	l, _ := v.inForce(r.order.account, r.order.instrument, name)
	if l.value != nil && l.value.exceeded(units, digits) {
		return refusal("risk_" + name)
	}
	return accepted
}

func (v *Venue) ordersPerSecond(r *risk) refusal {
	recent := r.order.account.pace.recent(v.now)
	return v.above(r, "max_orders_per_second", whole(int64(recent+1)), 0)
}

func (v *Venue) orderQuantity(r *risk) refusal {
	return v.above(r, "max_order_quantity", r.order.quantity, r.order.instrument.quantityDigits)
}

func (v *Venue) orderNotional(r *risk) refusal {
	return v.above(r, "max_order_notional", r.notional, r.order.instrument.quote.scale)
}

func (v *Venue) openOrders(r *risk) refusal {
	if r.amends || !r.order.rests() && r.stop.isZero() {
		return accepted
	}
	return v.above(r, "max_open_orders", whole(int64(len(r.order.account.orders)+1)), 0)
}

// position is what a buy can make of the account's holding of the base.
func (v *Venue) position(r *risk) refusal {
	o, i := r.order, r.order.instrument
	if !o.buys() {
		return accepted
	}
	can := o.account.in(i.base).total.plus(o.account.buying[i.base.name]).
		minus(i.baseUnits(r.counted)).plus(i.baseUnits(o.remaining()))
	return v.above(r, "max_position", can, i.base.scale)
}

// pace is how many orders an account sent of late, by fiftieths of a second of
// venue time: the current one and the 50 before it.
type pace struct {
	slices []paceSlice
}

type paceSlice struct {
	number int64
	orders int
}

const paceUnit = instant(20_000_000) // a fiftieth of a second

func (p *pace) recent(now instant) int {
	oldest, sum := int64(now/paceUnit)-50, 0
	for len(p.slices) > 0 && p.slices[0].number < oldest {
		p.slices = p.slices[1:]
	}
	for _, s := range p.slices {
		sum += s.orders
	}
	return sum
}

func (p *pace) add(now instant) {
	number := int64(now / paceUnit)
	if n := len(p.slices); n > 0 && p.slices[n-1].number == number {
		p.slices[n-1].orders++
		return
	}
	p.slices = append(p.slices, paceSlice{number, 1})
}
