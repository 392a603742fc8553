package event

import "github.com/rialto-exchange/rialto/fsm/market"

// The types below are what reads answer with: images from events, and when
// they last changed. They live beside the events so that read models and
// gateways share them without knowing each other.

// Pin is a point of the venue's past: everything up to Sequence, whose time
// is At.
type Pin struct {
	Sequence market.Sequence
	At       market.Nanos
}

// Reading is an image with the event that last changed it. Version is the
// aggregate's sequence after that event.
type Reading[T any] struct {
	Value   T
	Version uint64
	Changed Pin
}

// Page says which part of a list is wanted. Lists are ordered by sequence,
// ascending unless Descending.
type Page struct {
	// After is exclusive; 0 = from the beginning (or, descending, the end).
	After      market.Sequence
	Limit      int // 1–1,000
	Descending bool
	// From is inclusive, To exclusive; 0 = unbounded.
	From, To market.Nanos
}

// List is one page. Next is the After of the following page, 0 at the end.
type List[T any] struct {
	Items []T
	Next  market.Sequence
}

// Trade is one public trade.
type Trade struct {
	TradeID        market.TradeID
	Instrument     string
	Price          market.Price
	Quantity       market.Quantity
	TakerSide      market.Side
	PriceDigits    uint8
	QuantityDigits uint8
	Sequence       market.Sequence // of its TradeExecuted
	At             market.Nanos
}

// OwnFill is one order's side of a trade.
type OwnFill struct {
	Trade
	OrderID      market.OrderID
	Account      string
	Side         market.Side
	MakerOrderID market.OrderID
	TakerOrderID market.OrderID
	Liquidity    market.Liquidity
	Fee          market.Amount
	FeeAsset     string
	FeeScale     uint8
	// Counterparty is the other side's account: for admin and audit only.
	Counterparty string
}

// Level is one price of a book.
type Level struct {
	Price    market.Price
	Quantity market.Quantity // visible
	Orders   uint32
}

// Book is the depth of an instrument, best first.
type Book struct {
	Instrument     string
	PriceDigits    uint8
	QuantityDigits uint8
	Sequence       market.Sequence
	Bids, Asks     []Level
}

// Position is what an account holds of an instrument's base by trading.
// AveragePrice and the profits are in units of the quote's 10^-scale per
// whole base unit and in quote ledger units.
type Position struct {
	Instrument     string
	Quantity       market.Quantity // signed
	QuantityDigits uint8
	Cost           market.Amount // of what is held, at entry prices
	Realised       market.Amount
	QuoteScale     uint8
	PriceDigits    uint8
	Mark           market.Price // 0 = none
}

// StatementLine is one change of one balance.
type StatementLine struct {
	Sequence  market.Sequence
	At        market.Nanos
	Type      Type
	Balance   Balance
	Reference string
	TradeID   market.TradeID
}

// TrialBalanceLine sums one asset over the whole ledger.
type TrialBalanceLine struct {
	Asset   string
	Scale   uint8
	Debits  market.Amount // sum of the negative balances, as a positive number
	Credits market.Amount
}
