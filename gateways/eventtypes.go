package gateways

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// InstrumentChange is what the events of instruments say. Previous is the phase
// before, PhaseNone where it did not change.
type InstrumentChange struct {
	Instrument event.Instrument
	Previous   market.Phase
	Reason     string
}

// AccountChange is what the events of accounts say.
type AccountChange struct {
	Account event.Account
	Reason  string
}

// LimitsChange is the limits of one scope, after it.
type LimitsChange struct {
	Scope  command.LimitScope
	Target string
	Limits command.Limits
}

// FundsChange is money that came into the venue or left it. Balance is the
// account's after it, Delta by how much; the postings sum to zero.
type FundsChange struct {
	Account   string
	Balance   event.Balance
	Reference string
	Postings  []PostedAmount
}

// PostedAmount is one line of a posting, in units of 10^-Scale.
type PostedAmount struct {
	Account, Asset string
	Amount         market.Amount
	Scale          uint8
}

// OrderChange is an order after an event. Hold is the balance that it holds
// from, after it; Hold.Asset is "" if that did not change.
type OrderChange struct {
	Order event.Order
	Hold  event.Balance
}

// TradeParties is what only a full viewer sees of a trade. Fees are in the quote
// asset; negative is a rebate.
type TradeParties struct {
	MakerAccount, TakerAccount string
	MakerFee, TakerFee         market.Amount
	FeeAsset                   string
	Postings                   []PostedAmount
}

// The data of public events, one type each, named like the event.
type (
	// AssetDefined: the asset is new, or was changed.
	AssetDefined struct{ Asset event.Asset }
	// AssetConfirmed: it was defined again, as it was.
	AssetConfirmed      struct{ Asset event.Asset }
	InstrumentDefined   struct{ InstrumentChange }
	InstrumentConfirmed struct{ InstrumentChange }
	PhaseChanged        struct{ InstrumentChange }
	PhaseConfirmed      struct{ InstrumentChange }
	InstrumentRetired   struct{ InstrumentChange }
	// ParticipantDefined holds no secret, nor the hash of one.
	ParticipantDefined   struct{ Participant event.Participant }
	ParticipantConfirmed struct{ Participant event.Participant }
	AccountOpened        struct{ AccountChange }
	AccountClosed        struct{ AccountChange }
	AccountSuspended     struct{ AccountChange }
	AccountResumed       struct{ AccountChange }
	LimitsSet            struct{ LimitsChange }
	LimitsConfirmed      struct{ LimitsChange }
	FundsDeposited       struct{ FundsChange }
	FundsWithdrawn       struct{ FundsChange }
	// FundsTransferred is the end of a transfer that gives.
	FundsTransferred struct {
		Account, To string
		Balances    []event.Balance
		Reference   string
		Postings    []PostedAmount // for a full viewer
	}
	// FundsPosted is the end of a transfer that takes, or what a trade did to one
	// account.
	FundsPosted struct {
		Account   string
		From      string         // of a transfer, for a full viewer
		TradeID   market.TradeID // 0: it is no trade's
		Balances  []event.Balance
		Reference string
		Postings  []PostedAmount // of a transfer, for a full viewer
	}
	OrderAccepted  struct{ OrderChange }
	OrderAmended   struct{ OrderChange }
	OrderCancelled struct{ OrderChange }
	OrderExpired   struct{ OrderChange }
	OrderTriggered struct{ OrderChange }
	OrderRejected  struct{ OrderChange }
	OrderFilled    struct {
		Order event.Order
		Fill  event.OwnFill // Counterparty is for a full viewer
	}
	// OrderReported: a FIX client asked again for an order that it had placed.
	OrderReported struct{ Order event.Order }
	TradeExecuted struct {
		TradeID                                 market.TradeID
		Instrument                              string
		Price                                   market.Price
		Quantity                                market.Quantity
		Notional                                market.Amount
		TakerSide                               market.Side // SideNone in an auction
		MakerOrderID, TakerOrderID              market.OrderID
		PriceDigits, QuantityDigits, QuoteScale uint8
		Parties                                 *TradeParties // nil but for a full viewer
	}
	SelfTradePrevented struct {
		Order    event.Order
		Other    market.OrderID
		Mode     market.SelfTradePrevention
		Quantity market.Quantity // that did not trade
	}
	// OrdersCancelled closes one step of a mass cancel.
	OrdersCancelled struct {
		Account   string
		Cancelled uint32
		Continues bool // in the next entries
	}
	CommandRejected struct {
		Code            event.Code
		Rule, Detail    string
		CurrentSequence uint64 // of the aggregate
	}
	// CommandFenced: the id will never be executed.
	CommandFenced struct{ Participant, CommandID string }
	LeaderStarted struct {
		Term   uint64
		Leader string
		// Cause is why there is a new leader, Previous who led before, Gap for how
		// many nanoseconds nothing was committed; "" and 0: not known.
		Cause, Previous string
		Gap             uint64
	}
	LevelRaised  struct{ Level uint16 }
	HistoryBegan struct {
		History, Previous uint64
		Cause             string
	}
	EntryVoided struct {
		Index  uint64
		SHA256 [32]byte
	}
	SessionLoggedOn  struct{ event.SessionLoggedOn }
	SessionRefused   struct{ event.SessionRefused }
	SessionsAdvanced struct{ event.SessionsAdvanced }
	SessionEnded     struct{ event.SessionEnded }
	SessionReset     struct{ event.SessionReset }
)

// EventType implements Data; likewise below.
func (*AssetDefined) EventType() event.Type { return event.TypeAssetDefined }

func (*AssetConfirmed) EventType() event.Type       { return event.TypeAssetConfirmed }
func (*InstrumentDefined) EventType() event.Type    { return event.TypeInstrumentDefined }
func (*InstrumentConfirmed) EventType() event.Type  { return event.TypeInstrumentConfirmed }
func (*PhaseChanged) EventType() event.Type         { return event.TypePhaseChanged }
func (*PhaseConfirmed) EventType() event.Type       { return event.TypePhaseConfirmed }
func (*InstrumentRetired) EventType() event.Type    { return event.TypeInstrumentRetired }
func (*ParticipantDefined) EventType() event.Type   { return event.TypeParticipantDefined }
func (*ParticipantConfirmed) EventType() event.Type { return event.TypeParticipantConfirmed }
func (*AccountOpened) EventType() event.Type        { return event.TypeAccountOpened }
func (*AccountClosed) EventType() event.Type        { return event.TypeAccountClosed }
func (*AccountSuspended) EventType() event.Type     { return event.TypeAccountSuspended }
func (*AccountResumed) EventType() event.Type       { return event.TypeAccountResumed }
func (*LimitsSet) EventType() event.Type            { return event.TypeLimitsSet }
func (*LimitsConfirmed) EventType() event.Type      { return event.TypeLimitsConfirmed }
func (*FundsDeposited) EventType() event.Type       { return event.TypeFundsDeposited }
func (*FundsWithdrawn) EventType() event.Type       { return event.TypeFundsWithdrawn }
func (*FundsTransferred) EventType() event.Type     { return event.TypeFundsTransferred }
func (*FundsPosted) EventType() event.Type          { return event.TypeFundsPosted }
func (*OrderAccepted) EventType() event.Type        { return event.TypeOrderAccepted }
func (*OrderAmended) EventType() event.Type         { return event.TypeOrderAmended }
func (*OrderCancelled) EventType() event.Type       { return event.TypeOrderCancelled }
func (*OrderExpired) EventType() event.Type         { return event.TypeOrderExpired }
func (*OrderTriggered) EventType() event.Type       { return event.TypeOrderTriggered }
func (*OrderRejected) EventType() event.Type        { return event.TypeOrderRejected }
func (*OrderFilled) EventType() event.Type          { return event.TypeOrderFilled }
func (*OrderReported) EventType() event.Type        { return event.TypeOrderReported }
func (*TradeExecuted) EventType() event.Type        { return event.TypeTradeExecuted }
func (*SelfTradePrevented) EventType() event.Type   { return event.TypeSelfTradePrevented }
func (*OrdersCancelled) EventType() event.Type      { return event.TypeOrdersCancelled }
func (*CommandRejected) EventType() event.Type      { return event.TypeCommandRejected }
func (*CommandFenced) EventType() event.Type        { return event.TypeCommandFenced }
func (*LeaderStarted) EventType() event.Type        { return event.TypeLeaderStarted }
func (*LevelRaised) EventType() event.Type          { return event.TypeLevelRaised }
func (*HistoryBegan) EventType() event.Type         { return event.TypeHistoryBegan }
func (*EntryVoided) EventType() event.Type          { return event.TypeEntryVoided }
func (*SessionLoggedOn) EventType() event.Type      { return event.TypeSessionLoggedOn }
func (*SessionRefused) EventType() event.Type       { return event.TypeSessionRefused }
func (*SessionsAdvanced) EventType() event.Type     { return event.TypeSessionsAdvanced }
func (*SessionEnded) EventType() event.Type         { return event.TypeSessionEnded }
func (*SessionReset) EventType() event.Type         { return event.TypeSessionReset }
