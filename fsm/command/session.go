package command

import (
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

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

// The bits of a request's first number: what is there.
const (
	requestClOrdID = 1 << iota
	requestOrigClOrdID
	requestParties
	requestResponseTo
	requestPossResend
	requestKnown = 1<<iota - 1
)

func (q *Request) bits() uint64 {
	return flag(q.ClOrdID != "", requestClOrdID) |
		flag(q.OrigClOrdID != "", requestOrigClOrdID) |
		flag(q.Parties != "", requestParties) |
		flag(q.ResponseTo != 0, requestResponseTo) |
		flag(q.PossResend, requestPossResend)
}

// AppendPlace writes a place in a session; events hold the same.
func AppendPlace(w *wire.Writer, p *SessionPlace) {
	w.Uvarint(p.Epoch)
	w.Uvarint(p.Number)
	bits := p.bits()
	w.Uvarint(bits)
	for _, s := range []string{p.ClOrdID, p.OrigClOrdID} {
		if s != "" {
			w.Bounded(s, MaxID)
		}
	}
	if p.Parties != "" {
		w.Bounded(p.Parties, MaxParties)
	}
	if p.ResponseTo != 0 {
		w.Byte(p.ResponseTo)
	}
}

// DecodePlace reads what AppendPlace wrote.
func DecodePlace(r *wire.Reader) *SessionPlace {
	p := &SessionPlace{Epoch: r.Uvarint(), Number: r.Uvarint()}
	bits := r.Bits(requestKnown)
	if bits&requestClOrdID != 0 {
		p.ClOrdID = r.Bounded(MaxID)
	}
	if bits&requestOrigClOrdID != 0 {
		p.OrigClOrdID = r.Bounded(MaxID)
	}
	if bits&requestParties != 0 {
		p.Parties = r.Bounded(MaxParties)
	}
	if bits&requestResponseTo != 0 {
		p.ResponseTo = r.Byte()
	}
	p.PossResend = bits&requestPossResend != 0
	if p.bits() != bits {
		r.Fail(wire.ErrNotCanonical)
	}
	return p
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

const (
	fixCancelOnDisconnect = 1 << iota
	fixCancelOnLogout
	fixKeepGTC
	fixHasRoll
	fixKnown = 1<<iota - 1
)

// minFixSessionBytes is the least that a FixSession is written in.
const minFixSessionBytes = 6

// AppendFixSession writes the definition of a session.
func AppendFixSession(w *wire.Writer, s *FixSession) {
	w.Bounded(s.CompID, MaxID)
	w.Byte(byte(s.Kind))
	w.Byte(byte(s.Protocol))
	w.Uvarint(flag(s.CancelOnDisconnect, fixCancelOnDisconnect) | flag(s.CancelOnLogout, fixCancelOnLogout) |
		flag(s.KeepGTC, fixKeepGTC) | flag(s.HasRoll, fixHasRoll))
	w.Uvarint(uint64(s.Throttle))
	if s.HasRoll {
		w.Uvarint(uint64(s.Roll))
	}
	w.Byte(s.TimeDigits)
}

// DecodeFixSession reads what AppendFixSession wrote.
func DecodeFixSession(r *wire.Reader, s *FixSession) {
	s.CompID = r.Bounded(MaxID)
	s.Kind = market.SessionKind(r.Byte())
	s.Protocol = market.Protocol(r.Byte())
	bits := r.Bits(fixKnown)
	s.CancelOnDisconnect = bits&fixCancelOnDisconnect != 0
	s.CancelOnLogout = bits&fixCancelOnLogout != 0
	s.KeepGTC = bits&fixKeepGTC != 0
	s.Throttle = uint32(r.UpTo(1<<32 - 1))
	if s.HasRoll = bits&fixHasRoll != 0; s.HasRoll {
		s.Roll = uint32(r.UpTo(1<<32 - 1))
	}
	s.TimeDigits = r.Byte()
}
