package render

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Order appends an order.
func Order(dst []byte, o *event.Order) []byte {
	w := writer{dst}
	w.begin()
	w.orderMembers(o)
	w.close()
	return w.b
}

func (w *writer) orderMember(name string, o *event.Order) {
	w.open(name)
	w.orderMembers(o)
	w.close()
}

func (w *writer) orderMembers(o *event.Order) {
	w.order("order_id", o.ID)
	w.text("client_order_id", o.ClientOrderID)
	w.text("account", o.Account)
	w.text("instrument", o.Instrument)
	w.text("side", o.Side.String())
	w.text("type", o.Type.String())
	w.text("time_in_force", o.TimeInForce.String())
	w.fixed("quantity", int64(o.Quantity), o.QuantityDigits)
	w.optional("quote_quantity", int64(o.QuoteQuantity), o.QuoteScale)
	w.optional("price", int64(o.Price), o.PriceDigits)
	w.optional("stop_price", int64(o.StopPrice), o.PriceDigits)
	w.optional("display_quantity", int64(o.DisplayQuantity), o.QuantityDigits)
	w.bool("post_only", o.PostOnly)
	w.instant("expire_at", o.ExpireAt)
	w.text("self_trade_prevention", o.STP.String())
	w.fixed("filled", int64(o.Filled), o.QuantityDigits)
	w.fixed("filled_notional", int64(o.FilledNotional), o.QuoteScale)
	w.fixed("remaining", int64(o.Remaining), o.QuantityDigits)
	w.text("average_price", market.AveragePrice(o.FilledNotional, o.QuoteScale, o.Filled, o.QuantityDigits, o.PriceDigits))
	w.fixed("fees", int64(o.Fees), o.QuoteScale)
	w.text("status", o.Status.String())
	if o.Reason != market.ReasonNone {
		w.text("reason", o.Reason.String())
	}
	w.number("aggregate_sequence", o.Sequence)
	w.instant("created_at", o.CreatedAt)
	w.instant("updated_at", o.UpdatedAt)
}

// Fill appends one side of a trade. The counterparty is written when it is
// set: who may see it is the caller's decision.
func Fill(dst []byte, f *event.OwnFill) []byte {
	w := writer{dst}
	w.begin()
	w.fillMembers(f)
	w.close()
	return w.b
}

func (w *writer) fillMembers(f *event.OwnFill) {
	w.trade(f.TradeID)
	w.order("order_id", f.OrderID)
	w.text("account", f.Account)
	w.text("instrument", f.Instrument)
	w.text("side", f.Side.String())
	w.fixed("price", int64(f.Price), f.PriceDigits)
	w.fixed("quantity", int64(f.Quantity), f.QuantityDigits)
	w.order("maker_order_id", f.MakerOrderID)
	w.order("taker_order_id", f.TakerOrderID)
	w.text("liquidity", f.Liquidity.String())
	w.fixed("fee", int64(f.Fee), f.FeeScale)
	w.text("fee_asset", f.FeeAsset)
	w.text("counterparty", f.Counterparty)
	w.number("sequence", uint64(f.Sequence))
	w.instant("at", f.At)
}

// Trade appends a public trade.
func Trade(dst []byte, t *event.Trade) []byte {
	w := writer{dst}
	w.begin()
	w.trade(t.TradeID)
	w.text("instrument", t.Instrument)
	w.fixed("price", int64(t.Price), t.PriceDigits)
	w.fixed("quantity", int64(t.Quantity), t.QuantityDigits)
	w.text("taker_side", t.TakerSide.String())
	w.number("sequence", uint64(t.Sequence))
	w.instant("at", t.At)
	w.close()
	return w.b
}

// Book appends the depth of an instrument.
func Book(dst []byte, b *event.Book) []byte {
	w := writer{dst}
	w.begin()
	w.text("instrument", b.Instrument)
	w.number("sequence", uint64(b.Sequence))
	w.levels("bids", b.Bids, b)
	w.levels("asks", b.Asks, b)
	w.close()
	return w.b
}

func (w *writer) levels(name string, levels []event.Level, b *event.Book) {
	w.list(name)
	for _, l := range levels {
		w.comma()
		w.b = append(w.b, '[')
		w.fixedValue(int64(l.Price), b.PriceDigits)
		w.b = append(w.b, ',')
		w.fixedValue(int64(l.Quantity), b.QuantityDigits)
		w.b = append(w.b, ',')
		w.b = market.AppendFixed(w.b, int64(l.Orders), 0)
		w.b = append(w.b, ']')
	}
	w.endList()
}
