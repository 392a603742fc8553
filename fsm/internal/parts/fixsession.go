package parts

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

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
func AppendFixSession(w *wire.Writer, s *command.FixSession) {
	w.Bounded(s.CompID, command.MaxID)
	w.Byte(byte(s.Kind))
	w.Byte(byte(s.Protocol))
	w.Uvarint(wire.Flag(s.CancelOnDisconnect, fixCancelOnDisconnect) | wire.Flag(s.CancelOnLogout, fixCancelOnLogout) |
		wire.Flag(s.KeepGTC, fixKeepGTC) | wire.Flag(s.HasRoll, fixHasRoll))
	w.Uvarint(uint64(s.Throttle))
	if s.HasRoll {
		w.Uvarint(uint64(s.Roll))
	}
	w.Byte(s.TimeDigits)
}

// DecodeFixSession reads what AppendFixSession wrote.
func DecodeFixSession(r *wire.Reader, s *command.FixSession) {
	s.CompID = r.Bounded(command.MaxID)
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
