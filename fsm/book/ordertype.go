package book

import "github.com/rialto-exchange/rialto/fsm/market"

// OrderTypeRule is what an order type (FIX 40) is made of and does: the one
// table that reading, holding and matching of orders ask. A new one is a row in
// TypeOf and, where it does something new, a file like marketorder.go. Four
// bytes, which stay in registers: it is read for every order.
type OrderTypeRule struct {
	traits trait
	// Default is its time in force where none is named.
	Default market.TimeInForce
	// Becomes is the type that it has once its price has come. If it is not
	// OrderTypeNone, a stop_price is required; else there is none.
	Becomes market.OrderType
	// BuyWaits is the ladder in which a buy waits for that; a sell waits in the
	// other of the two.
	BuyWaits Kind
}

// trait is a set of what a type needs and may.
type trait uint8

const (
	// needsLimit: a price is required, and forbidden otherwise.
	needsLimit trait = 1 << iota
	// protected: its price is bounded by Protection, and what that bound or an
	// empty book leaves of it is cancelled.
	protected
	// immediate: it neither rests nor waits, and so never holds.
	immediate
	// takesQuote: its size may be an amount of quote.
	takesQuote
	// mayBePassive: it may be post-only.
	mayBePassive
)

// NeedsLimit reports whether a price is required; else there is none.
func (r OrderTypeRule) NeedsLimit() bool { return r.traits&needsLimit != 0 }

// Protected reports whether Protection bounds its price.
func (r OrderTypeRule) Protected() bool { return r.traits&protected != 0 }

// Immediate reports whether it trades on arrival or never.
func (r OrderTypeRule) Immediate() bool { return r.traits&immediate != 0 }

// TakesQuote reports whether its size may be an amount of quote.
func (r OrderTypeRule) TakesQuote() bool { return r.traits&takesQuote != 0 }

// MayBePassive reports whether it may be post-only.
func (r OrderTypeRule) MayBePassive() bool { return r.traits&mayBePassive != 0 }

// Waits reports whether it first waits for a price.
func (r OrderTypeRule) Waits() bool { return r.Becomes != market.OrderTypeNone }

// WaitsIn returns the ladder in which an order of a side waits.
func (r OrderTypeRule) WaitsIn(side market.Side) Kind {
	if side == market.Buy {
		return r.BuyWaits
	}
	return Rising + Falling - r.BuyWaits
}

// TypeOf returns the rule of an order type, and whether there is one.
func TypeOf(t market.OrderType) (rule OrderTypeRule, ok bool) {
	switch t {
	case market.Limit:
		return OrderTypeRule{needsLimit | mayBePassive, market.GoodTillCancel, market.OrderTypeNone, 0}, true
	case market.Market:
		return OrderTypeRule{protected | immediate | takesQuote, market.ImmediateOrCancel, market.OrderTypeNone, 0}, true
	case market.Stop:
		return OrderTypeRule{0, market.GoodTillCancel, market.Market, Rising}, true
	case market.StopLimit:
		return OrderTypeRule{needsLimit, market.GoodTillCancel, market.Limit, Rising}, true
	}
	return OrderTypeRule{}, false
}

// Allows reports whether an order of the type may have a time in force: what is
// immediate does not rest, and what waits is not immediate.
func (r OrderTypeRule) Allows(t market.TimeInForce) bool {
	rule, ok := RuleOf(t)
	if rule.Rests {
		return ok && !r.Immediate()
	}
	return ok && !r.Waits()
}

// Rests reports whether what an order of type and time in force does not trade
// at once goes into the book, when it does not wait for a price or that has
// come.
func Rests(t market.OrderType, tif market.TimeInForce) bool {
	kind, _ := TypeOf(t)
	if kind.Waits() {
		kind, _ = TypeOf(kind.Becomes)
	}
	rule, _ := RuleOf(tif)
	return rule.Rests && !kind.Immediate()
}
