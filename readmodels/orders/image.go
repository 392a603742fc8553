package orders

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// What an image follows, as far as queries ask.
const (
	afterOther = 0
	afterFill  = 1
)

// appendImage packs an order without its id, which the key names. The first
// byte says what it follows.
func appendImage(dst []byte, o *event.Order, t event.Type) []byte {
	follows, flags := byte(afterOther), byte(0)
	if t == event.TypeOrderFilled {
		follows = afterFill
	}
	if o.PostOnly {
		flags = 1
	}
	dst = append(dst, follows, flags, byte(o.Side), byte(o.Type), byte(o.TimeInForce), byte(o.STP),
		byte(o.Status), byte(o.Reason), o.PriceDigits, o.QuantityDigits, o.QuoteScale)
	dst = readmodels.AppendText(dst, o.ClientOrderID)
	dst = readmodels.AppendText(dst, o.Account)
	dst = readmodels.AppendText(dst, o.Instrument)
	for _, n := range [...]int64{
		int64(o.Quantity), int64(o.Filled), int64(o.Remaining), int64(o.Visible), int64(o.DisplayQuantity),
		int64(o.QuoteQuantity), int64(o.Price), int64(o.StopPrice), int64(o.ExpireAt),
		int64(o.FilledNotional), int64(o.Fees), int64(o.CreatedAt), int64(o.UpdatedAt - o.CreatedAt),
	} {
		dst = readmodels.AppendInt(dst, n)
	}
	return readmodels.AppendUint(dst, o.Sequence)
}

func unpackImage(b []byte, id market.OrderID) (event.Order, error) {
	u := readmodels.Unpack(b)
	u.Byte()
	o := event.Order{ID: id}
	o.PostOnly = u.Byte() == 1
	o.Side, o.Type = market.Side(u.Byte()), market.OrderType(u.Byte())
	o.TimeInForce, o.STP = market.TimeInForce(u.Byte()), market.SelfTradePrevention(u.Byte())
	o.Status, o.Reason = market.OrderStatus(u.Byte()), market.Reason(u.Byte())
	o.PriceDigits, o.QuantityDigits, o.QuoteScale = u.Byte(), u.Byte(), u.Byte()
	o.ClientOrderID, o.Account, o.Instrument = u.Text(), u.Text(), u.Text()
	o.Quantity, o.Filled = market.Quantity(u.Int()), market.Quantity(u.Int())
	o.Remaining, o.Visible = market.Quantity(u.Int()), market.Quantity(u.Int())
	o.DisplayQuantity, o.QuoteQuantity = market.Quantity(u.Int()), market.Amount(u.Int())
	o.Price, o.StopPrice = market.Price(u.Int()), market.Price(u.Int())
	o.ExpireAt = market.Nanos(u.Int())
	o.FilledNotional, o.Fees = market.Amount(u.Int()), market.Amount(u.Int())
	o.CreatedAt = market.Nanos(u.Int())
	o.UpdatedAt = o.CreatedAt + market.Nanos(u.Int())
	o.Sequence = u.Uint()
	return o, u.Err()
}
