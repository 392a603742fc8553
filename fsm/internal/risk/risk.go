// Package risk decides, before an order reaches the book, whether it may: an
// ordered list of rules, of which the first that says no names itself in the
// refusal.
//
// Rules are pure: everything they may look at is in Order. They fail closed: a
// limit that nobody set, a reference that is not there is a refusal. Each rule
// is a file; rules.go lists them.
package risk

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Refusal is why a command is not done: what outsiders read as
// "[rule] detail" with the code.
type Refusal struct {
	Code   event.Code
	Rule   string
	Detail string
}

// Order is an order as it would be after the command: placed, or amended.
type Order struct {
	Instrument *event.Instrument
	// Suspended says that the account is.
	Suspended bool
	// Amends says that the order is open already.
	Amends bool
	// HeldToLeast says that the order is held to the least quantity and
	// notional: a new one is, and an amend that changes what it would trade.
	HeldToLeast bool
	Side        market.Side
	// PostOnly says that it never trades on arrival; only limits are.
	PostOnly bool
	// Price is the limit, 0 = none; Quantity the total.
	Price    market.Price
	Stop     market.Price
	Quantity market.Quantity
	// Notional is what the quantity is worth at the limit, or, without one,
	// what the fills about to happen are.
	Notional market.Amount
	// Reference is the last price, or the instrument's reference price before
	// the first trade; 0 = none.
	Reference market.Price
	// Rests says that the order can stay open.
	Rests bool
	// Open is the number of the account's open orders, without this one.
	Open uint32
	// Recent is how many orders and amendments of the account were let through
	// within the last second. It is looked at only where a limit on it is in
	// force.
	Recent uint32
	// Position is what the account's holding of the base can become: what it
	// has and what all its open buys, this one included, can add. It is looked
	// at only where a limit on it is in force.
	Position market.Amount
	// Needs is what must be available in Asset beyond what is held already,
	// and Available what is. Digits are the asset's scale.
	Needs, Available market.Amount
	Asset            string
	Digits           uint8
	Limits           Scopes
}

// Reduced returns the refusal of an amend that only makes an order smaller. It
// makes no risk: limits that are tighter now than when it was placed let it
// through, as they would its cancel. But it does not become one that could not
// have been placed for its smallness.
func Reduced(o *Order) *Refusal {
	for _, check := range [...]func(*Order) *Refusal{suspendedAccount, instrumentPhase, leastQuantity, leastNotional} {
		if no := check(o); no != nil {
			return no
		}
	}
	return nil
}

// Evaluate returns the first rule's refusal, nil if the order may go on.
func Evaluate(o *Order) *Refusal {
	for _, check := range rules() {
		if no := check(o); no != nil {
			return no
		}
	}
	return nil
}
