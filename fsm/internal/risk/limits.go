package risk

import (
	"fmt"
	"math/bits"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Enforced reports whether a rule here holds orders to values of the limit.
// One that is not must be refused when it is set, never ignored.
func Enforced(n command.LimitName) bool {
	switch n {
	case command.MaxOrderQuantity, command.MaxOrderNotional, command.MaxOpenOrders, command.MaxPosition, command.MaxOrdersPerSecond:
		return true
	}
	return false
}

// Limits are a scope's, as records can hold them: a command.Limits without
// the gaps that a compiler leaves.
type Limits [command.LimitCount]Limit

// Limit is one of them.
type Limit struct {
	Units  int64
	Digits uint32
	State  uint32 // command.LimitState
}

// LimitOf converts. Only a limit that is a value keeps one.
func LimitOf(l command.Limit) Limit {
	if l.State != command.LimitValue {
		l.Value = market.Decimal{}
	}
	return Limit{l.Value.Units, uint32(l.Value.Digits), uint32(l.State)}
}

// Command converts back.
func (l Limit) Command() command.Limit {
	return command.Limit{State: l.state(), Value: l.value()}
}

func (l Limit) state() command.LimitState { return command.LimitState(l.State) }

func (l Limit) value() market.Decimal { return market.Decimal{Units: l.Units, Digits: uint8(l.Digits)} }

// Scopes are the limits of account, owner, instrument and venue, in this
// order; nil where nothing was ever set.
type Scopes [4]*Limits

// InForce returns the limit in force: the first that is set, from the account
// up to the venue.
func (s *Scopes) InForce(n command.LimitName) command.Limit {
	for _, scope := range s {
		if scope != nil && scope[n].state() != command.LimitInherited {
			return scope[n].Command()
		}
	}
	return command.Limit{}
}

// limitsPresent: every limit is set somewhere, if only to "none".
func limitsPresent(o *Order) *Refusal {
	for n := range command.LimitCount {
		if o.Limits.InForce(n).State == command.LimitInherited {
			return &Refusal{event.CodeRiskLimitMissing, n.String(), "the limit is not set at any level"}
		}
	}
	return nil
}

// maxOrderQuantity bounds the size of an order.
func maxOrderQuantity(o *Order) *Refusal {
	return o.atMost(command.MaxOrderQuantity, event.CodeRiskMaxOrderQuantity, int64(o.Quantity), o.Instrument.QuantityDigits)
}

// maxOrderNotional bounds what an order is worth.
func maxOrderNotional(o *Order) *Refusal {
	return o.atMost(command.MaxOrderNotional, event.CodeRiskMaxOrderNotional, int64(o.Notional), o.Instrument.QuoteScale)
}

// maxOpenOrders bounds how many orders an account has open.
func maxOpenOrders(o *Order) *Refusal {
	if o.Amends || !o.Rests {
		return nil
	}
	return o.atMost(command.MaxOpenOrders, event.CodeRiskMaxOpenOrders, int64(o.Open)+1, 0)
}

// maxPosition bounds what a buy can make of the account's holding of the base.
func maxPosition(o *Order) *Refusal {
	if o.Side != market.Buy || o.Limits.InForce(command.MaxPosition).State != command.LimitValue {
		return nil
	}
	return o.atMost(command.MaxPosition, event.CodeRiskMaxPosition, int64(o.Position), o.Instrument.BaseScale)
}

// maxOrdersPerSecond bounds how many orders and amendments an account sends
// within a second of venue time.
func maxOrdersPerSecond(o *Order) *Refusal {
	return o.atMost(command.MaxOrdersPerSecond, event.CodeRiskMaxOrdersPerSecond, int64(o.Recent)+1, 0)
}

// atMost refuses value × 10^-digits above the limit in force.
func (o *Order) atMost(n command.LimitName, code event.Code, value int64, digits uint8) *Refusal {
	l := o.Limits.InForce(n)
	if l.State != command.LimitValue || !above(value, digits, l.Value) {
		return nil
	}
	return &Refusal{code, n.String(), fmt.Sprintf("%s is above the limit %s", market.FormatFixed(value, digits), l.Value)}
}

// above reports whether value × 10^-digits > limit, exactly. Neither is below
// zero.
func above(value int64, digits uint8, limit market.Decimal) bool {
	common := max(digits, limit.Digits)
	ah, al := bits.Mul64(uint64(value), uint64(market.Pow10(common-digits)))
	bh, bl := bits.Mul64(uint64(limit.Units), uint64(market.Pow10(common-limit.Digits)))
	return ah > bh || ah == bh && al > bl
}
