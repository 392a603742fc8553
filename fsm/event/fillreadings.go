package event

import "github.com/rialto-exchange/rialto/fsm/market"

// Trade returns the public side of a fill. First is the sequence of its
// TradeExecuted.
func (r *Fill) Trade(first market.Sequence, at market.Nanos) Trade {
	return Trade{
		TradeID: r.TradeID, Instrument: r.Taker.Instrument,
		Price: r.Price, Quantity: r.Quantity, TakerSide: r.TakerSide,
		PriceDigits: r.Taker.PriceDigits, QuantityDigits: r.Taker.QuantityDigits,
		Sequence: first, At: at,
	}
}

// Own returns one order's side of a fill, the taker's or the maker's.
func (r *Fill) Own(trade Trade, taker bool) OwnFill {
	own, other, fee, liquidity := &r.Maker, &r.Taker, r.MakerFee, market.Maker
	if taker {
		own, other, fee, liquidity = &r.Taker, &r.Maker, r.TakerFee, market.Taker
	}
	if r.TakerSide == market.SideNone {
		liquidity = market.Auction
	}
	return OwnFill{
		Trade: trade, OrderID: own.ID, Account: own.Account, Side: own.Side,
		MakerOrderID: r.Maker.ID, TakerOrderID: r.Taker.ID, Liquidity: liquidity,
		Fee: fee, FeeAsset: r.FeeAsset, FeeScale: own.QuoteScale, Counterparty: other.Account,
	}
}

// Executed returns the sequence of the fill's OrderFilled for this side: the
// taker's follows the trade, the maker's the taker's.
func (f *OwnFill) Executed() market.Sequence {
	if f.OrderID == f.TakerOrderID {
		return f.Sequence + 1
	}
	return f.Sequence + 2
}
