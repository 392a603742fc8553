// Package parts writes and reads what the encodings of commands, of events and
// of the machine's state hold alike.
package parts

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// AppendDecimal writes a decimal: its units and then its number of decimals, at
// most market.MaxDigits.
func AppendDecimal(w *wire.Writer, d market.Decimal) {
	if d.Digits > market.MaxDigits {
		w.Fail(fmt.Errorf("%d decimals, at most %d: %w", d.Digits, market.MaxDigits, wire.ErrTooLong))
		return
	}
	w.Varint(d.Units)
	w.Byte(d.Digits)
}

// DecodeDecimal reads what AppendDecimal wrote.
func DecodeDecimal(r *wire.Reader) market.Decimal {
	return market.Decimal{Units: r.Varint(), Digits: uint8(r.UpTo(market.MaxDigits))}
}
