package event

import (
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

func (o *Order) bits() uint64 {
	return flag(o.ClientOrderID != "", orderClientID) |
		flag(o.Filled != 0, orderFilled) |
		flag(o.Remaining != 0, orderRemaining) |
		flag(o.Visible != 0, orderVisible) |
		flag(o.FilledNotional != 0, orderNotional) |
		flag(o.Fees != 0, orderFees) |
		flag(o.Price != 0, orderPrice) |
		flag(o.Reason != 0, orderReason) |
		flag(o.PostOnly, orderPostOnly) |
		flag(o.DisplayQuantity != 0, orderDisplay) |
		flag(o.QuoteQuantity != 0, orderQuoteQuantity) |
		flag(o.StopPrice != 0, orderStopPrice) |
		flag(o.ExpireAt != 0, orderExpireAt) |
		flag(o.Session != "", orderSession)
}

func (e *encoder) order(o *Order) {
	e.Uvarint(o.bits())
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

func (e *encoder) orderNumbers(o *Order) {
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

func (d *decoder) order(o *Order) {
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
	if o.bits() != bits {
		d.Fail(wire.ErrNotCanonical)
	}
}

func (d *decoder) orderNumbers(o *Order, bits uint64) {
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

func (e *encoder) orderChanged(r *OrderChanged) {
	e.typ(r.Type)
	e.order(&r.Order)
	e.balance(&r.Hold)
}

func (d *decoder) orderChanged() Record {
	r := new(OrderChanged)
	r.Type = d.typ()
	d.order(&r.Order)
	d.balance(&r.Hold)
	return r
}

func (e *encoder) selfTradePrevented(r *SelfTradePrevented) {
	e.Byte(byte(r.Mode))
	e.Varint(int64(r.Quantity))
	e.order(&r.Incoming)
	e.order(&r.Resting)
	e.balances(r.Holds)
}

func (d *decoder) selfTradePrevented() Record {
	r := new(SelfTradePrevented)
	r.Mode = market.SelfTradePrevention(d.Byte())
	r.Quantity = market.Quantity(d.Varint())
	d.order(&r.Incoming)
	d.order(&r.Resting)
	r.Holds = d.balances()
	return r
}

func (e *encoder) ordersCancelled(r *OrdersCancelled) {
	e.name(r.Account)
	e.Uvarint(r.AccountSequence)
	e.Uvarint(uint64(r.Cancelled))
	e.Bool(r.Continues)
	if r.version() >= 2 {
		e.name(r.Instrument)
		e.Byte(byte(r.Side))
	}
}

func (d *decoder) ordersCancelled() Record {
	r := new(OrdersCancelled)
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
