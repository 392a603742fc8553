package command

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// A decimal is its units and then its number of decimals, at most
// market.MaxDigits.
func appendDecimal(w *wire.Writer, d market.Decimal) {
	if d.Digits > market.MaxDigits {
		w.Fail(fmt.Errorf("%d decimals, at most %d: %w", d.Digits, market.MaxDigits, wire.ErrTooLong))
		return
	}
	w.Varint(d.Units)
	w.Byte(d.Digits)
}

// AppendDecimal writes a decimal; the events of refusals hold the same.
func AppendDecimal(w *wire.Writer, d market.Decimal) { appendDecimal(w, d) }

// DecodeDecimal reads what AppendDecimal wrote.
func DecodeDecimal(r *wire.Reader) market.Decimal { return decodeDecimal(r) }

func decodeDecimal(r *wire.Reader) market.Decimal {
	return market.Decimal{Units: r.Varint(), Digits: uint8(r.UpTo(market.MaxDigits))}
}

// optionals are the decimals of a body that may be absent: one number with a
// bit for each that is there, then those in their order. The list of a body
// is the same for writing and for reading and only grows at its end.
type optionals []*Optional

func (list optionals) append(w *wire.Writer) {
	var present uint64
	for i, o := range list {
		present |= flag(o.Set, 1<<i)
	}
	w.Uvarint(present)
	for _, o := range list {
		if o.Set {
			appendDecimal(w, o.Value)
		}
	}
}

func (list optionals) decode(r *wire.Reader) {
	present := r.Bits(1<<len(list) - 1)
	for i, o := range list {
		if present&(1<<i) != 0 {
			*o = Optional{Set: true, Value: decodeDecimal(r)}
		}
	}
}

func (m *Money) append(w *wire.Writer) {
	w.Bounded(m.Asset, MaxID)
	appendDecimal(w, m.Value)
	w.Bool(m.Minor)
}

func (m *Money) decode(r *wire.Reader) {
	m.Asset = r.Bounded(MaxID)
	m.Value = decodeDecimal(r)
	m.Minor = r.Bool()
}
