package event

// Code is why the machine refused a command. Its number is on disk and never
// used again for something else.
type Code uint8

// The codes. CodeRiskLimit carries the limit's name: see Text.
const (
	CodeNone Code = iota
	CodeUnknownAccount
	CodeUnknownAsset
	CodeUnknownInstrument
	CodeUnknownOrder
	CodeSequenceConflict
	CodeAlreadyExists
	CodeTooLate
	CodeInsufficientFunds
	CodeRiskLimitMissing
	CodeRiskMaxOrderQuantity
	CodeRiskMaxOrderNotional
	CodeRiskMaxOpenOrders
	CodeRiskMaxPosition
	CodeRiskMaxGrossExposure
	CodeRiskMaxNetExposure
	CodeRiskMaxConcentrationBps
	CodeRiskMaxOrdersPerSecond
	CodeNoReferencePrice
	CodeReferenceStale
	CodePriceOutsideBand
	CodeMarketClosed
	CodeInstrumentHalted
	CodePhaseForbids
	CodePriceTick
	CodeQuantityStep
	CodeQuantityOutOfRange
	CodePriceOutOfRange
	CodeNotionalTooSmall
	CodeWouldCross
	CodeWouldTriggerImmediately
	CodeExpireInPast
	CodeFOKUnfillable
	CodeDuplicateClientOrderID
	CodeOrderClosed
	CodeQuantityBelowFilled
	CodeAccountSuspended
	CodeAccountClosed
	CodeAccountNotEmpty
	CodeHasOpenOrders
	CodeScaleMismatch
	CodeImmutable
	CodeAmountScale
	CodeAmountOutOfRange
	CodeOrderTypeUnsupported
	CodeTimeInForceUnsupported
	CodeInvalidParameters
	CodeFeesBelowZero
	CodeReservedID
	CodeUnknownParticipant
	CodeVenueFull
	CodeInstrumentRetired
	// The codes of FIX sessions. CodeForbidden and CodeThrottled are only there:
	// by REST what they say leaves no event.
	CodeForbidden
	CodeThrottled
	CodeSessionActive
	CodeSessionNumberTooLow
	CodeSessionExpectsTooMuch
	CodeSessionUnknown
	CodeSessionMustReset
	CodeSessionNotLoggedOn
	CodeUnknownKey
)

// codeRow is what outsiders see of a code.
type codeRow struct {
	text   string
	status int // HTTP
}

func (c Code) row() codeRow {
	switch c {
	case CodeUnknownAccount:
		return codeRow{"unknown_account", 404}
	case CodeUnknownAsset:
		return codeRow{"unknown_asset", 404}
	case CodeUnknownInstrument:
		return codeRow{"unknown_instrument", 404}
	case CodeUnknownKey:
		return codeRow{"unknown_key", 404}
	case CodeUnknownOrder:
		return codeRow{"unknown_order", 404}
	case CodeUnknownParticipant:
		return codeRow{"unknown_participant", 404}
	case CodeSequenceConflict:
		return codeRow{"sequence_conflict", 409}
	case CodeAlreadyExists:
		return codeRow{"already_exists", 409}
	case CodeForbidden:
		return codeRow{"forbidden", 403}
	case CodeThrottled:
		return codeRow{"throttled", 429}
	case CodeSessionUnknown:
		return codeRow{"unknown_session", 404}
	case CodeSessionActive:
		return codeRow{"session_active", 409}
	}
	return codeRow{c.businessText(), 422}
}

func (c Code) businessText() string {
	switch c {
	case CodeTooLate:
		return "too_late"
	case CodeInsufficientFunds:
		return "insufficient_funds"
	case CodeRiskLimitMissing:
		return "risk_limit_missing"
	case CodeRiskMaxOrderQuantity:
		return "risk_max_order_quantity"
	case CodeRiskMaxOrderNotional:
		return "risk_max_order_notional"
	case CodeRiskMaxOpenOrders:
		return "risk_max_open_orders"
	case CodeRiskMaxPosition:
		return "risk_max_position"
	case CodeRiskMaxGrossExposure:
		return "risk_max_gross_exposure"
	case CodeRiskMaxNetExposure:
		return "risk_max_net_exposure"
	case CodeRiskMaxConcentrationBps:
		return "risk_max_concentration_bps"
	case CodeRiskMaxOrdersPerSecond:
		return "risk_max_orders_per_second"
	case CodeNoReferencePrice:
		return "no_reference_price"
	case CodeReferenceStale:
		return "reference_stale"
	case CodePriceOutsideBand:
		return "price_outside_band"
	case CodeMarketClosed:
		return "market_closed"
	case CodeInstrumentHalted:
		return "instrument_halted"
	case CodePhaseForbids:
		return "phase_forbids"
	case CodePriceTick:
		return "price_tick"
	case CodeQuantityStep:
		return "quantity_step"
	case CodeQuantityOutOfRange:
		return "quantity_out_of_range"
	case CodePriceOutOfRange:
		return "price_out_of_range"
	case CodeNotionalTooSmall:
		return "notional_too_small"
	}
	return c.orderText()
}

func (c Code) orderText() string {
	switch c {
	case CodeWouldCross:
		return "would_cross"
	case CodeWouldTriggerImmediately:
		return "would_trigger_immediately"
	case CodeExpireInPast:
		return "expire_at_in_past"
	case CodeFOKUnfillable:
		return "fok_unfillable"
	case CodeDuplicateClientOrderID:
		return "duplicate_client_order_id"
	case CodeOrderClosed:
		return "order_closed"
	case CodeQuantityBelowFilled:
		return "quantity_below_filled"
	case CodeAccountSuspended:
		return "account_suspended"
	case CodeAccountClosed:
		return "account_closed"
	case CodeAccountNotEmpty:
		return "account_not_empty"
	case CodeHasOpenOrders:
		return "has_open_orders"
	case CodeScaleMismatch:
		return "scale_mismatch"
	case CodeImmutable:
		return "immutable"
	case CodeAmountScale:
		return "amount_scale"
	case CodeAmountOutOfRange:
		return "amount_out_of_range"
	case CodeOrderTypeUnsupported:
		return "order_type_unsupported"
	case CodeTimeInForceUnsupported:
		return "time_in_force_unsupported"
	case CodeInvalidParameters:
		return "invalid_parameters"
	case CodeFeesBelowZero:
		return "fees_below_zero"
	case CodeReservedID:
		return "reserved_id"
	case CodeVenueFull:
		return "venue_full"
	case CodeInstrumentRetired:
		return "instrument_retired"
	}
	return c.sessionText()
}

func (c Code) sessionText() string {
	switch c {
	case CodeSessionNumberTooLow:
		return "session_number_too_low"
	case CodeSessionExpectsTooMuch:
		return "session_expects_too_much"
	case CodeSessionMustReset:
		return "session_must_reset"
	case CodeSessionNotLoggedOn:
		return "session_not_logged_on"
	}
	return "unknown"
}

// Known reports whether the code is one of the list.
func (c Code) Known() bool { return c != CodeNone && c.Text() != "unknown" }

// Text returns the contract's name of the code.
func (c Code) Text() string { return c.row().text }

// HTTPStatus returns the status that a refusal with the code has over REST.
func (c Code) HTTPStatus() int { return c.row().status }
