package market

// Side of an order (FIX 54).
type Side uint8

// The sides. SideNone is the taker side of an auction trade.
const (
	SideNone Side = iota
	Buy
	Sell
)

// Opposite returns the side that a trades with.
func (s Side) Opposite() Side {
	switch s {
	case Buy:
		return Sell
	case Sell:
		return Buy
	}
	return SideNone
}

// OrderType of an order (FIX 40).
type OrderType uint8

// The order types of the contract that are there from the start.
const (
	OrderTypeNone OrderType = iota
	Limit
	Market
	Stop
	StopLimit
)

// TimeInForce of an order (FIX 59).
type TimeInForce uint8

// The times in force of the contract that are there from the start.
const (
	TimeInForceNone   TimeInForce = iota
	GoodTillCancel                // gtc
	Day                           // day
	ImmediateOrCancel             // ioc
	FillOrKill                    // fok
	GoodTillDate                  // gtd
)

// SelfTradePrevention says what happens when an incoming order would trade
// with an order of the same owner (FIX 25001).
type SelfTradePrevention uint8

// The modes; the incoming order's decides.
const (
	STPNone SelfTradePrevention = iota
	STPCancelNewest
	STPCancelOldest
	STPCancelBoth
	STPDecrement
)

// OrderStatus of an order (FIX 39).
type OrderStatus uint8

// The statuses. An order is open while its status is at most PendingTrigger.
const (
	StatusNone OrderStatus = iota
	StatusOpen
	StatusPartiallyFilled
	StatusPendingTrigger
	StatusFilled
	StatusCancelled
	StatusRejected
	StatusExpired
)

// IsOpen reports whether an order of this status can still trade.
func (s OrderStatus) IsOpen() bool { return s >= StatusOpen && s <= StatusPendingTrigger }

// Phase of an instrument's trading day.
type Phase uint8

// The phases of the contract. The auctions are named here so that their
// numbers are settled; the machine refuses what it has no rules for.
const (
	PhaseNone Phase = iota
	PhaseClosed
	PhasePreOpen
	PhaseOpeningAuction
	PhaseContinuous
	PhaseVolatilityAuction
	PhaseClosingAuction
	PhaseHalted
	PhaseCancelOnly
	PhasePostOnly
)

// Role of a participant's key.
type Role uint8

// The roles of the contract.
const (
	RoleNone Role = iota
	RoleAdmin
	RoleTrader
	RoleRead
	RoleAudit
)

// Source says through which door a command came.
type Source uint8

// The sources of the contract.
const (
	SourceNone Source = iota
	SourceREST
	SourceFIX
	SourceConsole
	SourceTimer
	SourceSystem
)

// Liquidity says which side of a trade an order was on.
type Liquidity uint8

// The liquidity flags.
const (
	LiquidityNone Liquidity = iota
	Maker
	Taker
	Auction
)

// Reason says why an order ended without being filled.
type Reason uint8

// The reasons of the contract.
const (
	ReasonNone Reason = iota
	ReasonUser
	ReasonIOCRemainder
	ReasonNoLiquidity
	ReasonProtection
	ReasonFillLimit
	ReasonSelfTrade
	ReasonMassCancel
	ReasonSuspended
	ReasonDay
	ReasonGTD
	ReasonTriggerRefused
	ReasonDisconnected // its session was without a connection for too long
)

// enum is a closed list of names; the number of a name is its position.
type enum[T ~uint8] struct{ names []string }

func (e enum[T]) text(v T) string {
	if int(v) < len(e.names) {
		return e.names[v]
	}
	return "unknown"
}

func (e enum[T]) parse(s string) (T, bool) {
	if s == "" {
		return 0, false
	}
	for i, n := range e.names {
		if n == s {
			return T(i), true
		}
	}
	return 0, false
}

// values lists the names that text may have, for error messages and schemas.
func (e enum[T]) values() []string {
	out := make([]string, 0, len(e.names))
	for _, n := range e.names {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}

// The tables are functions of nothing. Inlined, their lists stay on the stack:
// a String takes 5 ns and allocates nothing. The first name stands for zero,
// "" where the contract leaves the field out.
func sides() enum[Side] { return enum[Side]{[]string{"none", "buy", "sell"}} }
func orderTypes() enum[OrderType] {
	return enum[OrderType]{[]string{"", "limit", "market", "stop", "stop_limit"}}
}
func timesInForce() enum[TimeInForce] {
	return enum[TimeInForce]{[]string{"", "gtc", "day", "ioc", "fok", "gtd"}}
}
func stps() enum[SelfTradePrevention] {
	return enum[SelfTradePrevention]{[]string{"none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement"}}
}
func statuses() enum[OrderStatus] {
	return enum[OrderStatus]{[]string{"", "open", "partially_filled", "pending_trigger", "filled", "cancelled", "rejected", "expired"}}
}
func phases() enum[Phase] {
	return enum[Phase]{[]string{"", "closed", "pre_open", "opening_auction", "continuous", "volatility_auction", "closing_auction", "halted", "cancel_only", "post_only"}}
}
func roles() enum[Role] { return enum[Role]{[]string{"", "admin", "trader", "read", "audit"}} }
func sources() enum[Source] {
	return enum[Source]{[]string{"", "rest", "fix", "console", "timer", "system"}}
}
func liquidities() enum[Liquidity] {
	return enum[Liquidity]{[]string{"", "maker", "taker", "auction"}}
}
func reasons() enum[Reason] {
	return enum[Reason]{[]string{"", "user", "ioc_remainder", "no_liquidity", "protection", "fill_limit", "self_trade", "mass_cancel", "suspended", "day", "gtd", "trigger_refused", "disconnected"}}
}

func (s Side) String() string                { return sides().text(s) }
func (t OrderType) String() string           { return orderTypes().text(t) }
func (t TimeInForce) String() string         { return timesInForce().text(t) }
func (m SelfTradePrevention) String() string { return stps().text(m) }
func (s OrderStatus) String() string         { return statuses().text(s) }
func (p Phase) String() string               { return phases().text(p) }
func (r Role) String() string                { return roles().text(r) }
func (s Source) String() string              { return sources().text(s) }
func (l Liquidity) String() string           { return liquidities().text(l) }
func (r Reason) String() string              { return reasons().text(r) }

// ParseSide reads "buy" or "sell".
func ParseSide(s string) (Side, bool) {
	v, ok := sides().parse(s)
	return v, ok && v != SideNone
}

// ParseOrderType reads an order type's contract name.
func ParseOrderType(s string) (OrderType, bool) { return orderTypes().parse(s) }

// ParseTimeInForce reads a time in force's contract name.
func ParseTimeInForce(s string) (TimeInForce, bool) { return timesInForce().parse(s) }

// ParseSelfTradePrevention reads a mode's contract name.
func ParseSelfTradePrevention(s string) (SelfTradePrevention, bool) { return stps().parse(s) }

// ParseOrderStatus reads a status's contract name.
func ParseOrderStatus(s string) (OrderStatus, bool) { return statuses().parse(s) }

// ParsePhase reads a phase's contract name.
func ParsePhase(s string) (Phase, bool) { return phases().parse(s) }

// ParseRole reads a role's contract name.
func ParseRole(s string) (Role, bool) { return roles().parse(s) }

// PhaseNames lists the phases' contract names.
func PhaseNames() []string { return phases().values() }

// StatusNames lists the order statuses' contract names.
func StatusNames() []string { return statuses().values() }
