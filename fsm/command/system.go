package command

import (
	"math"

	"github.com/rialto-exchange/rialto/fsm/wire"
)

func (b *TermStart) append(w *wire.Writer) {
	w.Uvarint(b.Term)
	w.Bounded(b.Leader, MaxName)
	w.Fixed64(b.History)
}

func (b *TermStart) decode(r *wire.Reader) {
	b.Term = r.Uvarint()
	b.Leader = r.Bounded(MaxName)
	b.History = r.Fixed64()
}

func (b *Probe) append(w *wire.Writer) { w.Bounded(b.Target, MaxID) }
func (b *Probe) decode(r *wire.Reader) { b.Target = r.Bounded(MaxID) }

func (b *Fence) append(w *wire.Writer) { w.Bounded(b.Target, MaxID) }
func (b *Fence) decode(r *wire.Reader) { b.Target = r.Bounded(MaxID) }

func (b *RaiseLevel) append(w *wire.Writer) { w.Uvarint(uint64(b.Level)) }
func (b *RaiseLevel) decode(r *wire.Reader) { b.Level = uint16(r.UpTo(math.MaxUint16)) }
