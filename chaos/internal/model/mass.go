package model

import "container/heap"

// massCancel is a cancel-all or a suspension under way: what it is about is
// fixed when it begins, and what it has yet to cancel trades with nobody.
type massCancel struct {
	account     *account
	instruments map[*instrument]bool // nil: all
	side        string               // "": both
	reason      string
	upTo        uint64 // the number of the last order that was there
}

func (m *massCancel) covers(o *order) bool {
	return m != nil && o.number <= m.upTo && (m.instruments == nil || m.instruments[o.instrument]) &&
		(m.side == "" || m.side == o.side)
}

func (v *Venue) cancelAll(c *Command, f *fields) (subject, func() refusal) {
	name, market, side := f.about("account", c, ""), f.text("instrument"), f.oneOf("side", "", "buy", "sell")
	about := v.aboutAccount(name)
	about.instrument = v.instruments[market]
	return about, func() refusal {
		if no := v.opened(name); no != accepted {
			return no
		}
		m := &massCancel{
			account: v.accounts[name], instruments: map[*instrument]bool{}, side: side, reason: "mass_cancel", upTo: v.accepted,
		}
		if c.taken {
			v.takeMarkets(m)
		} else if market != "" {
			if about.instrument == nil {
				return "unknown_instrument"
			}
			if no := mayCancel(about.instrument.phase); no != accepted {
				return no
			}
			m.instruments[about.instrument] = true
		} else {
			for _, i := range v.instruments {
				m.instruments[i] = mayCancel(i.phase) == accepted
			}
		}
		v.begin(m)
		return accepted
	}
}

// takeMarkets lets a cancel-all that was taken from its events be about what
// they say.
func (v *Venue) takeMarkets(m *massCancel) {
	for n := v.entry.at; n < len(v.entry.events) && v.entry.events[n].sameCommand(v.entry.head); n++ {
		if o := v.orders[v.entry.events[n].Aggregate]; o != nil {
			m.instruments[o.instrument] = true
		}
	}
	m.upTo = 0 // it says what it cancels, see step
}

// begin does the first step of a mass cancel.
func (v *Venue) begin(m *massCancel) {
	if m.reason == "suspended" {
		m.account.suspending = m
	} else {
		m.account.cancelling = m
	}
	if goesOn := v.step(m); goesOn && v.entry.mass < v.bounds.EventsPerEntry {
		v.differ(v.sequence, "the mass cancel of %s is cut after %d events of its entry", m.account.name, v.entry.mass)
	}
}

// step cancels what the events say, in their order, as far as it is covered,
// checks what they leave, and reports whether it goes on in another entry.
func (v *Venue) step(m *massCancel) (goesOn bool) {
	var cancelled uint64
	for e := v.next(); e != nil && e.Type == "OrderCancelled"; e = v.next() {
		o := v.orders[e.Aggregate]
		if o == nil || o.account != m.account || !o.isOpen() || m.upTo > 0 && !m.covers(o) {
			v.differ(e.Sequence, "%s is none of the open orders of %s that the mass cancel is about", e.Aggregate, m.account.name)
			return false
		}
		o.takeOut()
		v.cancel(o, "OrderCancelled", "cancelled", m.reason)
		v.entry.mass++
		cancelled++
	}
	e := v.next()
	goesOn = e != nil && e.Data["continues"] == true
	d := map[string]any{"account": m.account.name, "cancelled_count": number(cancelled)}
	if goesOn {
		d["continues"] = true
	}
	for o := range m.account.orders {
		if !goesOn && m.covers(o) && v.entry.diff == nil {
			v.differ(v.sequence+1, "%s is open, and the mass cancel of %s is at its end", o.id, m.account.name)
		}
	}
	if !goesOn {
		if m.reason == "suspended" {
			m.account.suspending = nil
		} else {
			m.account.cancelling = nil
		}
	}
	v.emit("OrdersCancelled", m.account.name, m.account.sequence, d)
	return goesOn
}

// isWithdrawn says why an open order is closed for all that could trade with
// it, though it is yet to be cancelled; "" for all others.
func (v *Venue) isWithdrawn(o *order) string {
	switch {
	case o.expireAt != 0 && o.expireAt <= v.now:
		return o.tif
	case o.account.suspending.covers(o):
		return "suspended"
	case o.account.cancelling.covers(o):
		return "mass_cancel"
	}
	return ""
}

// endWithdrawn ends an order that is withdrawn.
func (v *Venue) endWithdrawn(o *order) {
	why := v.isWithdrawn(o)
	if why == "day" || why == "gtd" {
		v.cancel(o, "OrderExpired", "expired", why)
		return
	}
	v.cancel(o, "OrderCancelled", "cancelled", why)
}

// expiries are the orders that end by themselves, the next one first. What is
// closed or has another time by now is passed over.
type expiries []expiry

type expiry struct {
	at    instant
	order *order
}

func (x expiries) Len() int           { return len(x) }
func (x expiries) Less(i, j int) bool { return x[i].at < x[j].at }
func (x expiries) Swap(i, j int)      { x[i], x[j] = x[j], x[i] }
func (x *expiries) Push(e any)        { *x = append(*x, e.(expiry)) } //nolint:forcetypeassert // only add pushes
func (x *expiries) Pop() any {
	old := *x
	last := old[len(old)-1]
	*x = old[:len(old)-1]
	return last
}

func (x *expiries) add(o *order) { heap.Push(x, expiry{o.expireAt, o}) }

// first is the open order whose time is next, nil if there is none.
func (x *expiries) first() *order {
	for len(*x) > 0 {
		if e := (*x)[0]; e.order.isOpen() && e.order.expireAt == e.at {
			return e.order
		}
		heap.Pop(x)
	}
	return nil
}

// expire ends an order whose time has come.
func (v *Venue) expire() {
	e := v.entry.head
	o := v.orders[e.Aggregate]
	if o == nil || !o.isOpen() || o.expireAt == 0 || o.expireAt > v.now {
		v.differ(e.Sequence, "%s is no open order whose time has come", e.Aggregate)
		return
	}
	v.entry.mass++
	o.takeOut()
	v.cancel(o, "OrderExpired", "expired", o.tif)
}

// noneOverdue: an entry ends all orders whose time has come, unless half of what
// it may have of mass effects is spent on them.
func (v *Venue) noneOverdue() {
	if o := v.due.first(); o != nil && o.expireAt <= v.now && v.entry.mass < max(v.bounds.EventsPerEntry/2, 1) {
		v.differ(v.sequence, "%s is open behind it, and its time came at %s", o.id, o.expireAt.text())
	}
}
