package model

import (
	"strings"
)

// Taken makes a command of its own events, for what others sent: those who set
// the venue up, and FIX. What they wanted is believed; what came of it is held
// to the model like all else. Of a refusal nobody knows what was wanted.
func (v *Venue) Taken(events []Event) (Command, bool) {
	e := &events[0]
	verb, payload := "", map[string]any{}
	for _, member := range strings.Fields(membersOf(e.Type)) {
		if value, ok := e.Data[member]; ok {
			payload[member] = value
		}
	}
	switch e.Type {
	case "AssetDefined", "AssetConfirmed":
		verb = "assets/define"
	case "InstrumentDefined", "InstrumentConfirmed":
		verb = "instruments/define"
	case "InstrumentRetired":
		verb = "instruments/retire"
	case "PhaseChanged", "PhaseConfirmed":
		verb = "instruments/set-phase"
	case "ParticipantDefined", "ParticipantConfirmed":
		verb = "participants/define"
	case "AccountOpened":
		verb = "accounts/open"
	case "AccountClosed":
		verb = "accounts/close"
	case "AccountSuspended":
		verb = "accounts/suspend"
	case "AccountResumed":
		verb = "accounts/resume"
	case "FundsDeposited":
		verb = "accounts/deposit"
	case "FundsWithdrawn":
		verb = "accounts/withdraw"
		payload["amount"] = strings.TrimPrefix(text(payload["amount"]), "-")
	case "FundsTransferred":
		verb = "accounts/transfer"
		v.takeTransfer(e, payload)
	case "LimitsSet", "LimitsConfirmed":
		verb = v.takeLimits(e, payload)
	case "OrderAccepted":
		verb = "orders/place"
		takeOrder(e, payload)
	case "OrderAmended":
		verb = "orders/amend"
		v.takeAmendment(e, payload)
	case "OrderCancelled":
		verb = "orders/cancel"
		if payload["order_id"] = e.Aggregate; reasonOf(e) == "mass_cancel" {
			o := v.orders[e.Aggregate]
			if o == nil {
				return Command{}, false
			}
			verb, payload = "orders/cancel-all", map[string]any{"account": o.account.name}
		}
	case "OrdersCancelled":
		verb = "orders/cancel-all"
	case "SessionReset":
		verb = "sessions/reset"
	case "SessionEnded":
		verb = "sessions/logout"
	default:
		return Command{}, false
	}
	return Command{Verb: verb, ID: e.CommandID, payload: payload, taken: true}, true
}

// membersOf lists the fields of an event that its command had.
func membersOf(kind string) string {
	switch kind {
	case "AssetDefined", "AssetConfirmed":
		return "asset scale minor_unit"
	case "InstrumentDefined", "InstrumentConfirmed":
		return "instrument base quote price_tick quantity_step min_quantity max_quantity min_notional reference_price " +
			"price_band_bps market_protection_bps maker_fee_bps taker_fee_bps phase"
	case "InstrumentRetired":
		return "instrument reason"
	case "PhaseChanged", "PhaseConfirmed":
		return "instrument phase reason"
	case "ParticipantDefined", "ParticipantConfirmed":
		return "participant role owner accounts fix_comp_ids fix_sessions keys"
	case "AccountOpened":
		return "account owner participant"
	case "AccountClosed", "OrdersCancelled":
		return "account"
	case "AccountSuspended", "AccountResumed":
		return "account reason"
	case "FundsDeposited", "FundsWithdrawn":
		return "account asset amount reference"
	case "FundsTransferred":
		return "account to reference"
	case "SessionReset", "SessionEnded":
		return "comp_id"
	}
	return ""
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func (v *Venue) takeTransfer(e *Event, payload map[string]any) {
	balances, _ := e.Data["balances"].([]any)
	if len(balances) == 1 {
		b, _ := balances[0].(map[string]any)
		payload["asset"], payload["amount"] = b["asset"], strings.TrimPrefix(text(b["amount"]), "-")
	}
}

// takeLimits names all limits of the level: what is inherited is said too.
func (v *Venue) takeLimits(e *Event, payload map[string]any) string {
	set, _ := e.Data["limits"].(map[string]any)
	for _, name := range limitNames() {
		if payload[name] = "inherited"; set[name] != nil {
			payload[name] = set[name]
		}
	}
	scope := text(e.Data["scope"])
	if scope == "venue" {
		return "venue/set-limits"
	}
	payload[scope] = e.Data["target"]
	return scope + "s/set-limits"
}

func takeOrder(e *Event, payload map[string]any) {
	o, _ := e.Data["order"].(map[string]any)
	for _, member := range strings.Fields(`account instrument side type time_in_force price stop_price display_quantity
		post_only self_trade_prevention client_order_id`) {
		if value, ok := o[member]; ok {
			payload[member] = value
		}
	}
	if quote, ok := o["quote_quantity"]; ok {
		payload["quote_quantity"] = quote
	} else {
		payload["quantity"] = o["quantity"]
	}
	if o["time_in_force"] == "gtd" {
		payload["expire_at"] = o["expire_at"]
	}
}

func (v *Venue) takeAmendment(e *Event, payload map[string]any) {
	o, _ := e.Data["order"].(map[string]any)
	payload["order_id"] = e.Aggregate
	was := v.orders[e.Aggregate]
	if was == nil {
		return
	}
	before := was.data()
	for _, member := range strings.Fields("quantity price stop_price display_quantity expire_at client_order_id") {
		if value, ok := o[member]; ok && value != before[member] {
			payload[member] = value
		}
	}
}
