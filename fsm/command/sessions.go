package command

import "github.com/rialto-exchange/rialto/fsm/market"

// What nodes and operators ask of FIX sessions. A node's own commands have no
// participant and the source system or FIX; each carries an id, by which a copy
// that is sent again is known as one.

// LogonSession lets a client log on: a new epoch of its session, with an owner.
// It is answered by SessionLoggedOn, which holds the outbound number of the
// reply, or by SessionRefused.
type LogonSession struct {
	CompID string
	Owner  string // the node's id
	Number uint64 // of the Logon (FIX 34)
	// Reset begins both numbers anew (FIX 141=Y): the Logon is 1, and so is the
	// reply.
	Reset      bool
	HeartBtInt uint32 // s (FIX 108)
	// NextExpected is what the client wants next (FIX 789), 0 = it did not say.
	NextExpected uint64
	// Takeover is the epoch whose owner was asked, or is lost, and has no
	// connection any more; 0 = none. Without it a session that is logged on is
	// not taken over.
	Takeover uint64
}

// SessionStep is what happened in one session since the owner's last step: the
// inbound numbers From to To were used by messages that are no commands, and so
// many outbound numbers are wanted for messages that are no reports.
type SessionStep struct {
	CompID   string
	Epoch    uint64
	From, To uint64 // To < From: none. A SequenceReset jumps to To = NewSeqNo - 1.
	Slots    uint32 // up to MaxSlots
	// Vouch says that the owner has the session's connection.
	Vouch bool
}

// AdvanceSessions takes a step in many sessions of a node at once (event
// SessionsAdvanced).
type AdvanceSessions struct {
	Owner string
	Steps []SessionStep
}

// EndSession ends an epoch, with the last step of it (event SessionEnded).
type EndSession struct {
	CompID   string
	Epoch    uint64
	From, To uint64
	Slots    uint32
	Reason   market.SessionEnd
	Text     string // up to MaxText
}

// ResetSession gives a session other numbers, and ends its epoch: an operator's
// (events SessionEnded, SessionReset). 0 stands for 1.
type ResetSession struct {
	CompID          string
	NextIn, NextOut uint64
}

// LogoutSession logs a session out: an operator's (event SessionEnded).
type LogoutSession struct{ CompID, Text string }

// DeclineOrder is a refusal that the door decides and that the machine numbers:
// it leaves CommandRejected, as a refusal of its own. It is a session's command
// like an order.
type DeclineOrder struct {
	// Code is an event.Code; Detail is for people.
	Code   uint8
	Detail string
	// Request is the kind of command that was asked for: KindPlaceOrder,
	// KindAmendOrder, KindCancelOrder or KindCancelAll.
	Request Kind
	// Fields are the request's, echoed in the report: ready FIX fields, each
	// tag=value and SOH, up to MaxEcho bytes.
	Fields string
}

// Kind returns the body's number; likewise below.
func (*LogonSession) Kind() Kind    { return KindLogonSession }
func (*AdvanceSessions) Kind() Kind { return KindAdvanceSessions }
func (*EndSession) Kind() Kind      { return KindEndSession }
func (*ResetSession) Kind() Kind    { return KindResetSession }
func (*LogoutSession) Kind() Kind   { return KindLogoutSession }
func (*DeclineOrder) Kind() Kind    { return KindDeclineOrder }
