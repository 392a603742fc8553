// Package command holds what a venue can be asked to do: the header that
// every command carries and one body type for each verb.
//
// A command is immutable. Numbers in it are market.Decimal: exact and as the
// client wrote them, because only the machine knows which scale, tick and
// step are in force when the command's turn comes.
package command

import "github.com/rialto-exchange/rialto/fsm/market"

// Command is one request to the machine.
type Command struct {
	Header
	Body Body
}

// Body is what one kind of command asks for. New lists
// them; each is a struct of this package, passed by pointer.
type Body interface{ Kind() Kind }

// Header is what every command carries beside its body.
type Header struct {
	// ID is the idempotency key, unique to Participant; 1–64 characters.
	ID string
	// Participant is whose key or FIX session sent it, "" for the venue's
	// administrator. Ids of different participants never meet.
	Participant string
	// Actor is the key id or session that acted, for the audit.
	Actor string
	// Source is the door the command came through.
	Source market.Source
	// Role of the key. A trader acts on its own accounts and orders only: the
	// machine refuses the rest (OutcomeForbidden).
	Role market.Role
	// Label is the client's command_type: stored, never checked.
	Label string
	// Correlation and Traceparent follow the command through log and events.
	Correlation string
	Traceparent string
	// Aggregate is aggregate_id as given; may be "".
	Aggregate string
	// HasExpected says that Expected is to be compared with the aggregate's
	// sequence before the command; 0 means that it must not exist yet.
	HasExpected bool
	Expected    uint64
	// ValidUntil is the client's limit: when the entry's time is later the
	// command is refused (too_late). 0 = none.
	ValidUntil market.Nanos
	// Deadline is the gateway's own limit for this copy, with the same effect.
	// The id is kept at least until then. 0 = none (the venue's own commands).
	Deadline market.Nanos
	// Session is the command's place in a FIX session, nil if it came by another
	// door.
	Session *SessionPlace
	// Digest stands for the JSON values of kind, aggregate_id, payload and
	// expected_sequence: the same id with another digest is another body.
	Digest uint64
}

// Kind numbers the bodies on disk. A number is never used again for
// something else.
type Kind uint8

// The kinds. Zero is no kind.
const (
	KindNone              Kind = 0
	KindTermStart         Kind = 1
	KindProbe             Kind = 2
	KindFence             Kind = 3
	KindRaiseLevel        Kind = 4
	KindBeginHistory      Kind = 5
	KindVoidEntry         Kind = 6
	KindDefineAsset       Kind = 10
	KindDefineInstrument  Kind = 11
	KindHaltInstrument    Kind = 12
	KindResumeInstrument  Kind = 13
	KindSetPhase          Kind = 14
	KindRetireInstrument  Kind = 15
	KindDefineParticipant Kind = 16
	// Kinds that came with keys that are created and revoked one by one.
	KindRedefineParticipant Kind = 17
	KindCreateKey           Kind = 18
	KindRevokeKey           Kind = 19

	KindOpenAccount     Kind = 20
	KindCloseAccount    Kind = 21
	KindDeposit         Kind = 22
	KindWithdraw        Kind = 23
	KindTransfer        Kind = 24
	KindSetLimits       Kind = 25
	KindSuspendAccount  Kind = 26
	KindResumeAccount   Kind = 27
	KindPlaceOrder      Kind = 40
	KindAmendOrder      Kind = 41
	KindCancelOrder     Kind = 42
	KindCancelAll       Kind = 43
	KindLogonSession    Kind = 50
	KindAdvanceSessions Kind = 51
	KindEndSession      Kind = 52
	KindResetSession    Kind = 53
	KindLogoutSession   Kind = 54
	KindDeclineOrder    Kind = 55
)
