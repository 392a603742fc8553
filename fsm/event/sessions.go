package event

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// SessionTouch names a session that a block reports to, and the number of its
// first report there; the order of the records gives the rest (Block.Reports).
type SessionTouch struct {
	CompID string
	Kind   market.SessionKind
	// Accounts are, for a drop copy, those of the block's orders that it reports.
	Accounts []string
	First    uint64
	Count    uint32
}

// SessionLoggedOn begins an epoch of a session. Its aggregate is
// market.SessionPrefix and the CompID, as of the records below.
type SessionLoggedOn struct {
	CompID, Participant string
	Kind                market.SessionKind
	Epoch               uint64
	Owner               string
	// NextIn is the next inbound number after the Logon; Number the outbound one
	// of the reply.
	NextIn, Number uint64
	HeartBtInt     uint32 // s
	Reset          bool
	NextExpected   uint64 // as the client said it, 0 = it did not
	Sequence       uint64
}

// SessionRefused says why a client may not log on. It does not advance its
// aggregate.
type SessionRefused struct {
	CompID string
	// Code is CodeSessionActive (then Owner and Epoch are whose connection is to
	// be probed), CodeSessionNumberTooLow, CodeSessionExpectsTooMuch,
	// CodeSessionUnknown, CodeSessionMustReset or CodeInvalidParameters.
	Code  Code
	Owner string
	Epoch uint64
	// NextIn is the inbound number that was expected; Number the first of Slots
	// outbound ones for the answer: without any the client is told nothing.
	NextIn, Number uint64
	Slots          uint32
	Sequence       uint64
}

// StepResult says what became of a step of a session.
type StepResult uint8

// The results. Only StepDone changed anything.
const (
	StepNone  StepResult = iota
	StepDone             // its numbers are used, its slots granted
	StepStale            // of an epoch or owner that is not the session's
	StepPast             // its inbound numbers were used before
	StepGap              // numbers before its own are missing
)

// String returns the result's name.
func (r StepResult) String() string {
	switch r {
	case StepDone:
		return "done"
	case StepStale:
		return "stale"
	case StepPast:
		return "past"
	case StepGap:
		return "gap"
	}
	return ""
}

// SessionStepped is what became of one step.
type SessionStepped struct {
	CompID string
	Epoch  uint64
	Result StepResult
	NextIn uint64
	// Number is the first of Slots outbound numbers.
	Number uint64
	Slots  uint32
}

// SessionsAdvanced is what became of the steps of a node's sessions, in their
// order. Its aggregate is market.Venue, which it does not advance.
type SessionsAdvanced struct {
	Owner string
	Steps []SessionStepped
}

// SessionEnded ends an epoch: its owner's commands are stale from here on.
// Number is the first of Slots outbound numbers for the Logout.
type SessionEnded struct {
	CompID string
	Epoch  uint64
	Owner  string
	Reason market.SessionEnd
	NextIn uint64
	Number uint64
	Slots  uint32
	Text   string
	// Sequence is the session's aggregate sequence.
	Sequence uint64
}

// SessionReset gives a session other numbers: what it was sent before is of
// another stream.
type SessionReset struct {
	CompID          string
	Epoch           uint64
	NextIn, NextOut uint64
	Sequence        uint64
}

// OrderReported tells a client that asked again (FIX 97=Y) what became of the
// order that it had placed: its image now. It does not advance its aggregate.
type OrderReported struct{ Order Order }

// Echo is what was asked for, in the refusal of a FIX request; what is zero was
// not said.
type Echo struct {
	// Request is the kind of command.
	Request command.Kind
	// Account and the rest are those of a placement or amendment, Account,
	// Instrument and Side also of a mass cancel.
	Account, Instrument string
	Side                market.Side
	Type                market.OrderType
	TimeInForce         market.TimeInForce
	PostOnly            bool
	Quantity            command.Optional
	QuoteQuantity       command.Optional
	Price               command.Optional
	StopPrice           command.Optional
	DisplayQuantity     command.Optional
	ExpireAt            market.Nanos
	// Order and Status are those of the order that a cancel or amendment was
	// about, 0 if it is not known.
	Order  market.OrderID
	Status market.OrderStatus
	// Fields are the request's in what the door declined: ready FIX fields.
	Fields string
}

// RecordKind, Events and Event of each record follow.

// RecordKind implements Record.
func (*SessionLoggedOn) RecordKind() RecordKind { return RecordLoggedOn }

// Events implements Record.
func (*SessionLoggedOn) Events() int { return 1 }

// Event implements Record.
func (r *SessionLoggedOn) Event(int) Part {
	return Part{TypeSessionLoggedOn, market.SessionPrefix + r.CompID, r.Sequence}
}

// RecordKind implements Record.
func (*SessionRefused) RecordKind() RecordKind { return RecordRefused }

// Events implements Record.
func (*SessionRefused) Events() int { return 1 }

// Event implements Record.
func (r *SessionRefused) Event(int) Part {
	return Part{TypeSessionRefused, market.SessionPrefix + r.CompID, r.Sequence}
}

// RecordKind implements Record.
func (*SessionsAdvanced) RecordKind() RecordKind { return RecordAdvanced }

// Events implements Record.
func (*SessionsAdvanced) Events() int { return 1 }

// Event implements Record.
func (*SessionsAdvanced) Event(int) Part { return Part{TypeSessionsAdvanced, market.Venue, 0} }

// RecordKind implements Record.
func (*SessionEnded) RecordKind() RecordKind { return RecordEnded }

// Events implements Record.
func (*SessionEnded) Events() int { return 1 }

// Event implements Record.
func (r *SessionEnded) Event(int) Part {
	return Part{TypeSessionEnded, market.SessionPrefix + r.CompID, r.Sequence}
}

// RecordKind implements Record.
func (*SessionReset) RecordKind() RecordKind { return RecordReset }

// Events implements Record.
func (*SessionReset) Events() int { return 1 }

// Event implements Record.
func (r *SessionReset) Event(int) Part {
	return Part{TypeSessionReset, market.SessionPrefix + r.CompID, r.Sequence}
}

// RecordKind implements Record.
func (*OrderReported) RecordKind() RecordKind { return RecordOrderReported }

// Events implements Record.
func (*OrderReported) Events() int { return 1 }

// Event implements Record.
func (r *OrderReported) Event(int) Part {
	return Part{TypeOrderReported, r.Order.ID.String(), r.Order.Sequence}
}
