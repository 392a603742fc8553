package encode

import (
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// orderID writes the venue's id of an order.
func (e *Encoder) orderID(id market.OrderID) {
	if id == 0 {
		e.w.Text(tagOrderID, none)
		return
	}
	e.w.Bytes(tagOrderID, id.Append(e.scratch[:0]))
}

// execID writes what names one execution for good: the history, in sixteen hex
// digits, and the sequence of the event in it. A drop copy has its original's.
func (e *Encoder) execID(tag wire.Tag, history uint64, sequence market.Sequence) {
	b := e.scratch[:0]
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[history>>shift&15])
	}
	e.w.Bytes(tag, strconv.AppendUint(append(b, '-'), uint64(sequence), 10))
}

// ParseExecID takes an ExecID apart.
func ParseExecID(id string) (history uint64, sequence market.Sequence, ok bool) {
	first, last, _ := strings.Cut(id, "-")
	history, err := strconv.ParseUint(first, 16, 64)
	n, failed := strconv.ParseUint(last, 10, 64)
	return history, market.Sequence(n), err == nil && failed == nil && len(first) == 16
}

// terms writes what was ordered.
func (e *Encoder) terms(o *event.Order) {
	e.w.Text(tagAccount, o.Account)
	e.w.Text(tagSymbol, o.Instrument)
	e.w.Char(tagSide, side(o.Side))
	if o.QuoteQuantity != 0 {
		e.w.Decimal(tagCashOrderQty, int64(o.QuoteQuantity), o.QuoteScale)
	} else {
		e.w.Decimal(tagOrderQty, int64(o.Quantity), o.QuantityDigits)
	}
	e.char(tagOrdType, ordType(o.Type))
	e.price(tagPrice, o.Price, o.PriceDigits)
	e.price(tagStopPx, o.StopPrice, o.PriceDigits)
	e.char(tagTimeInForce, timeInForce(o.TimeInForce))
	if o.TimeInForce == market.GoodTillDate {
		e.w.Time(tagExpireTime, o.ExpireAt)
	}
	if o.PostOnly {
		e.w.Char(tagExecInst, postOnly)
	}
	e.display(o.DisplayQuantity, o.QuantityDigits)
}

// display writes how much of an order shows: DisplayQty in FIX 5.0 SP2, in 4.4
// MaxFloor.
func (e *Encoder) display(q market.Quantity, digits uint8) {
	if q != 0 {
		e.w.Decimal(e.displayTag(), int64(q), digits)
	}
}

func (e *Encoder) displayTag() wire.Tag {
	if e.sp2 {
		return tagDisplayQty
	}
	return tagMaxFloor
}

// optional writes a number as a client gave it.
func (e *Encoder) optional(tag wire.Tag, v command.Optional) {
	if v.Set {
		e.w.Decimal(tag, v.Value.Units, v.Value.Digits)
	}
}

// progress writes how far an order has come.
func (e *Encoder) progress(o *event.Order) {
	e.w.Decimal(tagLeavesQty, int64(o.Remaining), o.QuantityDigits)
	e.w.Decimal(tagCumQty, int64(o.Filled), o.QuantityDigits)
	b := market.AppendAveragePrice(e.scratch[:0], o.FilledNotional, o.QuoteScale, o.Filled, o.QuantityDigits, o.PriceDigits)
	if len(b) == 0 {
		b = append(b, '0')
	}
	e.w.Bytes(tagAvgPx, b)
}

// state writes OrdStatus and, of a stop that waits, that it does not work.
func (e *Encoder) state(o *event.Order) {
	e.w.Char(tagOrdStatus, ordStatus(o.Status))
	if o.Status == market.StatusPendingTrigger {
		e.w.Bool(tagWorkingIndicator, false)
	}
}

// char writes a character, nothing for 0.
func (e *Encoder) char(tag wire.Tag, c byte) {
	if c != 0 {
		e.w.Char(tag, c)
	}
}

// price writes a price, nothing for none.
func (e *Encoder) price(tag wire.Tag, p market.Price, digits uint8) {
	if p != 0 {
		e.w.Decimal(tag, int64(p), digits)
	}
}

// fee writes what one execution was charged, below zero for a rebate.
func (e *Encoder) fee(amount market.Amount, asset string, scale uint8) {
	if amount == 0 {
		return
	}
	e.w.Uint(tagNoMiscFees, 1)
	e.w.Decimal(tagMiscFeeAmt, int64(amount), scale)
	e.w.Text(tagMiscFeeCurr, asset)
	e.w.Char(tagMiscFeeType, exchangeFees)
}

// text writes "code: reason", the code alone without a reason. A control
// character in it becomes a space.
func (e *Encoder) text(code, reason string) {
	b := append(e.scratch[:0], code...)
	if reason != "" {
		b = append(append(b, ": "...), reason...)
	}
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = ' '
		}
	}
	e.w.Bytes(tagText, b)
	e.scratch = b[:0]
}
