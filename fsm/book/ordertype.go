package book

import "github.com/rialto-exchange/rialto/fsm/market"

// OrderTypeRule is what an order type (FIX 40) needs and does. A new one is a
// row in orderTypes and, where it does something new, a file like marketorder.go.
type OrderTypeRule struct {
	// NeedsLimit: a price is required, and forbidden otherwise.
	NeedsLimit bool
	// NeedsTrigger: a stop_price is required, and forbidden otherwise; the
	// order waits for it and then becomes one of type Becomes.
	NeedsTrigger bool
	Becomes      market.OrderType
	// Trigger says in which ladder a triggered order of a side waits.
	Trigger func(market.Side) Kind
	// Protected: the price is bounded by Protection.
	Protected bool
	// MayRest: a time in force that rests is allowed.
	MayRest bool
	// remainder overrides why what does not trade is cancelled; nil leaves it
	// to the time in force.
	remainder func(*Book, *Incoming) market.Reason
}

// orderTypes has a row for each order type, in the order of their numbers.
func orderTypes(t market.OrderType) (OrderTypeRule, bool) {
	switch t {
	case market.Limit:
		return OrderTypeRule{NeedsLimit: true, MayRest: true}, true
	case market.Market:
		return OrderTypeRule{Protected: true, remainder: marketRemainder}, true
	case market.Stop:
		return OrderTypeRule{NeedsTrigger: true, Becomes: market.Market, Trigger: stopTrigger, Protected: true, MayRest: true}, true
	case market.StopLimit:
		return OrderTypeRule{NeedsTrigger: true, Becomes: market.Limit, Trigger: stopTrigger, NeedsLimit: true, MayRest: true}, true
	}
	return OrderTypeRule{}, false
}

// TypeOf returns the rule of an order type, and whether there is one.
func TypeOf(t market.OrderType) (OrderTypeRule, bool) { return orderTypes(t) }
