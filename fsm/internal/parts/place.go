package parts

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

// The bits of a request's first number: what is there.
const (
	requestClOrdID = 1 << iota
	requestOrigClOrdID
	requestParties
	requestResponseTo
	requestPossResend
	requestKnown = 1<<iota - 1
)

func placeBits(q *command.Request) uint64 {
	return wire.Flag(q.ClOrdID != "", requestClOrdID) |
		wire.Flag(q.OrigClOrdID != "", requestOrigClOrdID) |
		wire.Flag(q.Parties != "", requestParties) |
		wire.Flag(q.ResponseTo != 0, requestResponseTo) |
		wire.Flag(q.PossResend, requestPossResend)
}

// AppendPlace writes a command's place in a FIX session.
func AppendPlace(w *wire.Writer, p *command.SessionPlace) {
	w.Uvarint(p.Epoch)
	w.Uvarint(p.Number)
	bits := placeBits(&p.Request)
	w.Uvarint(bits)
	for _, s := range []string{p.ClOrdID, p.OrigClOrdID} {
		if s != "" {
			w.Bounded(s, command.MaxID)
		}
	}
	if p.Parties != "" {
		w.Bounded(p.Parties, command.MaxParties)
	}
	if p.ResponseTo != 0 {
		w.Byte(p.ResponseTo)
	}
}

// DecodePlace reads what AppendPlace wrote.
func DecodePlace(r *wire.Reader) *command.SessionPlace {
	p := &command.SessionPlace{Epoch: r.Uvarint(), Number: r.Uvarint()}
	bits := r.Bits(requestKnown)
	if bits&requestClOrdID != 0 {
		p.ClOrdID = r.Bounded(command.MaxID)
	}
	if bits&requestOrigClOrdID != 0 {
		p.OrigClOrdID = r.Bounded(command.MaxID)
	}
	if bits&requestParties != 0 {
		p.Parties = r.Bounded(command.MaxParties)
	}
	if bits&requestResponseTo != 0 {
		p.ResponseTo = r.Byte()
	}
	p.PossResend = bits&requestPossResend != 0
	if placeBits(&p.Request) != bits {
		r.Fail(wire.ErrNotCanonical)
	}
	return p
}
