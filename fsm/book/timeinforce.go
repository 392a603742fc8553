package book

import "github.com/rialto-exchange/rialto/fsm/market"

// TimeInForceRule is what a time in force (FIX 59) does to an order. A new one
// is a row in RuleOf and, where its admission is new, a file like fillorkill.go.
type TimeInForceRule struct {
	// Rests: what does not trade on arrival waits in the book.
	Rests bool
	// AllOrNothing: refused unless all of it trades on arrival.
	AllOrNothing bool
	// NeedsExpiry: expire_at is required, and forbidden otherwise.
	NeedsExpiry bool
	// EndsWithDay: the order expires at the end of the trading day.
	EndsWithDay bool
	// Remainder is why what does not trade is cancelled, if it does not rest.
	Remainder market.Reason
}

// RuleOf returns the rule of a time in force, and whether there is one. A
// switch and small rows, not a map of functions: it is read for every order.
func RuleOf(t market.TimeInForce) (rule TimeInForceRule, ok bool) {
	switch t {
	case market.GoodTillCancel:
		return TimeInForceRule{Rests: true}, true
	case market.Day:
		return TimeInForceRule{Rests: true, EndsWithDay: true}, true
	case market.ImmediateOrCancel:
		return TimeInForceRule{Remainder: market.ReasonIOCRemainder}, true
	case market.FillOrKill:
		return TimeInForceRule{AllOrNothing: true, Remainder: market.ReasonIOCRemainder}, true
	case market.GoodTillDate:
		return TimeInForceRule{Rests: true, NeedsExpiry: true}, true
	}
	return TimeInForceRule{}, false
}
