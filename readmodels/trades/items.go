package trades

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// appendTrade packs a trade without its instrument, which the list names.
func appendTrade(dst []byte, t *event.Trade) []byte {
	dst = append(dst, byte(t.TakerSide), t.PriceDigits, t.QuantityDigits)
	dst = readmodels.AppendUint(dst, uint64(t.TradeID))
	dst = readmodels.AppendInt(dst, int64(t.Price))
	dst = readmodels.AppendInt(dst, int64(t.Quantity))
	dst = readmodels.AppendUint(dst, uint64(t.Sequence))
	return readmodels.AppendInt(dst, int64(t.At))
}

func unpackTrade(u *readmodels.Unpacker) event.Trade {
	t := event.Trade{TakerSide: market.Side(u.Byte()), PriceDigits: u.Byte(), QuantityDigits: u.Byte()}
	t.TradeID = market.TradeID(u.Uint())
	t.Price = market.Price(u.Int())
	t.Quantity = market.Quantity(u.Int())
	t.Sequence = market.Sequence(u.Uint())
	t.At = market.Nanos(u.Int())
	return t
}

// appendFill packs a fill without its account, which the list names. Which of
// the two orders is its own follows from OrderID.
func appendFill(dst []byte, f *event.OwnFill) []byte {
	dst = appendTrade(dst, &f.Trade)
	dst = readmodels.AppendText(dst, f.Instrument)
	dst = append(dst, byte(f.Side), byte(f.Liquidity), f.FeeScale)
	dst = readmodels.AppendUint(dst, uint64(f.OrderID))
	dst = readmodels.AppendUint(dst, uint64(f.MakerOrderID))
	dst = readmodels.AppendUint(dst, uint64(f.TakerOrderID))
	dst = readmodels.AppendInt(dst, int64(f.Fee))
	dst = readmodels.AppendText(dst, f.FeeAsset)
	return readmodels.AppendText(dst, f.Counterparty)
}

func unpackFill(u *readmodels.Unpacker) event.OwnFill {
	f := event.OwnFill{Trade: unpackTrade(u)}
	f.Instrument = u.Text()
	f.Side, f.Liquidity, f.FeeScale = market.Side(u.Byte()), market.Liquidity(u.Byte()), u.Byte()
	f.OrderID = market.OrderID(u.Uint())
	f.MakerOrderID = market.OrderID(u.Uint())
	f.TakerOrderID = market.OrderID(u.Uint())
	f.Fee = market.Amount(u.Int())
	f.FeeAsset = u.Text()
	f.Counterparty = u.Text()
	return f
}
