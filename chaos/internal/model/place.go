package model

// ask is an orders/place as it was written.
type ask struct {
	instrument                            string
	side, kind, tif, prevention, clientID string
	postOnly                              bool
	quantity, quote, price, stop, display *decimal
	expireAt                              instant
}

func readAsk(f *fields) ask {
	return ask{
		instrument: f.text("instrument"), side: f.oneOf("side", "", "buy", "sell"),
		kind:       f.oneOf("type", "", "limit", "market", "stop", "stop_limit"),
		tif:        f.oneOf("time_in_force", "", "gtc", "day", "ioc", "fok", "gtd"),
		prevention: f.oneOf("self_trade_prevention", "none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement"),
		clientID:   f.text("client_order_id"), postOnly: f.boolean("post_only"),
		quantity: f.decimal("quantity"), quote: f.decimal("quote_quantity"), price: f.decimal("price"),
		stop: f.decimal("stop_price"), display: f.decimal("display_quantity"), expireAt: f.instant("expire_at"),
	}
}

func (v *Venue) placeOrder(c *Command, f *fields) (subject, func() refusal) {
	name, a := f.about("account", c, ""), readAsk(f)
	about := v.aboutAccount(name)
	about.instrument = v.instruments[a.instrument]
	return about, func() refusal {
		if no := v.clients(name); no != accepted {
			return no
		}
		i := about.instrument
		if no := i.tradable(); no != accepted {
			return no
		}
		o := &order{
			account: v.accounts[name], instrument: i, side: a.side, kind: a.kind, tif: a.tif, prevention: a.prevention,
			postOnly: a.postOnly, makerFee: i.makerFee, takerFee: i.takerFee, expireAt: a.expireAt,
		}
		for _, question := range []func() refusal{
			func() refusal { return v.readOrder(o, &a) },
			func() refusal { return v.freeClientID(o.account, a.clientID) },
			func() refusal { return v.admit(o) },
		} {
			if no := question(); no != accepted {
				return no
			}
		}
		v.accept(o, a.clientID)
		return accepted
	}
}

// readOrder reads numbers and checks that they go with type and time in force.
func (v *Venue) readOrder(o *order, a *ask) refusal {
	if a.clientID != "" && !validID(a.clientID) {
		return "invalid_parameters"
	}
	if no := shape(o, a); no != accepted {
		return no
	}
	i := o.instrument
	for _, n := range []struct {
		in    *decimal
		out   *Int
		price bool
	}{{a.price, &o.price, true}, {a.stop, &o.stop, true}, {a.quantity, &o.quantity, false}, {a.display, &o.display, false}} {
		if no := i.read(n.in, n.out, n.price); no != accepted {
			return no
		}
	}
	if a.quote != nil {
		units, exact := a.quote.in(i.quote.scale)
		switch {
		case !exact:
			return "amount_scale"
		case units.sign() <= 0 || !fits(units):
			return "quantity_out_of_range"
		}
		o.quote = units
	}
	if no := v.readExpiry(o); no != accepted {
		return no
	}
	if o.display.above(o.quantity) || o.hidesTooMuch() {
		return "invalid_parameters"
	}
	o.status = "open"
	if waits(o.kind) {
		o.status = "pending_trigger"
		o.worst = i.worst(o)
	}
	return accepted
}

// shape checks that what is there goes together.
func shape(o *order, a *ask) refusal {
	market, wait := o.kind == "market", waits(o.kind)
	if o.side == "" {
		return "invalid_parameters"
	}
	if o.tif == "" {
		if o.tif = "gtc"; market {
			o.tif = "ioc"
		}
	}
	immediate := o.tif == "ioc" || o.tif == "fok"
	if immediate && wait || !immediate && market {
		return "time_in_force_unsupported"
	}
	limited := o.kind == "limit" || o.kind == "stop_limit"
	for _, wrong := range []bool{
		(a.price != nil) != limited,
		(a.stop != nil) != wait,
		a.quote != nil && (!market || o.tif == "fok"),
		(a.quantity != nil) == (a.quote != nil),
		a.display != nil && !o.rests(),
		o.postOnly && (o.kind != "limit" || immediate),
		(a.expireAt != 0) != (o.tif == "gtd"),
	} {
		if wrong {
			return "invalid_parameters"
		}
	}
	return accepted
}

// read reads a price or a quantity if it is there: a whole number of ticks, or
// of steps, above zero.
func (i *instrument) read(in *decimal, out *Int, price bool) refusal {
	if in == nil {
		return accepted
	}
	unit, digits, off, outside := i.step, i.quantityDigits, refusal("quantity_step"), refusal("quantity_out_of_range")
	if price {
		unit, digits, off, outside = i.tick, i.priceDigits, "price_tick", "price_out_of_range"
	}
	units, exact := in.in(digits)
	switch {
	case !exact:
		return off
	case units.above(whole(1<<63 - 1)):
		return outside
	case !unit.divides(units):
		return off
	case units.sign() <= 0 || !fits(units):
		return outside
	}
	*out = units
	return accepted
}

// mostTips is how often an iceberg may show what it shows.
const mostTips = 1000

func (o *order) hidesTooMuch() bool {
	return !o.display.isZero() && o.quantity.above(o.display.times(whole(mostTips)))
}

// readExpiry says when an order ends by itself: day orders at 00:00 UTC.
func (v *Venue) readExpiry(o *order) refusal {
	switch {
	case o.tif == "day":
		o.expireAt = (v.now/day + 1) * day
	case o.tif == "gtd" && o.expireAt <= v.now:
		return "expire_at_in_past"
	}
	return accepted
}

// worst is what a stop without a limit trades at most at: its stop price and
// the protection, in ticks, rounded up.
func (i *instrument) worst(o *order) Int {
	if o.stop.isZero() || !o.price.isZero() {
		return Int{}
	}
	ticks := o.stop.down(i.tick)
	return ticks.plus(ticks.times(i.protection).up(onePart())).times(i.tick)
}

// admit asks risk, funds and book, while a no leaves everything as it was.
func (v *Venue) admit(o *order) refusal {
	r := v.risked(o)
	if !o.holds() {
		plan, no := v.plan(o)
		if no != accepted {
			if earlier := v.judge(r); earlier != accepted {
				return earlier
			}
			return no
		}
		r = v.risked(o) // an amount of quote has become a quantity
		r.notional, r.needs = plan.notional, plan.needs
		o.ends = plan.ends
	} else {
		r.notional, r.needs = o.instrument.notional(o.holdPrice(), o.quantity), o.need(o.quantity)
		if !fits(r.notional, r.needs) {
			return "quantity_out_of_range"
		}
	}
	if no := v.judge(r); no != accepted {
		return no
	}
	return v.bookAdmits(o)
}

// bookAdmits: a post-only order must not trade at once, a fill-or-kill order
// wholly, a stop must wait.
func (v *Venue) bookAdmits(o *order) refusal {
	switch {
	case o.status == "pending_trigger":
		if last := o.instrument.reached(); !last.isZero() && o.triggeredBy(last) {
			return "would_trigger_immediately"
		}
	case o.postOnly && !v.firstMet(v.arrival(o)).isZero():
		return "would_cross"
	case o.tif == "fok" && !v.preview(v.arrival(o), &probing{}).traded.same(o.remaining()):
		return "fok_unfillable"
	}
	return accepted
}

// accept opens an order, and lets it trade or wait.
func (v *Venue) accept(o *order, clientID string) {
	v.accepted++
	o.number, o.created = v.accepted, v.now
	if e := v.next(); e != nil && e.Type == "OrderAccepted" {
		o.id = e.Aggregate
	}
	if _, used := v.orders[o.id]; used || o.id == "" {
		v.differ(v.sequence+1, "the order of %s is to be accepted under an id of its own, and not as %q", o.account.name, o.id)
		return
	}
	v.orders[o.id] = o
	v.giveClientID(o, clientID)
	o.account.orders[o] = true
	o.instrument.open++
	o.countBuy(o.quantity)
	if o.expireAt != 0 {
		v.due.add(o)
	}
	need := o.need(o.quantity)
	o.hold(need)
	v.tell("OrderAccepted", o, !need.isZero())
	if o.status == "pending_trigger" {
		o.instrument.book.arm(o)
	} else {
		v.arrive(o)
	}
}
