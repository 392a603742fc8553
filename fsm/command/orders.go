package command

import (
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

func (b *PlaceOrder) optionals() optionals {
	return optionals{&b.Quantity, &b.QuoteQuantity, &b.Price, &b.StopPrice, &b.DisplayQuantity}
}

func (b *PlaceOrder) append(w *wire.Writer) {
	w.Bounded(b.Account, MaxID)
	w.Bounded(b.Instrument, MaxID)
	w.Bounded(b.ClientOrderID, MaxID)
	w.Byte(byte(b.Side))
	w.Byte(byte(b.Type))
	w.Byte(byte(b.TimeInForce))
	w.Byte(byte(b.STP))
	w.Bool(b.PostOnly)
	b.optionals().append(w)
	w.Varint(int64(b.ExpireAt))
}

func (b *PlaceOrder) decode(r *wire.Reader) {
	b.Account = r.Bounded(MaxID)
	b.Instrument = r.Bounded(MaxID)
	b.ClientOrderID = r.Bounded(MaxID)
	b.Side = market.Side(r.Byte())
	b.Type = market.OrderType(r.Byte())
	b.TimeInForce = market.TimeInForce(r.Byte())
	b.STP = market.SelfTradePrevention(r.Byte())
	b.PostOnly = r.Bool()
	b.optionals().decode(r)
	b.ExpireAt = market.Nanos(r.Varint())
}

func (b *AmendOrder) optionals() optionals {
	return optionals{&b.Quantity, &b.Price, &b.StopPrice, &b.DisplayQuantity}
}

func (b *AmendOrder) append(w *wire.Writer) {
	b.Order.append(w)
	w.Bounded(b.NewClientOrderID, MaxID)
	b.optionals().append(w)
	w.Varint(int64(b.ExpireAt))
}

func (b *AmendOrder) decode(r *wire.Reader) {
	b.Order.decode(r)
	b.NewClientOrderID = r.Bounded(MaxID)
	b.optionals().decode(r)
	b.ExpireAt = market.Nanos(r.Varint())
}

func (b *CancelOrder) append(w *wire.Writer) { b.Order.append(w) }
func (b *CancelOrder) decode(r *wire.Reader) { b.Order.decode(r) }

func (b *CancelAll) append(w *wire.Writer) {
	w.Bounded(b.Account, MaxID)
	w.Bounded(b.Instrument, MaxID)
	w.Byte(byte(b.Side))
}

func (b *CancelAll) decode(r *wire.Reader) {
	b.Account = r.Bounded(MaxID)
	b.Instrument = r.Bounded(MaxID)
	b.Side = market.Side(r.Byte())
}

// The id is written in whole: its high half, the slot's generation, makes a
// Uvarint of it longer than eight bytes.
func (o *OrderRef) append(w *wire.Writer) {
	w.Fixed64(uint64(o.ID))
	w.Bounded(o.Account, MaxID)
	w.Bounded(o.ClientOrderID, MaxID)
	w.Bounded(o.Unparsed, MaxName)
}

func (o *OrderRef) decode(r *wire.Reader) {
	o.ID = market.OrderID(r.Fixed64())
	o.Account = r.Bounded(MaxID)
	o.ClientOrderID = r.Bounded(MaxID)
	o.Unparsed = r.Bounded(MaxName)
}
