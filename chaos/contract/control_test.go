package contract_test

import (
	"encoding/json"
	"testing"
)

// TestSuspend shows the kill switch: orders cancelled, trading and money out
// blocked, money in and reads going on, until resumed.
func TestSuspend(t *testing.T) {
	m := newMarket(t, nil)
	id := m.rest(m.limit(m.maker, "sell", "1", "3000"))
	m.must("accounts/suspend", fields{"account": m.maker, "reason": "test"}).want(t, 200, fields{"cancelled_count": 1, "cancelled.0": id})
	m.get(0, "/v1/queries/orders/"+id+"?consistency=linearizable").want(t, 200, fields{"status": "cancelled", "reason": "suspended"})
	money := fields{"account": m.maker, "amount": "1", "asset": "USD"}
	m.place(m.limit(m.maker, "sell", "1", "3000")).refused(t, 422, "account_suspended")
	m.command("accounts/withdraw", money).refused(t, 422, "account_suspended")
	m.command("accounts/transfer", money.with(fields{"to": m.taker})).refused(t, 422, "account_suspended")
	m.must("accounts/deposit", money)
	m.must("accounts/transfer", fields{"account": m.taker, "to": m.maker, "amount": "1", "asset": "USD"})
	m.command("orders/cancel", fields{"order_id": id}).refused(t, 422, "order_closed")
	m.must("orders/cancel-all", fields{"account": m.maker})
	m.must("accounts/resume", fields{"account": m.maker})
	m.rest(m.limit(m.maker, "sell", "1", "3000"))
}

// TestPhases shows which orders each phase takes, whether it lets cancel, and
// how it refuses.
func TestPhases(t *testing.T) {
	m := newMarket(t, nil)
	plain := m.limit(m.maker, "sell", "1", "3000")
	for _, c := range []struct {
		phase                    string
		limit, postOnly, cancels string // the code of the refusal, "" = taken
	}{
		{"continuous", "", "", ""},
		{"closed", "market_closed", "market_closed", "market_closed"},
		{"halted", "instrument_halted", "instrument_halted", ""},
		{"cancel_only", "phase_forbids", "phase_forbids", ""},
		{"post_only", "phase_forbids", "", ""},
	} {
		t.Run(c.phase, func(t *testing.T) {
			m.must("instruments/set-phase", fields{"instrument": m.instrument, "phase": "continuous"})
			resting := m.rest(plain)
			m.must("instruments/set-phase", fields{"instrument": m.instrument, "phase": c.phase}).want(t, 200, fields{"instrument.phase": c.phase})
			taken := func(r reply, code string) {
				t.Helper()
				if code == "" {
					r.want(t, 200, nil)
				} else {
					r.refused(t, 422, code)
				}
			}
			taken(m.command("orders/amend", fields{"order_id": resting, "quantity": "0.9"}), c.limit)
			taken(m.command("orders/cancel", fields{"order_id": resting}), c.cancels)
			taken(m.place(plain), c.limit)
			taken(m.place(plain.with(fields{"post_only": true})), c.postOnly)
			m.must("instruments/set-phase", fields{"instrument": m.instrument, "phase": "continuous"})
			m.clear()
		})
	}
	m.must("instruments/halt", fields{"instrument": m.instrument, "reason": "test"}).want(t, 200, fields{"instrument.phase": "halted"})
	m.must("instruments/resume", fields{"instrument": m.instrument}).want(t, 200, fields{"instrument.phase": "continuous"})
	m.command("instruments/halt", fields{"instrument": "NONE"}).refused(t, 404, "unknown_instrument")
	m.command("instruments/set-phase", fields{"instrument": m.instrument, "phase": "lunch"}).refused(t, 400, "malformed")
}

// TestLimitsAreInherited shows that a limit absent from the account is the
// owner's, then the instrument's, then the venue's; that the nearest decides;
// and that with none anywhere an order is refused.
func TestLimitsAreInherited(t *testing.T) {
	shared := open(t).suite
	shared.beforeLimits.refused(t, 422, "risk_limit_missing")
	m := newMarket(t, nil)
	m.must("accounts/open", fields{"account": "limits", "owner": "limits-owner"})
	m.must("accounts/deposit", fields{"account": "limits", "amount": "1000000", "asset": "USD"})
	order := m.limit("limits", "buy", "4", "1000")
	const code = "risk_max_order_quantity"
	set := func(kind string, payload fields) { t.Helper(); m.must(kind+"/set-limits", payload) }
	m.place(order).want(t, 200, nil) // the venue's: none
	set("instruments", fields{"instrument": m.instrument, "max_order_quantity": "3"})
	m.place(order).refused(t, 422, code)
	set("owners", fields{"owner": "limits-owner", "max_order_quantity": "5"})
	m.place(order).want(t, 200, nil)
	set("accounts", fields{"account": "limits", "max_order_quantity": "2"})
	m.place(order).refused(t, 422, code)
	set("accounts", fields{"account": "limits", "max_order_quantity": "none"})
	m.place(order).want(t, 200, nil)
}

// TestLimits shows each limit at it and one past it.
func TestLimits(t *testing.T) {
	m := newMarket(t, nil)
	for _, c := range []struct {
		limit, value string
		at, past     fields
	}{
		{"max_order_quantity", "2", fields{"quantity": "2"}, fields{"quantity": "2.001"}},
		{"max_order_notional", "2000", fields{"quantity": "2"}, fields{"quantity": "2", "price": "1000.01"}},
		{"max_open_orders", "1", fields{}, fields{}},
	} {
		t.Run(c.limit, func(t *testing.T) {
			m.must("accounts/set-limits", fields{"account": m.maker, c.limit: c.value})
			order := m.limit(m.maker, "buy", "1", "1000")
			m.place(order.with(c.at)).want(t, 200, nil)
			m.place(order.with(c.past)).refused(t, 422, "risk_"+c.limit)
			m.must("accounts/set-limits", fields{"account": m.maker, c.limit: "none"})
			m.clear()
		})
	}
	m.command("accounts/set-limits", fields{"account": m.maker, "max_order_quantity": "-1"}).refused(t, 400, "malformed")
	m.command("accounts/set-limits", fields{"account": m.maker, "max_order_quantity": nullValue{}}).refused(t, 400, "malformed")
	m.command("accounts/set-limits", fields{"account": "nobody", "max_order_quantity": "1"}).refused(t, 404, "unknown_account")
}

// TestOrdersPerSecond shows max_orders_per_second at it and one past it, and
// that cancels are not held to it.
func TestOrdersPerSecond(t *testing.T) {
	m := newMarket(t, nil)
	m.must("accounts/set-limits", fields{"account": m.maker, "max_orders_per_second": "2"})
	order := fields{"command": "orders/place", "payload": m.limit(m.maker, "buy", "1", "1000")}
	batch, err := json.Marshal([]fields{order, order, order,
		{"command": "orders/cancel-all", "payload": fields{"account": m.maker}}})
	if err != nil {
		t.Fatal(err)
	}
	m.send(0, "POST", "/v1/commands", string(batch)).want(t, 200, fields{
		"0.http_status": 200, "1.http_status": 200, "2.http_status": 422, "2.problem.code": "risk_max_orders_per_second",
		"3.http_status": 200, "3.answer.cancelled_count": 2})
	m.must("accounts/set-limits", fields{"account": m.maker, "max_orders_per_second": "none"})
	m.rest(m.limit(m.maker, "buy", "1", "1000"))
	m.command("accounts/set-limits", fields{"account": m.maker, "max_gross_exposure": "5"}).refused(t, 422, "invalid_parameters")
}

// TestDefine shows that defining is an upsert, that the unchanged is
// confirmed, and what can never change.
func TestDefine(t *testing.T) {
	m := newMarket(t, nil)
	same := fields{"instrument": m.instrument, "base": "ETH", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.001",
		"reference_price": "3000", "maker_fee_bps": "2", "taker_fee_bps": "5"}
	r := m.must("instruments/define", same)
	last := func(r reply) reply {
		return m.get(0, "/v1/queries/events?consistency=linearizable&order=desc&limit=1&aggregate_id="+m.instrument)
	}
	last(r).want(t, 200, fields{"items.0.type": "InstrumentConfirmed"})
	last(m.must("instruments/define", same.with(fields{"taker_fee_bps": "4"}))).want(t, 200, fields{"items.0.type": "InstrumentDefined"})
	id := m.rest(m.limit(m.maker, "buy", "1", "1000"))
	m.command("instruments/define", same.with(fields{"price_tick": "0.1"})).refused(t, 422, "has_open_orders")
	m.must("orders/cancel", fields{"order_id": id})
	m.must("instruments/define", same.with(fields{"price_tick": "0.1"})).want(t, 200, fields{"instrument.price_tick": "0.1"})
	m.command("instruments/define", same.with(fields{"base": "BTC"})).want(t, 422, nil)
	m.command("instruments/define", same.with(fields{"instrument": "FINE", "price_tick": "0.00001", "quantity_step": "0.01"})).refused(t, 422, "scale_mismatch")
	m.command("instruments/define", same.with(fields{"instrument": "REBATE", "maker_fee_bps": "-6"})).want(t, 422, nil)
	m.command("instruments/define", same.with(fields{"instrument": "LOST", "base": "NONE"})).refused(t, 404, "unknown_asset")
	m.command("assets/define", fields{"asset": "USD", "scale": 4, "minor_unit": 2}).want(t, 422, nil)
	m.must("assets/define", fields{"asset": "USD", "scale": 6, "minor_unit": 2})
}
