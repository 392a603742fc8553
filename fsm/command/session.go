package command

import "github.com/rialto-exchange/rialto/fsm/market"

// The bounds of what a FIX session says, in bytes.
const (
	// MaxParties bounds the parties of a request that its reports echo.
	MaxParties = 128
	// MaxEcho bounds the fields of a declined request that its report echoes.
	MaxEcho = 512
	// MaxSlots bounds the outbound numbers that one step takes.
	MaxSlots = 1 << 16
	// MaxSessionNumber is the highest sequence number of a session.
	MaxSessionNumber = 1<<62 - 1
)

// SessionPlace says where in a FIX session a command stands. It takes effect
// exactly once, in its turn: when Number is the session's next one inbound. Its
// session is the header's Actor, a CompID.
type SessionPlace struct {
	// Epoch is the logon that it came under: another one is stale.
	Epoch uint64
	// Number is the message's MsgSeqNum (FIX 34).
	Number uint64
	Request
}

// Request is what the reports of a FIX request say about it again, as its
// client wrote it.
type Request struct {
	// ClOrdID and OrigClOrdID are tags 11 and 41, up to MaxID bytes.
	ClOrdID, OrigClOrdID string
	// Parties are ready FIX fields, each tag=value and SOH, up to MaxParties
	// bytes.
	Parties string
	// ResponseTo is what an OrderCancelReject answers (FIX 434): '1' a cancel,
	// '2' a replace, 0 nothing.
	ResponseTo byte
	// PossResend says that the client may have sent the same under another
	// number (FIX 97): an order whose ClOrdID is known is not placed again, but
	// answered with what became of it.
	PossResend bool
}

// FixSession defines one FIX session of a participant.
type FixSession struct {
	CompID   string
	Kind     market.SessionKind
	Protocol market.Protocol
	// CancelOnDisconnect cancels the session's open orders when its connection
	// is lost and its client stays away for the grace time; CancelOnLogout also
	// after a logout. KeepGTC leaves its good-till-cancel orders open then.
	CancelOnDisconnect, CancelOnLogout, KeepGTC bool
	// Throttle is how many messages it may send in a second, and as many cancels
	// beside them; 0 = any number.
	Throttle uint32
	// Roll is when its numbers begin anew each day, in seconds after midnight
	// UTC; without HasRoll they never do.
	HasRoll bool
	Roll    uint32
	// TimeDigits is how many digits of a second its times have: 3, 6 or 9; 0 =
	// three, which is all that FIX 4.4 has.
	TimeDigits uint8
}

// SessionDay is how many seconds a FixSession.Roll may name.
const SessionDay = 24 * 3600
