package book

import "github.com/rialto-exchange/rialto/fsm/market"

// TimeInForceRule is what a time in force (FIX 59) does to an order. A new one
// is a row in timesInForce and, where its admission is new, a file like fok.go.
type TimeInForceRule struct {
	// Rests: what does not trade on arrival waits in the book.
	Rests bool
	// NeedsExpiry: expire_at is required, and forbidden otherwise.
	NeedsExpiry bool
	// EndsWithDay: the order expires at the end of the trading day.
	EndsWithDay bool
	// Remainder is why what does not trade is cancelled, if it does not rest.
	Remainder market.Reason

	// admit refuses an order on arrival; nil admits all.
	admit func(*Book, *Incoming) Refusal
}

// timesInForce has a row for each time in force, in the order of their
// numbers.
func timesInForce(t market.TimeInForce) (TimeInForceRule, bool) {
	switch t {
	case market.GoodTillCancel:
		return TimeInForceRule{Rests: true}, true
	case market.Day:
		return TimeInForceRule{Rests: true, EndsWithDay: true}, true
	case market.ImmediateOrCancel:
		return TimeInForceRule{Remainder: market.ReasonIOCRemainder}, true
	case market.FillOrKill:
		return TimeInForceRule{Remainder: market.ReasonIOCRemainder, admit: admitFillOrKill}, true
	case market.GoodTillDate:
		return TimeInForceRule{Rests: true, NeedsExpiry: true}, true
	}
	return TimeInForceRule{}, false
}

// RuleOf returns the rule of a time in force, and whether there is one.
func RuleOf(t market.TimeInForce) (TimeInForceRule, bool) { return timesInForce(t) }
