package event

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// RecordKind numbers the records on disk. A number is never used again.
type RecordKind uint8

// The record kinds.
const (
	RecordAsset       RecordKind = 1
	RecordInstrument  RecordKind = 2
	RecordParticipant RecordKind = 3
	RecordAccount     RecordKind = 4
	RecordLimits      RecordKind = 5
	RecordFunds       RecordKind = 10
	RecordTransfer    RecordKind = 11
	RecordOrder       RecordKind = 20
	RecordFill        RecordKind = 21
	RecordSelfTrade   RecordKind = 22
	RecordMassCancel  RecordKind = 23
	RecordRejected    RecordKind = 30
	RecordFenced      RecordKind = 31
	RecordLeader      RecordKind = 32
	RecordLevel       RecordKind = 33
	RecordHistory     RecordKind = 34
	RecordVoided      RecordKind = 35
	// The records of FIX sessions.
	RecordOrderReported RecordKind = 24
	RecordLoggedOn      RecordKind = 40
	RecordRefused       RecordKind = 41
	RecordAdvanced      RecordKind = 42
	RecordEnded         RecordKind = 43
	RecordReset         RecordKind = 44
)

// AssetChanged is AssetDefined or AssetConfirmed.
type AssetChanged struct {
	Type  Type
	Asset Asset
}

// InstrumentChanged is InstrumentDefined, InstrumentConfirmed, PhaseChanged,
// PhaseConfirmed or InstrumentRetired. From is the phase before.
type InstrumentChanged struct {
	Type       Type
	Instrument Instrument
	From       market.Phase
	Reason     string
}

// ParticipantChanged is ParticipantDefined or ParticipantConfirmed. Its
// aggregate is market.ParticipantPrefix and the id.
type ParticipantChanged struct {
	Type        Type
	Participant Participant
}

// AccountChanged is AccountOpened, AccountClosed, AccountSuspended or
// AccountResumed.
type AccountChanged struct {
	Type    Type
	Account Account
	Reason  string
}

// LimitsChanged is LimitsSet or LimitsConfirmed: the limits of one scope after
// it. Its aggregate is the account or instrument, market.OwnerPrefix and the
// owner, or market.Venue.
type LimitsChanged struct {
	Type     Type
	Scope    command.LimitScope
	Target   string
	Limits   command.Limits
	Sequence uint64
}

// FundsChanged is FundsDeposited or FundsWithdrawn. The postings are
// Balance.Delta on the account and its negative on Counter.
type FundsChanged struct {
	Type      Type
	Account   string
	Sequence  uint64
	Balance   Balance
	Counter   AccountBalance
	Reference string
}

// FundsMoved is a transfer: FundsTransferred on the source, FundsPosted on the
// destination.
type FundsMoved struct {
	From, To  Posting // one balance each
	Reference string
}

// OrderChanged is OrderAccepted, OrderAmended, OrderCancelled, OrderExpired,
// OrderTriggered or OrderRejected. Hold is the balance that the order holds
// from, after it; Hold.Asset is "" if the event changed no hold.
type OrderChanged struct {
	Type  Type
	Order Order
	Hold  Balance
}

// Fill is one trade: TradeExecuted on the instrument, OrderFilled on the
// taker's order and then on the maker's, then FundsPosted on each account.
// Postings' deltas sum to zero in each asset.
type Fill struct {
	TradeID            market.TradeID
	InstrumentSequence uint64
	Price              market.Price
	Quantity           market.Quantity
	Notional           market.Amount
	TakerSide          market.Side // SideNone in an auction
	Taker, Maker       Order
	TakerFee, MakerFee market.Amount // in the quote asset; negative = rebate
	FeeAsset           string
	Postings           []Posting
}

// SelfTradePrevented says that Incoming and Resting would have traded with
// each other: one event on each order. Quantity is what did not trade. With
// decrement the images are after the decrease; with the other modes an
// OrderCancelled follows for each order that ends.
type SelfTradePrevented struct {
	Mode              market.SelfTradePrevention
	Quantity          market.Quantity
	Incoming, Resting Order
	Holds             []Balance // of the orders' account(s), incoming first
}

// OrdersCancelled closes a cancel-all (or a suspension) step: how many orders
// it cancelled, and whether a work item goes on in the next entries. Its
// aggregate is the account, whose sequence it does not advance.
type OrdersCancelled struct {
	Account         string
	AccountSequence uint64
	Cancelled       uint32
	Continues       bool
	// Instrument and Side are those of a FIX request, as far as it named them.
	Instrument string
	Side       market.Side
}

// CommandRejected is a refusal decided by the machine. It does not advance
// its aggregate.
type CommandRejected struct {
	Code   Code
	Rule   string // the rule that refused, for "[rule] reason"
	Detail string
	// Aggregate is the command's; CurrentSequence its sequence.
	Aggregate       string
	CurrentSequence uint64
	// Echo is what was asked for by FIX; nil for requests by other doors.
	Echo *Echo
}

// CommandFenced says that a command id will never be executed.
type CommandFenced struct {
	Participant, Target string
}

// LeaderStarted opens a term. Its aggregate is market.Venue.
type LeaderStarted struct {
	Term     uint64
	Leader   string
	Sequence uint64
	// Cause is why there is a new leader, and Previous who led before, as the new
	// one knew; "" = it did not. Gap is by how many nanoseconds this entry's time
	// is after that of the one before: for so long nothing was committed.
	Cause, Previous string
	Gap             uint64
}

// LevelRaised puts a feature level in force from the next entry on. Its
// aggregate is market.Venue.
type LevelRaised struct {
	Level    uint16
	Sequence uint64
}

// HistoryBegan ends the past of the name Previous and begins that of the name
// History: the venue was restored from a backup, or recovered without a
// majority; Cause says which. The block that holds it is the new history's
// first. Its aggregate is market.Venue.
type HistoryBegan struct {
	History, Previous uint64
	Cause             string
	Sequence          uint64
}

// EntryVoided says that the entry at Index, whose SHA-256 is Digest, was not
// executed and never will be: the machine could not, and an operator decided so.
// Its aggregate is market.Venue.
type EntryVoided struct {
	Index    uint64
	Digest   [32]byte
	Sequence uint64
}

// RecordKind, Events and Event of each record follow.

// RecordKind implements Record.
func (*AssetChanged) RecordKind() RecordKind { return RecordAsset }

// Events implements Record.
func (*AssetChanged) Events() int { return 1 }

// Event implements Record.
func (r *AssetChanged) Event(int) Part { return Part{r.Type, r.Asset.Asset, r.Asset.Sequence} }

// RecordKind implements Record.
func (*InstrumentChanged) RecordKind() RecordKind { return RecordInstrument }

// Events implements Record.
func (*InstrumentChanged) Events() int { return 1 }

// Event implements Record.
func (r *InstrumentChanged) Event(int) Part {
	return Part{r.Type, r.Instrument.Instrument, r.Instrument.Sequence}
}

// RecordKind implements Record.
func (*ParticipantChanged) RecordKind() RecordKind { return RecordParticipant }

// Events implements Record.
func (*ParticipantChanged) Events() int { return 1 }

// Event implements Record.
func (r *ParticipantChanged) Event(int) Part {
	return Part{r.Type, market.ParticipantPrefix + r.Participant.Participant, r.Participant.Sequence}
}

// RecordKind implements Record.
func (*AccountChanged) RecordKind() RecordKind { return RecordAccount }

// Events implements Record.
func (*AccountChanged) Events() int { return 1 }

// Event implements Record.
func (r *AccountChanged) Event(int) Part {
	return Part{r.Type, r.Account.Account, r.Account.Sequence}
}

// RecordKind implements Record.
func (*LimitsChanged) RecordKind() RecordKind { return RecordLimits }

// Events implements Record.
func (*LimitsChanged) Events() int { return 1 }

// Event implements Record.
func (r *LimitsChanged) Event(int) Part {
	switch r.Scope {
	case command.ScopeVenue:
		return Part{r.Type, market.Venue, r.Sequence}
	case command.ScopeOwner:
		return Part{r.Type, market.OwnerPrefix + r.Target, r.Sequence}
	}
	return Part{r.Type, r.Target, r.Sequence}
}

// RecordKind implements Record.
func (*FundsChanged) RecordKind() RecordKind { return RecordFunds }

// Events implements Record.
func (*FundsChanged) Events() int { return 1 }

// Event implements Record.
func (r *FundsChanged) Event(int) Part { return Part{r.Type, r.Account, r.Sequence} }

// RecordKind implements Record.
func (*FundsMoved) RecordKind() RecordKind { return RecordTransfer }

// Events implements Record.
func (*FundsMoved) Events() int { return 2 }

// Event implements Record.
func (r *FundsMoved) Event(i int) Part {
	if i == 0 {
		return Part{TypeFundsTransferred, r.From.Account, r.From.Sequence}
	}
	return Part{TypeFundsPosted, r.To.Account, r.To.Sequence}
}

// RecordKind implements Record.
func (*OrderChanged) RecordKind() RecordKind { return RecordOrder }

// Events implements Record.
func (*OrderChanged) Events() int { return 1 }

// Event implements Record.
func (r *OrderChanged) Event(int) Part {
	return Part{r.Type, r.Order.ID.String(), r.Order.Sequence}
}

// RecordKind implements Record.
func (*Fill) RecordKind() RecordKind { return RecordFill }

// Events implements Record.
func (r *Fill) Events() int { return 3 + len(r.Postings) }

// Event implements Record.
func (r *Fill) Event(i int) Part {
	switch i {
	case 0:
		return Part{TypeTradeExecuted, r.Taker.Instrument, r.InstrumentSequence}
	case 1:
		return Part{TypeOrderFilled, r.Taker.ID.String(), r.Taker.Sequence}
	case 2:
		return Part{TypeOrderFilled, r.Maker.ID.String(), r.Maker.Sequence}
	}
	p := &r.Postings[i-3]
	return Part{TypeFundsPosted, p.Account, p.Sequence}
}

// RecordKind implements Record.
func (*SelfTradePrevented) RecordKind() RecordKind { return RecordSelfTrade }

// Events implements Record.
func (*SelfTradePrevented) Events() int { return 2 }

// Event implements Record.
func (r *SelfTradePrevented) Event(i int) Part {
	o := &r.Incoming
	if i == 1 {
		o = &r.Resting
	}
	return Part{TypeSelfTradePrevented, o.ID.String(), o.Sequence}
}

// RecordKind implements Record.
func (*OrdersCancelled) RecordKind() RecordKind { return RecordMassCancel }

// Events implements Record.
func (*OrdersCancelled) Events() int { return 1 }

// Event implements Record.
func (r *OrdersCancelled) Event(int) Part {
	return Part{TypeOrdersCancelled, r.Account, r.AccountSequence}
}

// RecordKind implements Record.
func (*CommandRejected) RecordKind() RecordKind { return RecordRejected }

// Events implements Record.
func (*CommandRejected) Events() int { return 1 }

// Event implements Record.
func (r *CommandRejected) Event(int) Part {
	return Part{TypeCommandRejected, r.Aggregate, r.CurrentSequence}
}

// RecordKind implements Record.
func (*CommandFenced) RecordKind() RecordKind { return RecordFenced }

// Events implements Record.
func (*CommandFenced) Events() int { return 1 }

// Event implements Record.
func (r *CommandFenced) Event(int) Part { return Part{TypeCommandFenced, market.Venue, 0} }

// RecordKind implements Record.
func (*LeaderStarted) RecordKind() RecordKind { return RecordLeader }

// Events implements Record.
func (*LeaderStarted) Events() int { return 1 }

// Event implements Record.
func (r *LeaderStarted) Event(int) Part {
	return Part{TypeLeaderStarted, market.Venue, r.Sequence}
}

// RecordKind implements Record.
func (*LevelRaised) RecordKind() RecordKind { return RecordLevel }

// Events implements Record.
func (*LevelRaised) Events() int { return 1 }

// Event implements Record.
func (r *LevelRaised) Event(int) Part {
	return Part{TypeLevelRaised, market.Venue, r.Sequence}
}

// RecordKind implements Record.
func (*HistoryBegan) RecordKind() RecordKind { return RecordHistory }

// Events implements Record.
func (*HistoryBegan) Events() int { return 1 }

// Event implements Record.
func (r *HistoryBegan) Event(int) Part {
	return Part{TypeHistoryBegan, market.Venue, r.Sequence}
}

// RecordKind implements Record.
func (*EntryVoided) RecordKind() RecordKind { return RecordVoided }

// Events implements Record.
func (*EntryVoided) Events() int { return 1 }

// Event implements Record.
func (r *EntryVoided) Event(int) Part {
	return Part{TypeEntryVoided, market.Venue, r.Sequence}
}
