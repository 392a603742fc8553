package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

type (
	placeOrder  command.PlaceOrder
	amendOrder  command.AmendOrder
	cancelOrder command.CancelOrder
	cancelAll   command.CancelAll
)

func (b *placeOrder) optionals() optionals {
	return optionals{&b.Quantity, &b.QuoteQuantity, &b.Price, &b.StopPrice, &b.DisplayQuantity}
}

func (b *placeOrder) append(w *wire.Writer) {
	w.Bounded(b.Account, command.MaxID)
	w.Bounded(b.Instrument, command.MaxID)
	w.Bounded(b.ClientOrderID, command.MaxID)
	w.Byte(byte(b.Side))
	w.Byte(byte(b.Type))
	w.Byte(byte(b.TimeInForce))
	w.Byte(byte(b.STP))
	w.Bool(b.PostOnly)
	b.optionals().append(w)
	w.Varint(int64(b.ExpireAt))
}

func (b *placeOrder) decode(r *wire.Reader) {
	b.Account = r.Bounded(command.MaxID)
	b.Instrument = r.Bounded(command.MaxID)
	b.ClientOrderID = r.Bounded(command.MaxID)
	b.Side = market.Side(r.Byte())
	b.Type = market.OrderType(r.Byte())
	b.TimeInForce = market.TimeInForce(r.Byte())
	b.STP = market.SelfTradePrevention(r.Byte())
	b.PostOnly = r.Bool()
	b.optionals().decode(r)
	b.ExpireAt = market.Nanos(r.Varint())
}

func (b *amendOrder) optionals() optionals {
	return optionals{&b.Quantity, &b.Price, &b.StopPrice, &b.DisplayQuantity}
}

func (b *amendOrder) append(w *wire.Writer) {
	appendOrderRef(w, &b.Order)
	w.Bounded(b.NewClientOrderID, command.MaxID)
	b.optionals().append(w)
	w.Varint(int64(b.ExpireAt))
}

func (b *amendOrder) decode(r *wire.Reader) {
	decodeOrderRef(r, &b.Order)
	b.NewClientOrderID = r.Bounded(command.MaxID)
	b.optionals().decode(r)
	b.ExpireAt = market.Nanos(r.Varint())
}

func (b *cancelOrder) append(w *wire.Writer) { appendOrderRef(w, &b.Order) }
func (b *cancelOrder) decode(r *wire.Reader) { decodeOrderRef(r, &b.Order) }

func (b *cancelAll) append(w *wire.Writer) {
	w.Bounded(b.Account, command.MaxID)
	w.Bounded(b.Instrument, command.MaxID)
	w.Byte(byte(b.Side))
}

func (b *cancelAll) decode(r *wire.Reader) {
	b.Account = r.Bounded(command.MaxID)
	b.Instrument = r.Bounded(command.MaxID)
	b.Side = market.Side(r.Byte())
}

// The id is written in whole: its high half, the slot's generation, makes a
// Uvarint of it longer than eight bytes.
func appendOrderRef(w *wire.Writer, o *command.OrderRef) {
	w.Fixed64(uint64(o.ID))
	w.Bounded(o.Account, command.MaxID)
	w.Bounded(o.ClientOrderID, command.MaxID)
	w.Bounded(o.Unparsed, command.MaxName)
}

func decodeOrderRef(r *wire.Reader, o *command.OrderRef) {
	o.ID = market.OrderID(r.Fixed64())
	o.Account = r.Bounded(command.MaxID)
	o.ClientOrderID = r.Bounded(command.MaxID)
	o.Unparsed = r.Bounded(command.MaxName)
}
