package commandcodec

import (
	"math"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

type (
	termStart    command.TermStart
	probe        command.Probe
	fence        command.Fence
	raiseLevel   command.RaiseLevel
	beginHistory command.BeginHistory
	voidEntry    command.VoidEntry
)

func (b *termStart) append(w *wire.Writer) { b.appendAs(w, b.version()) }
func (b *termStart) decode(r *wire.Reader) { b.decodeAs(r, 1) }

// version is the second when it says why.
func (b *termStart) version() byte {
	if b.Cause != "" || b.Previous != "" {
		return 2
	}
	return 1
}

func (b *termStart) appendAs(w *wire.Writer, version byte) {
	w.Uvarint(b.Term)
	w.Bounded(b.Leader, command.MaxName)
	w.Fixed64(b.History)
	if version >= 2 {
		w.Bounded(b.Cause, command.MaxName)
		w.Bounded(b.Previous, command.MaxName)
	}
}

func (b *termStart) decodeAs(r *wire.Reader, version byte) {
	b.Term = r.Uvarint()
	b.Leader = r.Bounded(command.MaxName)
	b.History = r.Fixed64()
	if version >= 2 {
		b.Cause = r.Bounded(command.MaxName)
		b.Previous = r.Bounded(command.MaxName)
	}
}

func (b *probe) append(w *wire.Writer) { w.Bounded(b.Target, command.MaxID) }
func (b *probe) decode(r *wire.Reader) { b.Target = r.Bounded(command.MaxID) }

func (b *fence) append(w *wire.Writer) { w.Bounded(b.Target, command.MaxID) }
func (b *fence) decode(r *wire.Reader) { b.Target = r.Bounded(command.MaxID) }

func (b *raiseLevel) append(w *wire.Writer) { w.Uvarint(uint64(b.Level)) }
func (b *raiseLevel) decode(r *wire.Reader) { b.Level = uint16(r.UpTo(math.MaxUint16)) }

func (b *beginHistory) append(w *wire.Writer) {
	w.Fixed64(b.History)
	w.Bounded(b.Cause, command.MaxName)
}

func (b *beginHistory) decode(r *wire.Reader) {
	b.History = r.Fixed64()
	b.Cause = r.Bounded(command.MaxName)
}

func (b *voidEntry) append(w *wire.Writer) {
	w.Uvarint(b.Index)
	w.Raw(b.Digest[:])
}

func (b *voidEntry) decode(r *wire.Reader) {
	b.Index = r.Uvarint()
	r.Raw(b.Digest[:])
}
