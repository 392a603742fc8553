package model

// amendment is an orders/amend as it was written.
type amendment struct {
	clientID                       string
	quantity, price, stop, display *decimal
	expireAt                       instant
}

// reference is how amend and cancel name their order: by its id, or by account
// and client_order_id.
type reference struct{ id, account, clientID string }

// readReference takes the reference out of a payload. With an id,
// client_order_id means what the verb says.
func readReference(c *Command, f *fields) reference {
	r := reference{id: f.text("order_id"), account: f.text("account")}
	if r.id == "" && c.Aggregate != r.account {
		r.id = c.Aggregate
	}
	if r.id == "" {
		r.clientID = f.text("client_order_id")
	}
	return r
}

// find returns the order that is meant, nil if there is none, and what the
// command is about.
func (v *Venue) find(r reference) (*order, subject) {
	o := v.orders[r.id]
	if r.id == "" {
		about := v.aboutAccount(r.account)
		a := v.accounts[r.account]
		if a == nil {
			return nil, about
		}
		c := v.findClientID(a, r.clientID)
		if c == nil || c.order == nil || c.order.account != a && !v.forgotten(c.order) {
			return nil, about
		}
		o = c.order
	}
	if o == nil {
		return nil, subject{aggregate: r.id, sequence: func() uint64 { return 0 }}
	}
	return o, subject{
		aggregate: o.id, account: o.account.name, instrument: o.instrument,
		sequence: func() uint64 { return o.sequence },
	}
}

// forgotten reports whether the venue says that it knows nothing of an order
// any more but that it is closed, and so not which of its participant's accounts
// it was.
func (v *Venue) forgotten(o *order) bool {
	e := v.next()
	return !o.isOpen() && forgotten(e) && e.Aggregate == o.id
}

// workable refuses an order that is not there, or closed.
func (o *order) workable() refusal {
	switch {
	case o == nil:
		return "unknown_order"
	case !o.isOpen():
		return "order_closed"
	}
	return accepted
}

func (v *Venue) amendOrder(c *Command, f *fields) (subject, func() refusal) {
	r := readReference(c, f)
	a := amendment{
		clientID: f.text("new_client_order_id"), quantity: f.decimal("quantity"), price: f.decimal("price"),
		stop: f.decimal("stop_price"), display: f.decimal("display_quantity"), expireAt: f.instant("expire_at"),
	}
	if r.id != "" {
		if id := f.text("client_order_id"); id != "" {
			a.clientID = id
		}
	}
	o, about := v.find(r)
	return about, func() refusal {
		if no := o.workable(); no != accepted {
			return no
		}
		next := *o
		for _, question := range []func() refusal{
			func() refusal { return v.readAmendment(&next, &a) },
			func() refusal { return v.freeClientID(o.account, a.clientID) },
			func() refusal { return v.admitAmendment(o, &next) },
		} {
			if no := question(); no != accepted {
				return no
			}
		}
		v.replace(o, &next, a.clientID)
		return accepted
	}
}

func (v *Venue) readAmendment(next *order, a *amendment) refusal {
	was := *next
	switch {
	case a.clientID != "" && !validID(a.clientID),
		a.price != nil && was.price.isZero(),
		a.stop != nil && was.stop.isZero(),
		a.expireAt != 0 && was.tif != "gtd":
		return "invalid_parameters"
	case a.expireAt != 0:
		next.expireAt = a.expireAt
		if no := v.readExpiry(next); no != accepted {
			return no
		}
	}
	i := next.instrument
	for _, n := range []struct {
		in    *decimal
		out   *Int
		price bool
	}{{a.quantity, &next.quantity, false}, {a.price, &next.price, true}, {a.stop, &next.stop, true}, {a.display, &next.display, false}} {
		if no := i.read(n.in, n.out, n.price); no != accepted {
			return no
		}
	}
	enlarged := next.quantity.above(was.quantity) || !next.display.same(was.display)
	switch {
	case a.display != nil && next.display.above(next.quantity),
		enlarged && next.hidesTooMuch(),
		a.stop != nil && next.status != "pending_trigger":
		return "invalid_parameters"
	case next.quantity.below(next.filled):
		return "quantity_below_filled"
	}
	next.worst = i.worst(next)
	return accepted
}

// admitAmendment asks risk, funds and book about the order as it is to be. What
// only makes it smaller is let through as its cancel would be.
func (v *Venue) admitAmendment(was, next *order) refusal {
	r := v.risked(next)
	r.amends, r.counted = true, was.remaining()
	if next.price.same(was.price) {
		r.price = Int{} // the band has judged it already
	}
	if next.status != "pending_trigger" {
		r.stop = Int{}
	}
	r.heldToLeast = !next.remaining().isZero() &&
		!(next.quantity.same(was.quantity) && next.price.same(was.price) && next.stop.same(was.stop))
	after := next.need(next.remaining())
	r.notional = next.instrument.notional(next.holdPrice(), next.quantity)
	r.needs = most(after.minus(was.need(was.remaining())), Int{})
	if next.price.same(was.price) && next.stop.same(was.stop) && next.worst.same(was.worst) &&
		!next.quantity.above(was.quantity) && next.expireAt <= was.expireAt {
		return v.reduced(r)
	}
	if !fits(after, r.notional) {
		return "quantity_out_of_range"
	}
	if no := v.judge(r); no != accepted || next.remaining().isZero() {
		return no
	}
	return v.bookAdmits(next)
}

// replace makes an order what it is to be, and lets it keep or lose its place.
func (v *Venue) replace(o, next *order, clientID string) {
	was := *o
	o.quantity, o.price, o.stop, o.worst = next.quantity, next.price, next.stop, next.worst
	o.display = next.display
	if o.expireAt != next.expireAt {
		o.expireAt = next.expireAt
		v.due.add(o)
	}
	o.hold(o.need(o.remaining()).minus(was.need(was.remaining())))
	o.countBuy(o.remaining().minus(was.remaining()))
	v.giveClientID(o, clientID)
	switch {
	case o.remaining().isZero():
		o.takeOut()
		v.finish(o, "filled", "")
		v.tell("OrderAmended", o, true)
	case o.price.same(was.price) && o.stop.same(was.stop) && o.display.same(was.display) && !o.quantity.above(was.quantity):
		if o.resting != nil {
			o.resting.reduce(o.remaining())
		}
		v.tell("OrderAmended", o, true)
	default:
		waiting := o.status == "pending_trigger"
		o.takeOut()
		v.tell("OrderAmended", o, true)
		if waiting {
			o.instrument.book.arm(o)
		} else {
			v.arrive(o)
		}
	}
}

func (v *Venue) cancelOrder(c *Command, f *fields) (subject, func() refusal) {
	r := readReference(c, f)
	if r.id != "" {
		f.text("client_order_id") // a label of the client's
	}
	o, about := v.find(r)
	return about, func() refusal {
		if no := o.workable(); no != accepted {
			return no
		}
		if no := mayCancel(o.instrument.phase); no != accepted {
			return no
		}
		o.takeOut()
		v.cancel(o, "OrderCancelled", "cancelled", "user")
		return accepted
	}
}
