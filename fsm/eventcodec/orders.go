package eventcodec

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The bits of an order's first number: which of its fields are not zero.
const (
	orderClientID = 1 << iota
	orderFilled
	orderRemaining
	orderVisible
	orderNotional
	orderFees
	orderPrice
	orderReason
	orderPostOnly
	orderDisplay
	orderQuoteQuantity
	orderStopPrice
	orderExpireAt
	orderKnownFirst = 1<<iota - 1
	// orderSession is there from the second version of the records on.
	orderSession = 1 << (iota - 1)
	orderKnown   = orderKnownFirst | orderSession
)

func orderBits(o *event.Order) uint64 {
	return wire.Flag(o.ClientOrderID != "", orderClientID) |
		wire.Flag(o.Filled != 0, orderFilled) |
		wire.Flag(o.Remaining != 0, orderRemaining) |
		wire.Flag(o.Visible != 0, orderVisible) |
		wire.Flag(o.FilledNotional != 0, orderNotional) |
		wire.Flag(o.Fees != 0, orderFees) |
		wire.Flag(o.Price != 0, orderPrice) |
		wire.Flag(o.Reason != 0, orderReason) |
		wire.Flag(o.PostOnly, orderPostOnly) |
		wire.Flag(o.DisplayQuantity != 0, orderDisplay) |
		wire.Flag(o.QuoteQuantity != 0, orderQuoteQuantity) |
		wire.Flag(o.StopPrice != 0, orderStopPrice) |
		wire.Flag(o.ExpireAt != 0, orderExpireAt) |
		wire.Flag(o.Session != "", orderSession)
}

func (e *encoder) order(o *event.Order) {
	e.Uvarint(orderBits(o))
	e.Uvarint(uint64(o.ID.Slot()))
	e.Uvarint(uint64(o.ID.Generation()))
	e.textIf(o.ClientOrderID != "", o.ClientOrderID)
	e.name(o.Account)
	e.name(o.Instrument)
	e.Byte(byte(o.Side))
	e.Byte(byte(o.Type))
	e.Byte(byte(o.TimeInForce))
	e.Byte(byte(o.STP))
	e.Byte(byte(o.Status))
	if o.Reason != 0 {
		e.Byte(byte(o.Reason))
	}
	e.orderNumbers(o)
	e.Uvarint(o.Sequence)
	e.at(o.UpdatedAt, e.base.at)
	e.at(o.CreatedAt, o.UpdatedAt)
	e.Byte(o.PriceDigits)
	e.Byte(o.QuantityDigits)
	e.Byte(o.QuoteScale)
	e.nameIf(o.Session != "", o.Session)
}

func (e *encoder) orderNumbers(o *event.Order) {
	e.Varint(int64(o.Quantity))
	e.optional(int64(o.Filled))
	e.optional(int64(o.Remaining))
	e.optional(int64(o.Visible))
	e.optional(int64(o.FilledNotional))
	e.optional(int64(o.Fees))
	e.optional(int64(o.Price))
	e.optional(int64(o.DisplayQuantity))
	e.optional(int64(o.QuoteQuantity))
	e.optional(int64(o.StopPrice))
	e.optional(int64(o.ExpireAt))
}

func (d *decoder) order(o *event.Order) {
	known := uint64(orderKnown)
	if d.of < 2 {
		known = orderKnownFirst
	}
	bits := d.Bits(known)
	slot, generation := d.uint32(), d.uint32()
	o.ID = market.NewOrderID(slot, generation)
	o.ClientOrderID = d.textIf(bits&orderClientID != 0)
	o.Account = d.name()
	o.Instrument = d.name()
	o.Side = market.Side(d.Byte())
	o.Type = market.OrderType(d.Byte())
	o.TimeInForce = market.TimeInForce(d.Byte())
	o.STP = market.SelfTradePrevention(d.Byte())
	o.Status = market.OrderStatus(d.Byte())
	if bits&orderReason != 0 {
		o.Reason = market.Reason(d.Byte())
	}
	o.PostOnly = bits&orderPostOnly != 0
	d.orderNumbers(o, bits)
	o.Sequence = d.Uvarint()
	o.UpdatedAt = d.at(d.base.at)
	o.CreatedAt = d.at(o.UpdatedAt)
	o.PriceDigits = d.Byte()
	o.QuantityDigits = d.Byte()
	o.QuoteScale = d.Byte()
	o.Session = d.nameIf(bits&orderSession != 0)
	if orderBits(o) != bits {
		d.Fail(wire.ErrNotCanonical)
	}
}

func (d *decoder) orderNumbers(o *event.Order, bits uint64) {
	o.Quantity = market.Quantity(d.Varint())
	o.Filled = market.Quantity(d.optional(bits, orderFilled))
	o.Remaining = market.Quantity(d.optional(bits, orderRemaining))
	o.Visible = market.Quantity(d.optional(bits, orderVisible))
	o.FilledNotional = market.Amount(d.optional(bits, orderNotional))
	o.Fees = market.Amount(d.optional(bits, orderFees))
	o.Price = market.Price(d.optional(bits, orderPrice))
	o.DisplayQuantity = market.Quantity(d.optional(bits, orderDisplay))
	o.QuoteQuantity = market.Amount(d.optional(bits, orderQuoteQuantity))
	o.StopPrice = market.Price(d.optional(bits, orderStopPrice))
	o.ExpireAt = market.Nanos(d.optional(bits, orderExpireAt))
}

func (e *encoder) orderChanged(r *event.OrderChanged) {
	e.typ(r.Type)
	e.order(&r.Order)
	e.balance(&r.Hold)
}

func (d *decoder) orderChanged() event.Record {
	r := new(event.OrderChanged)
	r.Type = d.typ()
	d.order(&r.Order)
	d.balance(&r.Hold)
	return r
}

func (e *encoder) selfTradePrevented(r *event.SelfTradePrevented) {
	e.Byte(byte(r.Mode))
	e.Varint(int64(r.Quantity))
	e.order(&r.Incoming)
	e.order(&r.Resting)
	e.balances(r.Holds)
}

func (d *decoder) selfTradePrevented() event.Record {
	r := new(event.SelfTradePrevented)
	r.Mode = market.SelfTradePrevention(d.Byte())
	r.Quantity = market.Quantity(d.Varint())
	d.order(&r.Incoming)
	d.order(&r.Resting)
	r.Holds = d.balances()
	return r
}

func (e *encoder) ordersCancelled(r *event.OrdersCancelled) {
	e.name(r.Account)
	e.Uvarint(r.AccountSequence)
	e.Uvarint(uint64(r.Cancelled))
	e.Bool(r.Continues)
	if versionOf(r) >= 2 {
		e.name(r.Instrument)
		e.Byte(byte(r.Side))
	}
}

func (d *decoder) ordersCancelled() event.Record {
	r := new(event.OrdersCancelled)
	r.Account = d.name()
	r.AccountSequence = d.Uvarint()
	r.Cancelled = d.uint32()
	r.Continues = d.Bool()
	if d.of >= 2 {
		r.Instrument = d.name()
		r.Side = market.Side(d.Byte())
	}
	return r
}
