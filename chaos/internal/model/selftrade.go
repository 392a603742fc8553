package model

// own is a self-trade prevented: the arriving order's mode decides.
func (m *matching) own(r *resting, _, _ Int) (rest, left Int, goOn bool) {
	v, taker, maker := m.v, m.taker, r.order
	v.entry.fills++
	untraded := least(r.shown, taker.remaining())
	if taker.prevention == "decrement" {
		lots := least(maker.remaining(), taker.remaining())
		v.decrement(taker, lots)
		v.decrement(maker, lots)
		v.tellPrevented(taker, maker, lots)
		if !maker.isOpen() {
			maker.resting = nil
			return Int{}, m.after(lots), m.goesOn()
		}
		return r.left.minus(lots), m.after(lots), m.goesOn()
	}
	v.touch(taker)
	v.touch(maker)
	v.tellPrevented(taker, maker, untraded)
	rest, left = r.left, taker.remaining()
	if taker.prevention != "cancel_newest" {
		rest, maker.resting = Int{}, nil
		v.cancel(maker, "OrderCancelled", "cancelled", "self_trade")
	}
	if taker.prevention != "cancel_oldest" {
		m.ended = "self_trade"
	}
	return rest, left, m.ended == "" && v.entry.diff == nil
}

// after is what is left of the taker. One that is decremented to nothing keeps
// its quantity: nothing of it is left to trade all the same.
func (m *matching) after(Int) Int {
	if !m.taker.isOpen() {
		return Int{}
	}
	return m.taker.remaining()
}

func (m *matching) goesOn() bool { return m.taker.isOpen() && m.v.entry.diff == nil }

// decrement takes from an order without a trade, and ends it when nothing
// remains; it keeps the quantity that it had then.
func (v *Venue) decrement(o *order, lots Int) {
	v.touch(o)
	frees := o.need(o.remaining()).minus(o.need(o.remaining().minus(lots)))
	if o.remaining().above(lots) {
		o.countBuy(lots.negative())
		o.quantity = o.quantity.minus(lots)
	} else {
		v.finish(o, "cancelled", "self_trade")
	}
	o.hold(frees.negative())
}

func (v *Venue) tellPrevented(taker, maker *order, quantity Int) {
	for _, pair := range [][2]*order{{taker, maker}, {maker, taker}} {
		v.emit("SelfTradePrevented", pair[0].id, pair[0].sequence, map[string]any{
			"order": pair[0].data(), "other_order_id": pair[1].id, "mode": taker.prevention,
			"quantity": quantity.text(taker.instrument.quantityDigits),
		})
	}
}
