package book

import "github.com/rialto-exchange/rialto/fsm/market"

// selfTradeRule is what a mode of self-trade prevention does.
type selfTradeRule struct{ closesMaker, closesTaker, decrements bool }

// selfTradeRules has a row for each mode.
func selfTradeRules(m market.SelfTradePrevention) selfTradeRule {
	switch m {
	case market.STPCancelNewest:
		return selfTradeRule{closesTaker: true}
	case market.STPCancelOldest:
		return selfTradeRule{closesMaker: true}
	case market.STPCancelBoth:
		return selfTradeRule{closesMaker: true, closesTaker: true}
	case market.STPDecrement:
		return selfTradeRule{decrements: true}
	}
	panic("book: unknown mode of self-trade prevention")
}

// preventSelfTrade applies the incoming order's mode to it and to the resting
// order of the same owner that it would trade with. Decrementing takes from
// all that remains of an iceberg, shown or not.
func (b *Book) preventSelfTrade(in *Incoming, slot uint32, o *order, out *Outcome, sink Sink) {
	rule := selfTradeRules(in.SelfTradePrevention)
	remaining, q := rule.apply(o.remaining, out)
	sink.SelfTradePrevented(SelfTrade{
		Maker: market.NewOrderID(slot, o.generation), Price: b.level(o.level).price,
		Decremented: q, Remaining: remaining, TakerClosed: out.Reason != market.ReasonNone,
	})
	switch {
	case remaining == 0:
		b.unlink(slot, o)
		b.release(slot, o)
	case remaining < o.remaining:
		b.Reduce(Slot(slot), remaining)
	}
}

// apply returns what remains of the maker and what both lost, and changes the
// outcome.
func (r selfTradeRule) apply(maker Lots, out *Outcome) (remaining, decremented Lots) {
	if r.decrements {
		decremented = min(maker, out.Remaining)
		out.Remaining -= decremented
		out.Decremented += decremented
		maker -= decremented
	}
	if r.closesMaker {
		maker = 0
	}
	if r.closesTaker || out.Remaining == 0 {
		out.Reason = market.ReasonSelfTrade
	}
	return maker, decremented
}
