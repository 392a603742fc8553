package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

// optionals are the decimals of a body that may be absent: one number with a
// bit for each that is there, then those in their order. The list of a body
// is the same for writing and for reading and only grows at its end.
type optionals []*command.Optional

func (list optionals) append(w *wire.Writer) {
	var present uint64
	for i, o := range list {
		present |= wire.Flag(o.Set, 1<<i)
	}
	w.Uvarint(present)
	for _, o := range list {
		if o.Set {
			parts.AppendDecimal(w, o.Value)
		}
	}
}

func (list optionals) decode(r *wire.Reader) {
	present := r.Bits(1<<len(list) - 1)
	for i, o := range list {
		if present&(1<<i) != 0 {
			*o = command.Optional{Set: true, Value: parts.DecodeDecimal(r)}
		}
	}
}

func appendMoney(w *wire.Writer, m *command.Money) {
	w.Bounded(m.Asset, command.MaxID)
	parts.AppendDecimal(w, m.Value)
	w.Bool(m.Minor)
}

func decodeMoney(r *wire.Reader, m *command.Money) {
	m.Asset = r.Bounded(command.MaxID)
	m.Value = parts.DecodeDecimal(r)
	m.Minor = r.Bool()
}
