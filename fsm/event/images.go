package event

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Order is the whole image of an order after an event.
type Order struct {
	ID            market.OrderID
	ClientOrderID string
	Account       string
	Instrument    string
	Side          market.Side
	Type          market.OrderType
	TimeInForce   market.TimeInForce
	STP           market.SelfTradePrevention
	Status        market.OrderStatus
	Reason        market.Reason
	PostOnly      bool
	// Quantity is the total ordered, Filled + Remaining while the order is
	// open; Remaining is 0 once it is closed.
	Quantity  market.Quantity
	Filled    market.Quantity
	Remaining market.Quantity
	// Visible is what the book shows of the order when nothing more follows
	// in its entry; 0 = it does not rest.
	Visible         market.Quantity
	DisplayQuantity market.Quantity // 0 = everything shows
	QuoteQuantity   market.Amount   // 0 = none
	Price           market.Price    // 0 = none
	StopPrice       market.Price    // 0 = none
	ExpireAt        market.Nanos    // 0 = none
	FilledNotional  market.Amount
	Fees            market.Amount // paid so far; negative = received
	// Sequence is the order's aggregate sequence.
	Sequence             uint64
	CreatedAt, UpdatedAt market.Nanos
	// Session is the CompID of the FIX session that placed the order, while it is
	// in force; "" for others.
	Session string
	// The digits of prices and quantities, the quote asset's scale.
	PriceDigits, QuantityDigits, QuoteScale uint8
}

// Balance is one balance after an event, and by how much its total changed.
type Balance struct {
	Asset string
	// Delta is the change of Total by this event; 0 if only Held changed.
	Delta market.Amount
	Total market.Amount // available + held
	Held  market.Amount
	// Scale and MinorUnit are the asset's.
	Scale, MinorUnit uint8
}

// Available returns what can be used.
func (b Balance) Available() market.Amount { return b.Total - b.Held }

// AccountBalance is a balance with whose it is.
type AccountBalance struct {
	Account string
	Balance
}

// Posting is the effect of a trade on one account: one FundsPosted.
type Posting struct {
	Account string
	// Sequence is the account's aggregate sequence after it.
	Sequence uint64
	Balances []Balance
}

// Asset is an asset's definition.
type Asset struct {
	Asset     string
	Scale     uint8
	MinorUnit uint8
	Sequence  uint64
}

// Instrument is an instrument's definition and state. Absent optional values
// are 0.
type Instrument struct {
	Instrument, Base, Quote string
	Calendar                string
	PriceTick               market.Price    // in units of 10^-PriceDigits
	QuantityStep            market.Quantity // in units of 10^-QuantityDigits
	PriceDigits             uint8
	QuantityDigits          uint8
	BaseScale, QuoteScale   uint8
	MinQuantity             market.Quantity
	MaxQuantity             market.Quantity
	MinNotional             market.Amount
	ReferencePrice          market.Price
	HasPriceBand            bool
	PriceBand               market.BasisPoints
	MarketProtection        market.BasisPoints
	MakerFee, TakerFee      market.BasisPoints
	Phase                   market.Phase
	Retired                 bool
	Sequence                uint64
}

// Participant is a participant's definition.
type Participant struct {
	command.DefineParticipant
	Sequence uint64
}

// Account is an account's state.
type Account struct {
	Account, Owner, Participant string
	Suspended, Closed           bool
	Sequence                    uint64
}
