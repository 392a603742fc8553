package command

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

func (b *SetLimits) append(w *wire.Writer) {
	w.Byte(byte(b.Scope))
	w.Bounded(b.Target, MaxID)
	AppendLimits(w, b.Named, &b.Limits)
}

func (b *SetLimits) decode(r *wire.Reader) {
	b.Scope = LimitScope(r.Byte())
	b.Target = r.Bounded(MaxID)
	b.Named, b.Limits = DecodeLimits(r)
}

// AppendLimits writes the named limits: one number with a bit for each, then
// those in their order. A limit that is not named is not written; a value is
// written with LimitValue only. So a new LimitName changes no old encoding.
func AppendLimits(w *wire.Writer, named [LimitCount]bool, limits *Limits) {
	var bits uint64
	for i, set := range named {
		bits |= flag(set, 1<<i)
	}
	w.Uvarint(bits)
	for i, set := range named {
		if set {
			limits[i].append(w)
		}
	}
}

// DecodeLimits reads what AppendLimits wrote.
func DecodeLimits(r *wire.Reader) (named [LimitCount]bool, limits Limits) {
	bits := r.Bits(1<<LimitCount - 1)
	for i := range named {
		if bits&(1<<i) != 0 {
			named[i] = true
			limits[i].decode(r)
		}
	}
	return named, limits
}

func (l *Limit) append(w *wire.Writer) {
	if l.State > LimitValue {
		w.Fail(fmt.Errorf("limit of state %d: %w", l.State, wire.ErrNotCanonical))
	}
	w.Byte(byte(l.State))
	if l.State == LimitValue {
		appendDecimal(w, l.Value)
	}
}

func (l *Limit) decode(r *wire.Reader) {
	l.State = LimitState(r.UpTo(uint64(LimitValue)))
	if l.State == LimitValue {
		l.Value = decodeDecimal(r)
	}
}
