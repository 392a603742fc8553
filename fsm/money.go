package fsm

import (
	"math"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// What orders hold and pay, as pure functions.
//
//	notional(p, q) = p × q × unit                exact, see instrument.scale
//	charge(n, r)   = ⌈n × r⌉                      the fee of one fill; r < 0: -⌊n × -r⌋
//	need(buy)      = notional(limit, remaining) + ⌈notional × highest rate⌉
//	need(sell)     = remaining × step
//
// A fill at or below the limit lowers need by at least its notional, and by
// what is left of that its fee is bounded: rounding each fill up may otherwise
// come to a few ledger units more than was held. So what is charged is never
// above what was held:
//
//	fee = min(⌈n × r⌉, released - n)             for buys with a hold

// notional returns what lots are worth at a price, and whether the venue can
// count that much.
func (i *instrument) notional(price book.Ticks, lots book.Lots) (market.Amount, bool) {
	perLot, ok := market.Mul(int64(price), i.unit)
	if !ok {
		return 0, false
	}
	v, ok := market.Mul(perLot, int64(lots))
	return market.Amount(v), ok && v <= int64(ledger.MaxSupply)
}

// mustNotional is notional where acceptance has made sure that it fits.
func (i *instrument) mustNotional(price book.Ticks, lots book.Lots) market.Amount {
	v, ok := i.notional(price, lots)
	if !ok {
		panic("fsm: notional of an accepted order overflows")
	}
	return v
}

// charge is the fee of one fill at a rate in BasisPoints: rounded up if it is
// paid, down if it is received.
func charge(notional market.Amount, rate int32) market.Amount {
	if rate == 0 {
		return 0
	}
	if rate < 0 {
		q, _, _ := market.MulDiv(int64(notional), -int64(rate), market.BasisPointsOne)
		return -market.Amount(q)
	}
	q, r, _ := market.MulDiv(int64(notional), int64(rate), market.BasisPointsOne)
	if r != 0 {
		q++
	}
	return market.Amount(q)
}

// highestRate is the most that the order could be charged.
func (o *order) highestRate() int32 { return max(o.makerFee, o.takerFee, 0) }

// holds reports whether the order holds funds at all: market orders pay at
// once, and what waits for a trigger holds as what it will become.
func (o *order) holds() bool {
	rule, _ := book.TypeOf(o.orderType)
	return !rule.Immediate()
}

// need returns what the order must hold with so much remaining, and whether
// the venue can count that much.
func (i *instrument) need(o *order, remaining book.Lots) (market.Amount, bool) {
	if !o.holds() {
		return 0, true
	}
	if o.side == market.Sell {
		v, ok := market.Mul(int64(remaining), i.step)
		return market.Amount(v), ok && v <= int64(ledger.MaxSupply)
	}
	n, ok := i.notional(o.holdPrice(), remaining)
	if !ok {
		return 0, false
	}
	fee := charge(n, o.highestRate())
	return n + fee, fee <= ledger.MaxSupply-n
}

// holdPrice is the worst price that the order can trade at, for a buy.
func (o *order) holdPrice() book.Ticks {
	if o.price != 0 {
		return o.price
	}
	return o.worst
}

// worstPrice is what a stop without a limit buys at most: its trigger price
// and the protection above it.
func (i *instrument) worstPrice(o *order) book.Ticks {
	if o.stop == 0 || o.price != 0 {
		return 0
	}
	away, r, ok := market.MulDiv(int64(o.stop), int64(i.image.MarketProtection), market.BasisPointsOne)
	if r != 0 {
		away++
	}
	if !ok || away > math.MaxInt64-int64(o.stop) {
		return math.MaxInt64
	}
	return o.stop + book.Ticks(away)
}

// mustNeed is need where acceptance has made sure that it fits.
func (i *instrument) mustNeed(o *order, remaining book.Lots) market.Amount {
	v, ok := i.need(o, remaining)
	if !ok {
		panic("fsm: need of an accepted order overflows")
	}
	return v
}

// holdRef is the balance that the order holds from, 0 if it holds nothing.
func (o *order) holdRef() ledger.Ref {
	switch {
	case !o.holds():
		return 0
	case o.side == market.Buy:
		return o.quote
	}
	return o.base
}

// holdAsset is the asset of that balance.
func (m *Machine) holdAsset(o *order) uint32 {
	i := m.instruments.at(o.instrument)
	if o.side == market.Buy {
		return i.quote
	}
	return i.base
}

// hold changes what an order holds and returns the balance, 0 if none
// changed.
func (m *Machine) hold(o *order, change market.Amount) ledger.Ref {
	ref := o.holdRef()
	if change == 0 || ref == 0 {
		return 0
	}
	m.ledger.Hold(ref, change)
	return ref
}

// addSaturating adds what an order has traded: a sum that a single order can
// drive beyond 64 bits only by trading the venue's whole money several times.
func addSaturating(a, b market.Amount) market.Amount {
	sum, ok := market.Add(int64(a), int64(b))
	if !ok {
		return math.MaxInt64
	}
	return market.Amount(sum)
}
