package command

import "github.com/rialto-exchange/rialto/fsm/market"

// TermStart opens a leader's term (event LeaderStarted). Only the sequencer
// makes it.
type TermStart struct {
	Term   uint64
	Leader string
	// History is the id that the venue's past goes on under when the state
	// has none yet: the first leader chooses it.
	History uint64
	// Cause is why there is a new leader, a word that the venue keeps and does
	// not read, and Previous who led before; "" = the new one does not know. From
	// feature level 3 on.
	Cause, Previous string
}

// Probe asks, through the log and therefore linearizably, what became of a
// command id of the same participant. With an empty Target it asks nothing
// and is the barrier of linearizable reads. It changes nothing and emits no
// event; its own header's ID is not used up.
type Probe struct{ Target string }

// Fence settles a command id for good: if it was executed the answer is that
// outcome, else it never will be.
type Fence struct{ Target string }

// RaiseLevel puts the next feature level in force (event LevelRaised), from
// the entry after its own on. Only the venue itself sends it, once every
// member can follow.
type RaiseLevel struct{ Level uint16 }

// BeginHistory ends the venue's past here and goes on under another name (event
// HistoryBegan): sequences, stream positions and FIX numbers of the past before
// count no more. Only what restores a backup, or recovers a venue that lost its
// majority, makes it, as the last entry that the new history begins with, and
// never a running venue. From feature level 4 on.
type BeginHistory struct {
	// History is the new one's id, neither 0 nor the one in force.
	History uint64
	// Cause is why, a word that the venue keeps and does not read.
	Cause string
}

// VoidEntry stands in the place of an entry that the machine can't execute
// (event EntryVoided): none of its commands was executed, or ever will be. A node
// puts it there where an operator said so on all of them; it does not come
// through the log. It may stand at any feature level, since a build that does
// not know it could not pass the entry either.
type VoidEntry struct {
	// Index is the entry's, and Digest the SHA-256 of it.
	Index  uint64
	Digest [32]byte
}

// DefineAsset declares an asset or changes its minor unit.
type DefineAsset struct {
	Asset        string
	Scale        uint8 // ledger digits, 0–18; fixed after first use
	HasMinorUnit bool
	MinorUnit    uint8 // ISO 4217 exponent; absent = Scale
}

// Optional is a decimal that may be absent.
type Optional struct {
	Set   bool
	Value market.Decimal
}

// DefineInstrument declares an instrument or changes it.
type DefineInstrument struct {
	Instrument, Base, Quote string
	PriceTick, QuantityStep market.Decimal
	MinQuantity             Optional
	MaxQuantity             Optional
	MinNotional             Optional
	ReferencePrice          Optional
	PriceBandBps            Optional // both sides of the reference; absent = no band
	MarketProtectionBps     Optional // default 500
	MakerFeeBps             Optional // up to two digits, negative = rebate
	TakerFeeBps             Optional
	Calendar                string
	Phase                   market.Phase // PhaseNone = continuous when new, unchanged else
}

// HaltInstrument stops trading in an instrument; cancels go on.
type HaltInstrument struct{ Instrument, Reason string }

// ResumeInstrument returns a halted instrument to continuous trading.
type ResumeInstrument struct{ Instrument, Reason string }

// SetPhase moves an instrument to a phase.
type SetPhase struct {
	Instrument string
	Phase      market.Phase
	Reason     string
}

// RetireInstrument ends an instrument whose book is empty.
type RetireInstrument struct{ Instrument, Reason string }

// Key is one API credential: the secret is known by its hash only.
type Key struct {
	ID         string
	SecretHash string // lower-case hex SHA-256 of the secret
	Role       market.Role
	// MaxAgeMillis is the default validity of a command of this key; 0 = none.
	MaxAgeMillis uint32
}

// DefineParticipant declares who may act, with which keys and accounts.
type DefineParticipant struct {
	Participant string
	Role        market.Role
	Owner       string
	Accounts    []string
	FixCompIDs  []string
	// FixPasswordHash is the lower-case hex SHA-256 of the FIX password.
	FixPasswordHash string
	Keys            []Key
	// FixSessions are the FIX sessions that are more than a CompID: one of those
	// alone is for orders, by the protocol that its client logs on with.
	FixSessions []FixSession
}

// OpenAccount opens an account explicitly.
type OpenAccount struct{ Account, Owner, Participant string }

// CloseAccount closes an account whose balances are all zero.
type CloseAccount struct{ Account string }

// Money is an amount as a client gives it: Value in units of the asset, or,
// with Minor, a whole number of its minor units.
type Money struct {
	Asset string
	Value market.Decimal
	Minor bool
}

// Deposit credits an account against venue:external.
type Deposit struct {
	Account   string
	Money     Money
	Reference string
}

// Withdraw debits an account against venue:external.
type Withdraw struct {
	Account   string
	Money     Money
	Reference string
}

// Transfer moves money between two accounts.
type Transfer struct {
	From, To  string
	Money     Money
	Reference string
}

// LimitScope says whose limits are set; also the order of inheritance.
type LimitScope uint8

// The scopes.
const (
	ScopeNone LimitScope = iota
	ScopeAccount
	ScopeOwner
	ScopeInstrument
	ScopeVenue
)

// LimitState says whether a limit is set at its scope.
type LimitState uint8

// A limit is inherited, explicitly without bound, or a value.
const (
	LimitInherited LimitState = iota
	LimitUnlimited
	LimitValue
)

// Limit is one limit at one scope.
type Limit struct {
	State LimitState
	Value market.Decimal
}

// LimitName names the risk limits; they index Limits.
type LimitName uint8

// The limits of the contract.
const (
	MaxOrderQuantity LimitName = iota
	MaxOrderNotional
	MaxOpenOrders
	MaxPosition
	MaxGrossExposure
	MaxNetExposure
	MaxConcentrationBps
	MaxOrdersPerSecond
	LimitCount // how many there are; new limits are added before it
)

// Limits is a full set of limits at one scope.
type Limits [LimitCount]Limit

// String returns the contract's name of the limit.
func (n LimitName) String() string {
	switch n {
	case MaxOrderQuantity:
		return "max_order_quantity"
	case MaxOrderNotional:
		return "max_order_notional"
	case MaxOpenOrders:
		return "max_open_orders"
	case MaxPosition:
		return "max_position"
	case MaxGrossExposure:
		return "max_gross_exposure"
	case MaxNetExposure:
		return "max_net_exposure"
	case MaxConcentrationBps:
		return "max_concentration_bps"
	case MaxOrdersPerSecond:
		return "max_orders_per_second"
	}
	return "unknown"
}

// SetLimits sets the limits of one scope. A limit that the command does not
// name stays as it was.
type SetLimits struct {
	Scope  LimitScope
	Target string // account, owner or instrument; "" for the venue
	// Named says which limits the command names; Limits holds their values
	// (LimitInherited removes one).
	Named  [LimitCount]bool
	Limits Limits
}

// SuspendAccount is the kill switch: open orders are cancelled and the
// account may neither place nor amend nor move money out.
type SuspendAccount struct{ Account, Reason string }

// ResumeAccount ends a suspension.
type ResumeAccount struct{ Account, Reason string }

// PlaceOrder places an order (FIX NewOrderSingle).
type PlaceOrder struct {
	Account, Instrument string
	ClientOrderID       string // "" = none
	Side                market.Side
	Type                market.OrderType
	TimeInForce         market.TimeInForce // TimeInForceNone = the type's default
	STP                 market.SelfTradePrevention
	PostOnly            bool
	Quantity            Optional
	QuoteQuantity       Optional
	Price               Optional
	StopPrice           Optional
	DisplayQuantity     Optional
	ExpireAt            market.Nanos
}

// OrderRef names an order by its id, or by account and client order id.
type OrderRef struct {
	ID            market.OrderID // 0 = by the other two
	Account       string
	ClientOrderID string
	// Unparsed is an order id that cannot be one of the venue's: it was never
	// issued, and the machine answers so.
	Unparsed string
}

// AmendOrder changes an open order (FIX OrderCancelReplaceRequest).
type AmendOrder struct {
	Order            OrderRef
	Quantity         Optional // the new total, filled part included
	Price            Optional
	StopPrice        Optional
	DisplayQuantity  Optional
	NewClientOrderID string // "" = unchanged
	ExpireAt         market.Nanos
}

// CancelOrder cancels an open order (FIX OrderCancelRequest).
type CancelOrder struct{ Order OrderRef }

// CancelAll cancels an account's open orders, all or those of one instrument
// or side.
type CancelAll struct {
	Account    string
	Instrument string      // "" = all
	Side       market.Side // SideNone = both
}

// Kind returns the body's number; likewise below.
func (*TermStart) Kind() Kind         { return KindTermStart }
func (*Probe) Kind() Kind             { return KindProbe }
func (*Fence) Kind() Kind             { return KindFence }
func (*RaiseLevel) Kind() Kind        { return KindRaiseLevel }
func (*BeginHistory) Kind() Kind      { return KindBeginHistory }
func (*VoidEntry) Kind() Kind         { return KindVoidEntry }
func (*DefineAsset) Kind() Kind       { return KindDefineAsset }
func (*DefineInstrument) Kind() Kind  { return KindDefineInstrument }
func (*HaltInstrument) Kind() Kind    { return KindHaltInstrument }
func (*ResumeInstrument) Kind() Kind  { return KindResumeInstrument }
func (*SetPhase) Kind() Kind          { return KindSetPhase }
func (*RetireInstrument) Kind() Kind  { return KindRetireInstrument }
func (*DefineParticipant) Kind() Kind { return KindDefineParticipant }
func (*OpenAccount) Kind() Kind       { return KindOpenAccount }
func (*CloseAccount) Kind() Kind      { return KindCloseAccount }
func (*Deposit) Kind() Kind           { return KindDeposit }
func (*Withdraw) Kind() Kind          { return KindWithdraw }
func (*Transfer) Kind() Kind          { return KindTransfer }
func (*SetLimits) Kind() Kind         { return KindSetLimits }
func (*SuspendAccount) Kind() Kind    { return KindSuspendAccount }
func (*ResumeAccount) Kind() Kind     { return KindResumeAccount }
func (*PlaceOrder) Kind() Kind        { return KindPlaceOrder }
func (*AmendOrder) Kind() Kind        { return KindAmendOrder }
func (*CancelOrder) Kind() Kind       { return KindCancelOrder }
func (*CancelAll) Kind() Kind         { return KindCancelAll }
