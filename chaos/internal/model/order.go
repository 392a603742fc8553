package model

// order is an order, open or closed. Quantities and prices are in the units of
// its instrument, amounts in ledger units of the quote.
type order struct {
	id, clientID                string
	account                     *account
	instrument                  *instrument
	side, kind, tif, prevention string
	postOnly                    bool
	quantity, filled, display   Int
	price, stop                 Int // 0: none
	worst                       Int // what a stop without a limit buys at most; 0: none
	quote                       Int // the amount of quote that it is for; 0: none
	notional, fees              Int // of its fills
	makerFee, takerFee          Int // at acceptance
	status, reason              string
	ends                        string // why it will end, decided on arrival; "": not yet known
	sequence, number            uint64
	created, updated, expireAt  instant
	client                      *clientID
	resting                     *resting // nil unless it is in the book
	lean                        bool     // closed, and its numbers are kept no longer
}

func (o *order) buys() bool { return o.side == "buy" }

func (o *order) remaining() Int { return o.quantity.minus(o.filled) }

func (o *order) isOpen() bool {
	switch o.status {
	case "open", "partially_filled", "pending_trigger":
		return true
	}
	return false
}

// waits reports whether the type waits for a stop price.
func waits(kind string) bool { return kind == "stop" || kind == "stop_limit" }

// holds: market orders pay at once and hold nothing; a stop holds from the start.
func (o *order) holds() bool { return o.kind != "market" }

// rests reports whether what does not trade at once goes into the book.
func (o *order) rests() bool {
	return (o.kind == "limit" || o.kind == "stop_limit") && o.tif != "ioc" && o.tif != "fok"
}

// isMarket reports whether it trades as a market order does, now or once it is
// triggered.
func (o *order) isMarket() bool { return o.kind == "market" || o.kind == "stop" }

// holdPrice is the worst price that it can trade at.
func (o *order) holdPrice() Int {
	if !o.price.isZero() {
		return o.price
	}
	return o.worst
}

// charge is the fee of one fill: charges rounded up, rebates down.
func charge(notional, rate Int) Int { return notional.times(rate).up(onePart()) }

// need is what it holds while so much remains: a buy the price and the fee at
// the highest rate that it could be charged, a sell the base.
func (o *order) need(remaining Int) Int {
	switch {
	case !o.holds():
		return Int{}
	case !o.buys():
		return o.instrument.baseUnits(remaining)
	}
	n := o.instrument.notional(o.holdPrice(), remaining)
	return n.plus(charge(n, most(most(o.makerFee, o.takerFee), Int{})))
}

// heldIn is the asset that it holds.
func (o *order) heldIn() *asset {
	if o.buys() {
		return o.instrument.quote
	}
	return o.instrument.base
}

// hold changes what it holds.
func (o *order) hold(change Int) {
	b := o.account.in(o.heldIn())
	b.held = b.held.plus(change)
}

// countBuy counts what open buys can add to their account.
func (o *order) countBuy(change Int) {
	if o.buys() {
		base := o.instrument.base.name
		o.account.buying[base] = o.account.buying[base].plus(o.instrument.baseUnits(change))
	}
}

// touch gives it its next sequence: an event about it follows.
func (v *Venue) touch(o *order) {
	o.sequence++
	o.updated = v.now
}

// data is the order as events and answers show it.
func (o *order) data() map[string]any {
	i := o.instrument
	quantity := func(q Int) string { return q.text(i.quantityDigits) }
	d := map[string]any{
		"order_id": o.id, "account": o.account.name, "instrument": i.name, "side": o.side, "type": o.kind,
		"time_in_force": o.tif, "quantity": quantity(o.quantity), "post_only": o.postOnly,
		"self_trade_prevention": o.prevention, "filled": quantity(o.filled), "filled_notional": o.notional.text(i.quote.scale),
		"remaining": quantity(Int{}), "fees": o.fees.text(i.quote.scale), "status": o.status,
		"aggregate_sequence": number(o.sequence), "created_at": o.created.text(), "updated_at": o.updated.text(),
	}
	if o.clientID != "" {
		d["client_order_id"] = o.clientID
	}
	for name, price := range map[string]Int{"price": o.price, "stop_price": o.stop} {
		if !price.isZero() {
			d[name] = price.text(i.priceDigits)
		}
	}
	if !o.display.isZero() {
		d["display_quantity"] = quantity(o.display)
	}
	if !o.quote.isZero() {
		d["quote_quantity"] = o.quote.text(i.quote.scale)
	}
	if o.expireAt != 0 {
		d["expire_at"] = o.expireAt.text()
	}
	if o.isOpen() {
		d["remaining"] = quantity(o.remaining())
	} else if o.reason != "" {
		d["reason"] = o.reason
	}
	if o.filled.sign() > 0 {
		d["average_price"] = averagePrice(o.notional, i.quote.scale, o.filled, i.quantityDigits, i.priceDigits)
	}
	return d
}

// tell emits an event about an order as it is now; withHold shows the balance
// that it holds from.
func (v *Venue) tell(kind string, o *order, withHold bool) {
	v.touch(o)
	d := map[string]any{"order": o.data()}
	if withHold && o.holds() {
		d["hold"] = balanceData(o.heldIn(), o.account.in(o.heldIn()))
	}
	v.emit(kind, o.id, o.sequence, d)
}

// finish ends an order: what it held must be freed by who calls.
func (v *Venue) finish(o *order, status, reason string) {
	o.countBuy(o.remaining().negative())
	o.status, o.reason = status, reason
	o.instrument.open--
	delete(o.account.orders, o)
	v.entry.closed = append(v.entry.closed, o)
	if o.client != nil {
		o.client.closed = v.now
	}
}

// forget keeps of an order that is closed only whose it was, and its sequence:
// there are many, and nothing happens to them any more.
func (o *order) forget() {
	*o = order{
		id: o.id, account: o.account, instrument: o.instrument, status: o.status, sequence: o.sequence, lean: true,
	}
}

// cancel ends an open order that is in no book any more, frees what it holds
// and says so.
func (v *Venue) cancel(o *order, kind, status, reason string) {
	free := o.need(o.remaining())
	v.finish(o, status, reason)
	o.hold(free.negative())
	v.tell(kind, o, !free.isZero())
}

// takeOut takes an order out of whatever queue it is in.
func (o *order) takeOut() {
	if o.resting != nil {
		o.instrument.book.remove(o)
	} else {
		o.instrument.book.disarm(o)
	}
}

// fits reports whether the venue can count amounts.
func fits(amounts ...Int) bool {
	for _, a := range amounts {
		if a.above(maxAmount()) {
			return false
		}
	}
	return true
}

// clientKey is a participant's id of something; of an account that has no
// participant the account's own.
type clientKey struct{ whose, id string }

// clientID is a client_order_id in use.
type clientID struct {
	order  *order
	closed instant // 0: its order is open, and this is its id
}

// clientIDWindow is how long the id of a closed order is not free again. Then it
// may be, and may be known a while longer.
const clientIDWindow = day

func (a *account) clientKey(id string) clientKey {
	if a.participant != "" {
		return clientKey{"participant " + a.participant, id}
	}
	return clientKey{"account " + a.name, id}
}

// freeClientID refuses the id of another order of the participant.
func (v *Venue) freeClientID(a *account, id string) refusal {
	if id == "" {
		return accepted
	}
	if !validID(id) {
		return "invalid_parameters"
	}
	if v.findClientID(a, id) != nil {
		return "duplicate_client_order_id"
	}
	return accepted
}

func (v *Venue) findClientID(a *account, id string) *clientID {
	c := v.clientIDs[a.clientKey(id)]
	if c == nil || c.closed != 0 && v.now-c.closed > clientIDWindow && !v.stillKnows(c) {
		return nil
	}
	return c
}

// stillKnows reports whether the venue still knows an id that it may have
// forgotten.
func (v *Venue) stillKnows(c *clientID) bool {
	e := v.next()
	return e != nil && (e.Data["code"] == "duplicate_client_order_id" || e.Aggregate == c.order.id)
}

func (v *Venue) giveClientID(o *order, id string) {
	if id == "" {
		return
	}
	if o.client != nil {
		o.client.closed = v.now
	}
	o.clientID, o.client = id, &clientID{order: o}
	v.clientIDs[o.account.clientKey(id)] = o.client
}
