package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// matching books what the book does with an incoming order: it moves the money
// of each fill as it happens and emits its events.
type matching struct {
	m     *Machine
	taker uint32 // slot
	i     *instrument
}

var _ book.Sink = (*matching)(nil)

// run matches the order in a slot, whose record and hold are in place, and
// decides on what remains. It ends with the events of an order that ended.
func (m *Machine) run(slot uint32) {
	o := *m.orders.cold.Get(slot)
	i := m.instruments.mut(o.instrument)
	reason := o.reason
	if o.quantity == 0 {
		m.orders.book.Close(book.Slot(slot))
	} else {
		in, sink := &m.scratch.incoming, &m.scratch.matching
		*in, *sink = m.incoming(&o, i), matching{m: m, taker: slot, i: i}
		before := m.out.matched
		result := m.orders.book.Execute(book.Slot(slot), in, sink)
		m.countFills(o.account, m.out.matched-before)
		if result.Rests || !m.orders.cold.Get(slot).status.IsOpen() {
			return
		}
		if result.Reason != market.ReasonNone {
			reason = result.Reason
		}
	}
	m.cancel(slot, event.TypeOrderCancelled, market.StatusCancelled, reason)
}

// incoming is the order as the book takes it.
func (m *Machine) incoming(o *order, i *instrument) book.Incoming {
	in := book.Incoming{
		Instrument: o.instrument, Owner: m.selfOf(o.account), Limit: o.price,
		Quantity: o.remaining(), Display: o.display, Side: o.side,
		Type: o.orderType, TimeInForce: o.tif, SelfTradePrevention: o.stp,
		PostOnly: o.postOnly != 0, MaxFills: m.bounds.FillsPerCommand,
	}
	if m.level() >= levelWorstDay && m.Pending() {
		in.Withdrawn = m.isWithdrawn
	}
	rule, _ := book.TypeOf(o.orderType)
	if rule.Waits() {
		in.Type = rule.Becomes
		rule, _ = book.TypeOf(in.Type)
		if rule.Immediate() {
			in.TimeInForce = rule.Default
		}
	}
	if rule.Protected() {
		in.Limit = m.protected(&in, i)
		if o.worst != 0 && o.side == market.Buy && (in.Limit == 0 || in.Limit > o.worst) {
			in.Limit = o.worst // a stop holds no more
		}
	}
	return in
}

// protected is the worst price that a market order trades at.
func (m *Machine) protected(in *book.Incoming, i *instrument) book.Ticks {
	limit, steps := m.orders.book.Protection(in, i.image.MarketProtection)
	m.out.steps += steps
	return limit
}

// selfOf is whom self-trade prevention takes an account for: its owner, or
// itself if it has none. Owners and accounts are numbered apart.
func (m *Machine) selfOf(account uint32) uint32 {
	if owner := m.accounts.Get(account).owner; owner != 0 {
		return owner<<1 | 1
	}
	return account << 1
}

// cancel ends an open order that is in no queue any more, frees what it holds
// and emits the event.
func (m *Machine) cancel(slot uint32, t event.Type, status market.OrderStatus, reason market.Reason) {
	o := m.orders.cold.Get(slot)
	need := m.instruments.at(o.instrument).mustNeed(o, o.remaining())
	m.finish(slot, status, reason)
	ref := m.hold(m.orders.cold.Get(slot), -need)
	m.changeOrder(t, slot, ref)
}

// Filled implements book.Sink: one trade.
func (x *matching) Filled(f book.Fill) {
	m, i := x.m, x.i
	m.out.matched++
	maker := f.Maker.Slot()
	visible := makerShows(m.orders.book.Order(f.Slot()), f)
	n := i.mustNotional(f.Price, f.Quantity)
	takerPays, takerFrees := m.side(x.taker, f.Quantity, n, false)
	makerPays, makerFrees := m.side(maker, f.Quantity, n, true)
	takerPays, makerPays = netFees(takerPays, makerPays)
	m.fillOrder(x.taker, f.Quantity, n, takerPays)
	m.fillOrder(maker, f.Quantity, n, makerPays)
	m.clock.trades++
	i.last = f.Price
	i.image.Sequence++
	r := &event.Fill{
		TradeID: market.TradeID(m.clock.trades), InstrumentSequence: i.image.Sequence,
		Price:    market.Price(f.Price) * i.image.PriceTick,
		Quantity: market.Quantity(f.Quantity) * i.image.QuantityStep, Notional: n,
		TakerFee: takerPays, MakerFee: makerPays, FeeAsset: i.image.Quote,
	}
	taker := m.orders.cold.Get(x.taker)
	r.TakerSide = taker.side
	m.image(&r.Taker, x.taker, shown(taker))
	m.image(&r.Maker, maker, visible)
	r.Postings = m.post(i, f.Quantity, n,
		leg{x.taker, takerPays, takerFrees}, leg{maker, makerPays, makerFrees})
	m.out.emit(r)
}

// makerShows is what a maker shows after a fill: an iceberg's tip is renewed
// when it is gone.
func makerShows(before book.Resting, f book.Fill) book.Lots {
	left := before.Shown - f.Quantity
	if left == 0 && before.Display != 0 {
		return min(before.Display, f.Remaining)
	}
	return left
}

// side computes what one order pays as fee for a fill, and by how much its
// hold falls.
func (m *Machine) side(slot uint32, lots book.Lots, n market.Amount, maker bool) (fee, frees market.Amount) {
	o := m.orders.cold.Get(slot)
	i := m.instruments.at(o.instrument)
	rate := o.takerFee
	if maker {
		rate = o.makerFee
	}
	fee = charge(n, rate)
	if !o.holds() {
		return fee, 0
	}
	frees = i.mustNeed(o, o.remaining()) - i.mustNeed(o, o.remaining()-lots)
	if o.side == market.Buy {
		fee = min(fee, frees-n)
	}
	return fee, frees
}

// netFees makes sure that a rebate is paid from the other side's fee. With the
// rates of one definition it always is; an order keeps its own.
func netFees(taker, maker market.Amount) (market.Amount, market.Amount) {
	if taker+maker >= 0 {
		return taker, maker
	}
	if taker < maker {
		return -max(maker, 0), max(maker, 0)
	}
	return max(taker, 0), -max(taker, 0)
}

// fillOrder counts a fill into the order, and ends it when nothing remains
// (but not one that is known to end otherwise, see admit).
func (m *Machine) fillOrder(slot uint32, lots book.Lots, n, fee market.Amount) {
	o := m.touch(slot)
	o.filled += lots
	m.countBuy(o, -lots)
	o.notional = addSaturating(o.notional, n)
	o.fees = addSaturating(o.fees, fee)
	if o.filled < o.quantity || o.reason != market.ReasonNone {
		o.status = market.StatusPartiallyFilled
		return
	}
	m.finish(slot, market.StatusFilled, market.ReasonNone)
}

// leg is one order's part in a trade.
type leg struct {
	slot       uint32
	fee, frees market.Amount
}

// post books a trade: base from seller to buyer, quote from buyer to seller,
// the fees of both to the venue. It returns the postings by account.
func (m *Machine) post(i *instrument, lots book.Lots, n market.Amount, legs ...leg) []event.Posting {
	base := market.Amount(int64(lots) * i.step)
	var entries [5]ledger.Entry
	count := 0
	var fees market.Amount
	for _, l := range legs {
		o := m.orders.cold.Get(l.slot)
		b, q := ledger.Entry{Ref: o.base}, ledger.Entry{Ref: o.quote}
		if o.side == market.Buy {
			b.Delta, q.Delta, q.Hold = base, -n-l.fee, -l.frees
		} else {
			b.Delta, b.Hold, q.Delta = -base, -l.frees, n-l.fee
		}
		entries[count], entries[count+1] = b, q
		count += 2
		fees += l.fee
	}
	var feeRef ledger.Ref
	if fees != 0 {
		feeRef = m.ledger.Open(accountFees, i.quote)
		entries[count] = ledger.Entry{Ref: feeRef, Delta: fees}
		count++
	}
	m.ledger.Post(entries[:count]...)
	return m.postings(i, entries[:4], legs, feeRef, fees)
}

// postings are the events of a trade's legs: one for each account, also when
// both orders are of the same one.
func (m *Machine) postings(i *instrument, entries []ledger.Entry, legs []leg, feeRef ledger.Ref, fees market.Amount) []event.Posting {
	out := make([]event.Posting, 0, 3)
	balances := make([]event.Balance, 0, 5)
	add := func(account uint32, b ...event.Balance) {
		balances = append(balances, b...)
		out = append(out, m.posting(account, balances[len(balances)-len(b):len(balances):len(balances)]...))
	}
	taker, maker := m.orders.cold.Get(legs[0].slot).account, m.orders.cold.Get(legs[1].slot).account
	if taker == maker {
		add(taker, m.balance(entries[0].Ref, i.base, entries[0].Delta+entries[2].Delta),
			m.balance(entries[1].Ref, i.quote, entries[1].Delta+entries[3].Delta))
	} else {
		add(taker, m.balance(entries[0].Ref, i.base, entries[0].Delta), m.balance(entries[1].Ref, i.quote, entries[1].Delta))
		add(maker, m.balance(entries[2].Ref, i.base, entries[2].Delta), m.balance(entries[3].Ref, i.quote, entries[3].Delta))
	}
	if feeRef != 0 {
		add(accountFees, m.balance(feeRef, i.quote, fees))
	}
	return out
}

// SelfTradePrevented implements book.Sink: two orders of one owner met.
func (x *matching) SelfTradePrevented(s book.SelfTrade) {
	m := x.m
	m.out.matched++
	maker := s.Maker.Slot()
	visible := m.orders.book.Order(book.Slot(maker)).Shown
	untraded := min(visible, m.orders.cold.Get(x.taker).remaining())
	var holds []event.Balance
	if s.Decremented > 0 {
		holds = append(m.decrement(holds, x.taker, s.Decremented), m.decrement(nil, maker, s.Decremented)...)
		visible, untraded = min(visible, s.Remaining), s.Decremented
	} else {
		m.touch(x.taker)
		m.touch(maker)
	}
	taker := m.orders.cold.Get(x.taker)
	r := &event.SelfTradePrevented{
		Mode: taker.stp, Quantity: market.Quantity(untraded) * x.i.image.QuantityStep, Holds: holds,
	}
	m.image(&r.Incoming, x.taker, shown(taker))
	m.image(&r.Resting, maker, visible)
	m.out.emit(r)
	if s.Remaining == 0 && s.Decremented == 0 {
		m.cancel(maker, event.TypeOrderCancelled, market.StatusCancelled, market.ReasonSelfTrade)
	}
}

// Withdrawn implements book.Sink: an order that is yet to be cancelled was met.
func (x *matching) Withdrawn(maker book.Slot) {
	x.m.out.matched++
	x.m.endWithdrawn(uint32(maker))
}

// decrement takes lots from an order without a trade, and ends it when nothing
// remains. An order that ends so keeps the quantity that it had.
func (m *Machine) decrement(holds []event.Balance, slot uint32, lots book.Lots) []event.Balance {
	o := m.touch(slot)
	i := m.instruments.at(o.instrument)
	frees := i.mustNeed(o, o.remaining()) - i.mustNeed(o, o.remaining()-lots)
	if o.remaining() > lots {
		o.quantity -= lots
		m.countBuy(o, -lots)
	} else {
		m.finish(slot, market.StatusCancelled, market.ReasonSelfTrade)
	}
	o = m.orders.cold.Get(slot)
	if ref := m.hold(o, -frees); ref != 0 {
		holds = append(holds, m.balance(ref, m.holdAsset(o), 0))
	}
	return holds
}
