package book

import "github.com/rialto-exchange/rialto/fsm/market"

// MaxFills is the most fills that one incoming order makes (contract:
// fill_limit). A self-trade prevented counts as one, so that an order's
// events have a bound as well.
const MaxFills = 10_000

// Incoming is an order on arrival. Calls neither keep nor change it.
type Incoming struct {
	Instrument uint32
	Owner      uint32 // 0: nobody's, never a self-trade
	// Limit is the worst price it trades at, 0: any. For a market order it is
	// the protection price, see Protection.
	Limit       Ticks
	Quantity    Lots // at least 1
	Display     Lots // shown at a time when it rests, 0: all
	Side        market.Side
	Type        market.OrderType
	TimeInForce market.TimeInForce
	// SelfTradePrevention is the mode that decides, not the resting order's.
	SelfTradePrevention market.SelfTradePrevention
	PostOnly            bool
	// MaxFills bounds the fills; 0 is MaxFills.
	MaxFills uint32
	// Withdrawn, if set, says of resting orders whether they are closed for all
	// that could trade with them, and only yet to be cancelled: they are passed
	// over, and ended when they are met in matching.
	Withdrawn func(Slot) bool
	// Reach, if set, bounds what a preview decrements: how many of so many lots
	// at a price the order still comes to, less than all of them ending it. It
	// is how an order for an amount of money loses only what the amount is
	// worth. Matching does not ask it: by then the quantity is fixed.
	Reach func(price Ticks, lots Lots) Lots
	// Meets, if set, is told in a preview of own orders met in the modes that
	// do not decrement, and reports whether the order comes to a lot of them: if
	// not it has ended before.
	Meets func(price Ticks, lots Lots) bool
}

// Fill is one trade of an incoming order with a resting one (the maker).
type Fill struct {
	Maker    market.OrderID
	Owner    uint32 // the maker's
	Price    Ticks  // the maker's
	Quantity Lots   // at least 1
	// Remaining is the maker's after the fill; at 0 it is closed.
	Remaining Lots
}

// Slot returns the maker's slot.
func (f Fill) Slot() Slot { return Slot(f.Maker.Slot()) }

// SelfTrade is a trade that was prevented.
type SelfTrade struct {
	Maker market.OrderID
	Price Ticks
	// Decremented is what both orders lost without trading.
	Decremented Lots
	// Remaining is the maker's, 0 if it is closed.
	Remaining   Lots
	TakerClosed bool
}

// Sink hears what matching does, as it does it. During a call the maker's slot
// still holds its order, also when it is closed: it is reused only after. A
// sink must not call the book's writing methods.
type Sink interface {
	Filled(Fill)
	SelfTradePrevented(SelfTrade)
	// Withdrawn hears that an order met was withdrawn; it is closed.
	Withdrawn(Slot)
}

// Outcome is what became of an incoming order in Match.
type Outcome struct {
	// Remaining is what neither traded nor was decremented:
	// Quantity = Filled + Decremented + Remaining.
	Remaining   Lots
	Filled      Lots
	Decremented Lots
	// Steps counts fills, prevented self-trades and withdrawn orders.
	Steps uint32
	// Reason is ReasonFillLimit or ReasonSelfTrade if the order must end here,
	// else ReasonNone: nothing it could trade with is left, or nothing of it.
	Reason market.Reason
}

// done reports whether matching is over.
func (o *Outcome) done() bool { return o.Remaining == 0 || o.Reason != market.ReasonNone }

// reaches reports whether the order may trade at a price. Prices are positive,
// so their difference fits.
func (in *Incoming) reaches(price Ticks) bool {
	sign := 3 - 2*Ticks(in.Side) // buy 1, sell -1
	return in.Limit == 0 || (price-in.Limit)*sign <= 0
}

func (in *Incoming) maxSteps() uint32 {
	if in.MaxFills == 0 {
		return MaxFills
	}
	return in.MaxFills
}

// opposite returns the ladder that the order trades with.
func (in *Incoming) opposite() uint32 {
	return in.Instrument*kinds + uint32(kindOf(in.Side)^Asks)
}

// meets returns the price of the first resting order that an incoming one would
// meet, 0 if it would meet none; and how many withdrawn orders it passed. After
// as many as an order has steps it calls the next one met.
func (b *Book) meets(in *Incoming) (price Ticks, steps uint32) {
	n := in.opposite()
	l := b.ladders.Get(n)
	if l.best == 0 || !in.reaches(l.bestPrice) {
		return 0, 0
	}
	if in.Withdrawn == nil {
		return l.bestPrice, 0
	}
	for i := l.best; i != 0; i = b.worse(n, i) {
		lv := b.level(i)
		if !in.reaches(lv.price) {
			break
		}
		for slot := lv.head; slot != 0; slot = b.orders.Get(slot).next {
			if steps == in.maxSteps() || !in.Withdrawn(Slot(slot)) {
				return lv.price, steps
			}
			steps++
		}
	}
	return 0, steps
}

// Match trades an incoming order with the resting ones: best price first, at
// one price in the order of the queue, always at the resting order's price.
// Makers without remaining quantity are closed. It never rests the order, and
// looks neither at its time in force nor at PostOnly: Execute does.
func (b *Book) Match(in *Incoming, sink Sink) (out Outcome) {
	out.Remaining = in.Quantity
	b.match(in, &out, sink)
	return out
}

func (b *Book) match(in *Incoming, out *Outcome, sink Sink) {
	n := in.opposite()
	for !out.done() {
		l := b.ladders.Get(n)
		if l.best == 0 || !in.reaches(l.bestPrice) {
			return
		}
		if out.Steps == in.maxSteps() {
			out.Reason = market.ReasonFillLimit
			return
		}
		out.Steps++
		slot := b.level(l.best).head
		b.orders.Touch(slot)
		o := b.orders.Get(slot)
		if in.Withdrawn != nil && in.Withdrawn(Slot(slot)) {
			sink.Withdrawn(Slot(slot))
			b.unlink(slot, o)
			b.release(slot, o)
		} else if o.owner == in.Owner && o.owner != 0 && in.SelfTradePrevention != market.STPNone {
			b.preventSelfTrade(in, slot, o, out, sink)
		} else {
			b.fill(slot, o, out, sink)
		}
	}
}

// fill trades with what an order shows.
func (b *Book) fill(slot uint32, o *order, out *Outcome, sink Sink) {
	q := min(b.shown(o), out.Remaining)
	out.Remaining -= q
	out.Filled += q
	lv := b.levelMut(o.level)
	f := Fill{
		Maker: market.NewOrderID(slot, o.generation), Owner: o.owner,
		Price: lv.price, Quantity: q, Remaining: o.remaining - q,
	}
	sink.Filled(f)
	switch {
	case f.Remaining == 0:
		b.unlink(slot, o)
		b.release(slot, o)
	case o.peak != 0:
		b.fillPeak(slot, o, q)
	default:
		o.remaining = f.Remaining
		lv.shown -= q
	}
}

// fillPeak takes a fill from an iceberg's tip. When the tip is gone the next
// one is shown at the end of the queue.
func (b *Book) fillPeak(slot uint32, o *order, q Lots) {
	p := b.peaks.Mut(o.peak)
	if q < p.tip {
		p.tip -= q
		o.remaining -= q
		b.levelMut(o.level).shown -= q
		return
	}
	lv := b.level(o.level)
	n, price := lv.ladder, lv.price
	b.unlink(slot, o)
	o.remaining -= q
	p.tip = min(p.display, o.remaining)
	b.link(n, slot, o, price)
}
