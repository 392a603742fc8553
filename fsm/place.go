package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// placeOrder reads the order, asks every question while a no still leaves
// everything as it was, and then accepts and matches it.
func (m *Machine) placeOrder(b *command.PlaceOrder, about *subject) *refusal {
	if no := m.clientAccount(about.account, b.Account); no != nil {
		return no
	}
	i, no := m.tradable(about.instrument, b.Instrument)
	if no != nil {
		return no
	}
	o, no := m.readOrder(b, about, i)
	if no != nil {
		return no
	}
	key, no := m.freeClientID(o.account, b.ClientOrderID)
	if no != nil {
		return no
	}
	if no := m.admit(&o, i); no != nil {
		return no
	}
	slot := m.accept(&o, b.ClientOrderID, key)
	if o.status == market.StatusPendingTrigger {
		m.arm(slot)
	} else {
		m.run(slot)
	}
	return nil
}

// admit asks risk, funds and book. For an order whose size is an amount of
// quote it fixes the size, and remembers why it is not larger.
func (m *Machine) admit(o *order, i *instrument) *refusal {
	ask := &m.scratch.ask
	*ask = m.risked(o, i, 0)
	plan, no := m.planFills(o, i)
	if no != nil {
		// Nothing is wrong with the market: what every order must be comes first.
		if earlier := m.judge(ask, o.account); earlier != nil {
			return earlier
		}
		return no
	}
	if o.quoteQuantity != 0 {
		*ask = m.risked(o, i, 0) // only now its size is known
	}
	if !o.holds() {
		ask.Notional, ask.Needs = plan.notional, plan.needs
	} else {
		var ok bool
		if ask.Notional, ok = i.notional(o.holdPrice(), o.quantity); !ok {
			return refuse(event.CodeQuantityOutOfRange, "notional", "the venue cannot count what the order is worth")
		}
		if ask.Needs, ok = i.need(o, o.quantity); !ok {
			return refuse(event.CodeQuantityOutOfRange, "notional", "the venue cannot count what the order needs")
		}
	}
	if no := m.judge(ask, o.account); no != nil {
		return no
	}
	o.reason = plan.reason
	return m.bookAdmits(o, i)
}

// bookAdmits asks the book: post-only and fill-or-kill.
func (m *Machine) bookAdmits(o *order, i *instrument) *refusal {
	if o.status == market.StatusPendingTrigger {
		return i.mayWait(o)
	}
	in := &m.scratch.incoming
	*in = m.incoming(o, i)
	no, steps := m.orders.book.Admit(in)
	m.out.steps += steps
	switch no {
	case book.WouldCross:
		return refuse(event.CodeWouldCross, "post_only", "the post-only order would trade at once")
	case book.FOKUnfillable:
		return refuse(event.CodeFOKUnfillable, "fok", "not all of the fill-or-kill order would trade at once")
	}
	return nil
}

// risked is what the rules see of an order, of which so many lots are open
// already.
func (m *Machine) risked(o *order, i *instrument, open book.Lots) risk.Order {
	a := m.accounts.Get(o.account)
	asset := m.holdAsset(o)
	ref := o.base
	if o.side == market.Buy {
		ref = o.quote
	}
	ask := risk.Order{
		Instrument: &i.image, Suspended: a.has(accountSuspended), HeldToLeast: true,
		Side: o.side, PostOnly: o.postOnly != 0,
		Rests: o.rests() || o.stop != 0,
		Price: market.Price(o.price) * i.image.PriceTick, Stop: market.Price(o.stop) * i.image.PriceTick,
		Quantity:  market.Quantity(o.quantity) * i.image.QuantityStep,
		Reference: i.reference(), Open: a.open,
		Available: m.ledger.Get(ref).Available(),
		Asset:     m.assets.at(asset).image.Asset, Digits: m.assets.at(asset).image.Scale,
	}
	ask.Limits = m.scopes(a, i)
	if ask.Limits.InForce(command.MaxPosition).State == command.LimitValue {
		ask.Position = m.position(o, i, open)
	}
	if ask.Limits.InForce(command.MaxOrdersPerSecond).State == command.LimitValue {
		ask.Recent = m.recentOrders(o.account)
	}
	return ask
}

// reference is the last price, before the first trade the declared one.
func (i *instrument) reference() market.Price {
	if i.last != 0 {
		return market.Price(i.last) * i.image.PriceTick
	}
	return i.image.ReferencePrice
}

func lotsWorth(i *instrument, lots book.Lots) market.Amount {
	v, ok := market.Mul(int64(lots), i.step)
	if !ok {
		return ledger.MaxSupply
	}
	return market.Amount(v)
}

// accept opens the order: a slot, a record, its hold, its client id, its
// timer. From here on it exists.
func (m *Machine) accept(o *order, clientID string, key dedup.Key) uint32 {
	slot := uint32(m.orders.book.Open())
	id := m.orders.book.ID(book.Slot(slot))
	m.orders.cold.Grow(slot + 1)
	m.clock.accepted++
	i := m.instruments.at(o.instrument)
	o.base, o.quote = m.ledger.Open(o.account, i.base), m.ledger.Open(o.account, i.quote)
	o.generation, o.number, o.created = id.Generation(), m.clock.accepted, m.clock.now
	if clientID != "" {
		o.setClientID(clientID)
		o.clientRef = m.clientIDs.Add(key, id)
	}
	*m.orders.cold.Mut(slot) = *o
	m.enlist(slot)
	m.joinSession(slot)
	m.setTimer(slot)
	o = m.orders.cold.Get(slot)
	m.changeOrder(event.TypeOrderAccepted, slot, m.hold(o, i.mustNeed(o, o.quantity)))
	return slot
}

// freeClientID makes sure that nobody of the participant uses the client id.
func (m *Machine) freeClientID(account uint32, id string) (dedup.Key, *refusal) {
	if id == "" {
		return dedup.Key{}, nil
	}
	key := m.clientKey(account, id)
	if _, taken := m.clientIDs.Find(key); taken {
		return key, refuse(event.CodeDuplicateClientOrderID, "client_order_id", "%s was used before", id)
	}
	return key, nil
}

// clientKey is whose id it is: the participant's of the account, or the
// account's own if it has none. The prefixes keep the two apart.
func (m *Machine) clientKey(account uint32, id string) dedup.Key {
	if p := m.accounts.Get(account).participant; p != 0 {
		return dedup.KeyOf(m.participants.at(p).Participant, id)
	}
	return dedup.KeyOf("\x01"+m.accountName(account), id)
}
