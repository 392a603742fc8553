package book

import "github.com/rialto-exchange/rialto/fsm/market"

// OrderTypeRule is what an order type (FIX 40) needs and does. A new one is a
// row in TypeOf and, where it does something new, a file like marketorder.go.
type OrderTypeRule struct {
	// NeedsLimit: a price is required, and forbidden otherwise.
	NeedsLimit bool
	// NeedsTrigger: a stop_price is required, and forbidden otherwise. The
	// order waits for it, a buy in the ladder BuyWaits and a sell in
	// SellWaits, and then becomes one of type Becomes.
	NeedsTrigger        bool
	Becomes             market.OrderType
	BuyWaits, SellWaits Kind
	// Protected: its price is bounded by Protection, and what that bound or an
	// empty book leaves of it is cancelled.
	Protected bool
}

// TypeOf returns the rule of an order type, and whether there is one.
func TypeOf(t market.OrderType) (rule OrderTypeRule, ok bool) {
	switch t {
	case market.Limit:
		return OrderTypeRule{NeedsLimit: true}, true
	case market.Market:
		return OrderTypeRule{Protected: true}, true
	case market.Stop:
		return OrderTypeRule{NeedsTrigger: true, Becomes: market.Market, BuyWaits: Rising, SellWaits: Falling}, true
	case market.StopLimit:
		return OrderTypeRule{NeedsLimit: true, NeedsTrigger: true, Becomes: market.Limit, BuyWaits: Rising, SellWaits: Falling}, true
	}
	return OrderTypeRule{}, false
}

// Waits returns the ladder in which an order of a side waits for its trigger.
func (r OrderTypeRule) Waits(side market.Side) Kind {
	if side == market.Buy {
		return r.BuyWaits
	}
	return r.SellWaits
}
