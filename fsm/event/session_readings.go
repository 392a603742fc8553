package event

import (
	"github.com/rialto-exchange/rialto/fsm/market"
)

// SessionStatus is whether somebody is logged on to a FIX session.
type SessionStatus uint8

// The statuses. SessionNever is a session that was defined and never used.
const (
	SessionNever SessionStatus = iota
	SessionOn
	SessionOff
	SessionWithdrawn // taken away from its participant; its numbers are kept
)

// String returns the status in one word.
func (s SessionStatus) String() string {
	switch s {
	case SessionNever:
		return "never"
	case SessionOn:
		return "on"
	case SessionOff:
		return "off"
	case SessionWithdrawn:
		return "withdrawn"
	}
	return "unknown"
}

// SessionState is one FIX session as reads answer it: what the entries so far
// made of it. It moves by whole entries.
type SessionState struct {
	CompID      string
	Participant string
	Kind        market.SessionKind
	Status      SessionStatus
	// Sequence is its aggregate sequence.
	Sequence uint64
	// Epoch counts its logons, Owner is the node of the last one.
	Epoch uint64
	Owner string
	// NextIn is the number that the client's next message has, NextOut that of
	// ours.
	NextIn, NextOut uint64
	HeartBtInt      uint32 // seconds, as of the last logon
	// LastIn and LastOut are the venue times of the last number that was
	// consumed and of the last that was given out; 0 = none yet.
	LastIn, LastOut     market.Nanos
	LoggedOnAt, EndedAt market.Nanos // 0 = never
	EndReason           market.SessionEnd
	EndText             string
	UpdatedAt           market.Nanos // of the entry that last changed any of it
	// ResetAt is the event that the numbers last began again at 1 with, 0 if
	// they never did. Reports of before have no number any more.
	ResetAt market.Sequence
	// BeganAt is the venue time since when the numbers are those of now: that of
	// ResetAt, or of when the session became known.
	BeganAt market.Nanos
}

// Resent is a part of an answer to a ResendRequest: one report with its number
// (From = To), or a run of numbers that are filled with nothing. They are those
// of messages that are not reports, or whose reports lie below the retention
// floor.
type Resent struct {
	Gap      bool
	From, To uint64
	// At is the OrigSendingTime of each time that it is sent again: the time of
	// the report, or of what came before the gap. 0: not known.
	At market.Nanos
	// Block holds the report. nil and zero for a gap.
	Block  *Block
	Report Report
}
