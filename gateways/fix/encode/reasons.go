package encode

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// OrdRejReason (103).
const (
	rejectedSymbol      = 1
	rejectedClosed      = 2
	rejectedLimit       = 3
	rejectedUnknown     = 5
	rejectedDuplicate   = 6
	rejectedUnsupported = 11
	rejectedQuantity    = 13
	rejectedAccount     = 15
	rejectedOther       = 99
)

// orderRejection is OrdRejReason (103) of a refusal.
func orderRejection(c event.Code) uint64 {
	switch c {
	case event.CodeUnknownInstrument, event.CodeInstrumentRetired:
		return rejectedSymbol
	case event.CodeMarketClosed, event.CodeInstrumentHalted, event.CodePhaseForbids:
		return rejectedClosed
	case event.CodeInsufficientFunds, event.CodeRiskLimitMissing,
		event.CodeRiskMaxOrderQuantity, event.CodeRiskMaxOrderNotional, event.CodeRiskMaxOpenOrders,
		event.CodeRiskMaxPosition, event.CodeRiskMaxGrossExposure, event.CodeRiskMaxNetExposure,
		event.CodeRiskMaxConcentrationBps, event.CodeRiskMaxOrdersPerSecond:
		return rejectedLimit
	case event.CodeDuplicateClientOrderID:
		return rejectedDuplicate
	case event.CodeOrderTypeUnsupported, event.CodeTimeInForceUnsupported, event.CodeInvalidParameters:
		return rejectedUnsupported
	case event.CodeQuantityStep, event.CodeQuantityOutOfRange, event.CodeNotionalTooSmall:
		return rejectedQuantity
	case event.CodeUnknownAccount, event.CodeAccountSuspended, event.CodeAccountClosed, event.CodeForbidden:
		return rejectedAccount
	}
	return rejectedOther
}

// CxlRejReason (102).
const (
	cancelTooLate      = 0
	cancelUnknownOrder = 1
	cancelDuplicate    = 6
	cancelOther        = 99
)

// cancelRejection is CxlRejReason (102) of a refusal.
func cancelRejection(c event.Code) uint64 {
	switch c {
	case event.CodeOrderClosed:
		return cancelTooLate
	case event.CodeUnknownOrder:
		return cancelUnknownOrder
	case event.CodeDuplicateClientOrderID:
		return cancelDuplicate
	}
	return cancelOther
}

// MassCancelRejectReason (532).
const (
	massCancelSymbol = "1"
	massCancelOther  = "99"
)

// massCancelRejection is MassCancelRejectReason (532) of a refusal.
func massCancelRejection(c event.Code) string {
	if c == event.CodeUnknownInstrument {
		return massCancelSymbol
	}
	return massCancelOther
}

// ExecRestatementReason (378), also of cancels that nobody of the session asked
// for.
const (
	restatedDeclined = 5 // partial decline of OrderQty
	restatedByMarket = 8 // market (exchange) option
	restatedOther    = 99
)

// restatement is ExecRestatementReason (378) of an unsolicited cancel: the
// venue's rules, or somebody else who may.
func restatement(r market.Reason) uint64 {
	switch r {
	case market.ReasonUser, market.ReasonMassCancel, market.ReasonDisconnected:
		return restatedOther
	}
	return restatedByMarket
}

// reasonText says in words why an order ended.
func reasonText(r market.Reason) string {
	switch r {
	case market.ReasonUser:
		return "cancelled for its participant, not by this session"
	case market.ReasonIOCRemainder:
		return "the rest of an immediate-or-cancel order"
	case market.ReasonNoLiquidity:
		return "nothing to trade with"
	case market.ReasonProtection:
		return "the market protection of the instrument was reached"
	case market.ReasonFillLimit:
		return "one command makes no more fills"
	case market.ReasonSelfTrade:
		return "it would have traded with an order of the same owner"
	case market.ReasonMassCancel:
		return "all orders were cancelled"
	case market.ReasonSuspended:
		return "the account was suspended"
	case market.ReasonDay:
		return "the end of the day"
	case market.ReasonGTD:
		return "its time was over"
	case market.ReasonDisconnected:
		return "its session was without a connection for too long"
	case market.ReasonTriggerRefused:
		return "refused when it was triggered"
	}
	return ""
}
