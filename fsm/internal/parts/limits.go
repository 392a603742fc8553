package parts

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

// AppendLimits writes the named limits: one number with a bit for each, then
// those in their order. A limit that is not named is not written; a value is
// written with LimitValue only. So a new LimitName changes no old encoding.
func AppendLimits(w *wire.Writer, named [command.LimitCount]bool, limits *command.Limits) {
	var bits uint64
	for i, set := range named {
		bits |= wire.Flag(set, 1<<i)
	}
	w.Uvarint(bits)
	for i, set := range named {
		if set {
			appendLimit(w, &limits[i])
		}
	}
}

// DecodeLimits reads what AppendLimits wrote.
func DecodeLimits(r *wire.Reader) (named [command.LimitCount]bool, limits command.Limits) {
	bits := r.Bits(1<<command.LimitCount - 1)
	for i := range named {
		if bits&(1<<i) != 0 {
			named[i] = true
			decodeLimit(r, &limits[i])
		}
	}
	return named, limits
}

func appendLimit(w *wire.Writer, l *command.Limit) {
	if l.State > command.LimitValue {
		w.Fail(fmt.Errorf("limit of state %d: %w", l.State, wire.ErrNotCanonical))
	}
	w.Byte(byte(l.State))
	if l.State == command.LimitValue {
		AppendDecimal(w, l.Value)
	}
}

func decodeLimit(r *wire.Reader, l *command.Limit) {
	l.State = command.LimitState(r.UpTo(uint64(command.LimitValue)))
	if l.State == command.LimitValue {
		l.Value = DecodeDecimal(r)
	}
}
