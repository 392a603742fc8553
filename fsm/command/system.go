package command

import (
	"math"

	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

func (b *TermStart) append(w *wire.Writer) { b.appendAs(w, b.version()) }
func (b *TermStart) decode(r *wire.Reader) { b.decodeAs(r, 1) }

// version is the second when it says why.
func (b *TermStart) version() byte {
	if b.Cause != "" || b.Previous != "" {
		return 2
	}
	return 1
}

func (b *TermStart) appendAs(w *wire.Writer, version byte) {
	w.Uvarint(b.Term)
	w.Bounded(b.Leader, MaxName)
	w.Fixed64(b.History)
	if version >= 2 {
		w.Bounded(b.Cause, MaxName)
		w.Bounded(b.Previous, MaxName)
	}
}

func (b *TermStart) decodeAs(r *wire.Reader, version byte) {
	b.Term = r.Uvarint()
	b.Leader = r.Bounded(MaxName)
	b.History = r.Fixed64()
	if version >= 2 {
		b.Cause = r.Bounded(MaxName)
		b.Previous = r.Bounded(MaxName)
	}
}

func (b *Probe) append(w *wire.Writer) { w.Bounded(b.Target, MaxID) }
func (b *Probe) decode(r *wire.Reader) { b.Target = r.Bounded(MaxID) }

func (b *Fence) append(w *wire.Writer) { w.Bounded(b.Target, MaxID) }
func (b *Fence) decode(r *wire.Reader) { b.Target = r.Bounded(MaxID) }

func (b *RaiseLevel) append(w *wire.Writer) { w.Uvarint(uint64(b.Level)) }
func (b *RaiseLevel) decode(r *wire.Reader) { b.Level = uint16(r.UpTo(math.MaxUint16)) }

func (b *BeginHistory) append(w *wire.Writer) {
	w.Fixed64(b.History)
	w.Bounded(b.Cause, MaxName)
}

func (b *BeginHistory) decode(r *wire.Reader) {
	b.History = r.Fixed64()
	b.Cause = r.Bounded(MaxName)
}

func (b *VoidEntry) append(w *wire.Writer) {
	w.Uvarint(b.Index)
	w.Raw(b.Digest[:])
}

func (b *VoidEntry) decode(r *wire.Reader) {
	b.Index = r.Uvarint()
	r.Raw(b.Digest[:])
}
