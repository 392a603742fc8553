package book

import "github.com/rialto-exchange/rialto/fsm/market"

// TimeInForceRule is what a time in force (FIX 59) does to an order. A new one
// is a row in RuleOf and, where its admission is new, a file like fillorkill.go.
type TimeInForceRule struct {
	// Rests: what does not trade on arrival waits in the book.
	Rests bool
	// AllOrNothing: refused unless all of it trades on arrival.
	AllOrNothing bool
	// Ends says when the venue ends an order that rests.
	Ends End
	// Remainder is why what does not trade is cancelled, if it does not rest.
	Remainder market.Reason
}

// End is when an order ends by itself.
type End uint8

// The ends. AtExpiry: expire_at is required, and forbidden otherwise.
const (
	Never End = iota
	AtEndOfDay
	AtExpiry
)

// RuleOf returns the rule of a time in force, and whether there is one. A
// switch and rows of four bytes, which stay in registers: it is read for every
// order.
func RuleOf(t market.TimeInForce) (rule TimeInForceRule, ok bool) {
	switch t {
	case market.GoodTillCancel:
		return TimeInForceRule{Rests: true}, true
	case market.Day:
		return TimeInForceRule{Rests: true, Ends: AtEndOfDay}, true
	case market.ImmediateOrCancel:
		return TimeInForceRule{Remainder: market.ReasonIOCRemainder}, true
	case market.FillOrKill:
		return TimeInForceRule{AllOrNothing: true, Remainder: market.ReasonIOCRemainder}, true
	case market.GoodTillDate:
		return TimeInForceRule{Rests: true, Ends: AtExpiry}, true
	}
	return TimeInForceRule{}, false
}
