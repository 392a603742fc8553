package book

import "github.com/rialto-exchange/rialto/fsm/market"

// OrderTypeRule is what an order type (FIX 40) needs and does. A new one is a
// row in TypeOf and, where it does something new, a file like marketorder.go.
type OrderTypeRule struct {
	// NeedsLimit: a price is required, and forbidden otherwise.
	NeedsLimit bool
	// Protected: its price is bounded by Protection, and what that bound or an
	// empty book leaves of it is cancelled.
	Protected bool
	Trigger   Trigger
}

// Trigger is what an order does that first waits for a price.
type Trigger struct {
	// Becomes is the type it has then. If it is not OrderTypeNone, a
	// stop_price is required; else there is none.
	Becomes market.OrderType
	// Buy and Sell are the ladders in which orders of those sides wait.
	Buy, Sell Kind
}

// Needed reports whether the order waits at all.
func (t Trigger) Needed() bool { return t.Becomes != market.OrderTypeNone }

// Waits returns the ladder in which an order of a side waits.
func (t Trigger) Waits(side market.Side) Kind {
	if side == market.Buy {
		return t.Buy
	}
	return t.Sell
}

// TypeOf returns the rule of an order type, and whether there is one.
func TypeOf(t market.OrderType) (rule OrderTypeRule, ok bool) {
	switch t {
	case market.Limit:
		return OrderTypeRule{NeedsLimit: true}, true
	case market.Market:
		return OrderTypeRule{Protected: true}, true
	case market.Stop:
		return OrderTypeRule{Trigger: Trigger{Becomes: market.Market, Buy: Rising, Sell: Falling}}, true
	case market.StopLimit:
		return OrderTypeRule{NeedsLimit: true, Trigger: Trigger{Becomes: market.Limit, Buy: Rising, Sell: Falling}}, true
	}
	return OrderTypeRule{}, false
}
