package contract_test

import (
	"strings"
	"testing"
)

// TestOrderShape shows every field of a resting order, a taker's answer and
// both fills, with fees rounded up to the ledger's unit.
func TestOrderShape(t *testing.T) {
	m := newMarket(t, nil)
	r := m.place(m.limit(m.maker, "sell", "1.5", "3000.1").with(fields{"client_order_id": "shape-1"})).want(t, 200, fields{
		"status": "accepted", "aggregate_id": m.maker, "fills_count": 0, "fills.#": 0,
		"order.client_order_id": "shape-1", "order.account": m.maker, "order.instrument": m.instrument, "order.side": "sell",
		"order.type": "limit", "order.time_in_force": "gtc", "order.quantity": "1.500", "order.price": "3000.10",
		"order.post_only": false, "order.self_trade_prevention": "none", "order.filled": "0.000", "order.filled_notional": "0.000000",
		"order.remaining": "1.500", "order.fees": "0.000000", "order.status": "open", "order.aggregate_sequence": 1,
		"order.average_price": absent{}, "order.reason": absent{}, "order.stop_price": absent{}, "order.expire_at": absent{},
	})
	at, _ := r.text("order.created_at")
	if len(at) != len("2026-05-23T10:00:00.123456789Z") || !strings.HasSuffix(at, "Z") {
		t.Errorf("created_at %q has not nine digits and Z", at)
	}
	// 0.333 × 3000.10 = 999.0333; 5 bp = 0.49951665, up 0.499517; 2 bp = 0.19980666, up 0.199807.
	taken := m.place(m.limit(m.taker, "buy", "0.333", "3001")).want(t, 200, fields{
		"order.status": "filled", "order.filled": "0.333", "order.remaining": "0.000", "order.filled_notional": "999.033300",
		"order.average_price": "3000.100000", "order.fees": "0.499517",
		"fills_count": 1, "fills.0.liquidity": "taker", "fills.0.price": "3000.10", "fills.0.quantity": "0.333", "fills.0.side": "buy",
		"fills.0.fee": "0.499517", "fills.0.fee_asset": "USD", "fills.0.account": m.taker, "fills.0.instrument": m.instrument,
	})
	maker, _ := r.text("order.order_id")
	taker, _ := taken.text("order.order_id")
	taken.want(t, 200, fields{"fills.0.maker_order_id": maker, "fills.0.taker_order_id": taker, "fills.0.order_id": taker})
	m.get(0, "/v1/queries/orders/"+maker+"/fills?consistency=linearizable").want(t, 200, fields{
		"items.#": 1, "items.0.liquidity": "maker", "items.0.fee": "0.199807", "items.0.side": "sell", "items.0.order_id": maker})
	m.get(0, "/v1/queries/orders/"+maker+"?consistency=linearizable").want(t, 200, fields{
		"status": "partially_filled", "filled": "0.333", "remaining": "1.167", "fees": "0.199807"})
	m.holds(m.taker, "USD", "999000.467183", "0.000000")
	m.holds(m.taker, "ETH", "1000.33300000", "0.00000000")
	m.holds(m.maker, "USD", "1000998.833493", "0.000000")
	m.holds(m.maker, "ETH", "998.50000000", "1.16700000")
}

// TestHolds shows that a buy holds price times remaining and the fee at the
// highest rate, a sell the base only, and that a cancel gives both back.
func TestHolds(t *testing.T) {
	m := newMarket(t, nil)
	buy := m.rest(m.limit(m.taker, "buy", "0.001", "2999.99"))
	m.holds(m.taker, "USD", "999996.998510", "3.001490") // 2.99999 + 0.001499995 up
	m.must("orders/cancel", fields{"order_id": buy})
	m.holds(m.taker, "USD", "1000000.000000", "0.000000")
	sell := m.rest(m.limit(m.taker, "sell", "2", "3100"))
	m.holds(m.taker, "ETH", "998.00000000", "2.00000000")
	m.must("orders/cancel", fields{"order_id": sell})
	m.holds(m.taker, "ETH", "1000.00000000", "0.00000000")
}

// TestOrderRefused shows every refusal of an order that leaves none, and that
// its client_order_id stays free.
func TestOrderRefused(t *testing.T) {
	m := newMarket(t, fields{"min_quantity": "0.002", "max_quantity": "5000", "min_notional": "1", "price_band_bps": 2000})
	m.rest(m.limit(m.maker, "sell", "1", "3010"))
	m.rest(m.limit(m.maker, "sell", "1", "3020").with(fields{"client_order_id": "refused-open"}))
	buy := m.limit(m.taker, "buy", "1", "3000")
	for _, c := range []struct {
		what   string
		change fields
		status int
		code   string
	}{
		{"price between ticks", fields{"price": "3000.005"}, 422, "price_tick"},
		{"quantity between steps", fields{"quantity": "1.0005"}, 422, "quantity_step"},
		{"nothing", fields{"quantity": "0"}, 422, "quantity_out_of_range"},
		{"less than nothing", fields{"quantity": "-1"}, 422, "quantity_out_of_range"},
		{"no price", fields{"price": "0"}, 422, "price_out_of_range"},
		{"below the minimum", fields{"quantity": "0.001"}, 422, ""},
		{"above the maximum", fields{"quantity": "5000.001", "side": "sell"}, 422, ""},
		{"below the band", fields{"price": "2399.99"}, 422, "price_outside_band"},
		{"above the band", fields{"price": "3600.01"}, 422, "price_outside_band"},
		{"more than there is", fields{"quantity": "400"}, 422, "insufficient_funds"},
		{"more base than there is", fields{"quantity": "1001", "side": "sell"}, 422, "insufficient_funds"},
		{"market beyond one's means", fields{"type": "market", "price": nil, "account": m.poor}, 422, "insufficient_funds"},
		{"post-only that crosses", fields{"price": "3010", "post_only": true}, 422, "would_cross"},
		{"fok that cannot fill", fields{"price": "3010", "quantity": "1.001", "time_in_force": "fok"}, 422, "fok_unfillable"},
		{"gtd in the past", fields{"time_in_force": "gtd", "expire_at": "2020-01-01T00:00:00Z"}, 422, "expire_at_in_past"},
		{"client order id of an open order", fields{"account": m.maker, "client_order_id": "refused-open", "price": "2500"}, 422, "duplicate_client_order_id"},
		{"no such instrument", fields{"instrument": "NONE"}, 404, "unknown_instrument"},
		{"no such account", fields{"account": "nobody"}, 404, "unknown_account"},
		{"an exponent", fields{"quantity": "1e3"}, 400, "malformed"},
		{"a plus", fields{"quantity": "+1"}, 400, "malformed"},
		{"a zero in front", fields{"quantity": "01"}, 400, "malformed"},
		{"a point at the end", fields{"quantity": "1."}, 400, "malformed"},
		{"a point in front", fields{"quantity": ".5"}, 400, "malformed"},
		{"a number", fields{"quantity": 1}, 400, "malformed"},
		{"too many digits for 64 bits", fields{"quantity": "99999999999999999999"}, 400, "malformed"},
		{"side in upper case", fields{"side": "BUY"}, 400, "malformed"},
		{"no type that is known", fields{"type": "iceberg"}, 400, "malformed"},
		{"a limit order without price", fields{"price": nil}, 400, "malformed"},
		{"gtd without an end", fields{"time_in_force": "gtd"}, 400, "malformed"},
		{"an unknown field", fields{"colour": "red"}, 400, "malformed"},
		{"null for a value", fields{"client_order_id": nullValue{}}, 400, "malformed"},
		{"an empty value", fields{"client_order_id": ""}, 400, "malformed"},
	} {
		t.Run(c.what, func(t *testing.T) {
			order := fields{"client_order_id": "refused-free"}.with(buy).with(c.change)
			for name, v := range c.change {
				if v == nil {
					delete(order, name)
				}
			}
			r := m.command("orders/place", order)
			if c.code == "" {
				r.want(t, c.status, nil)
			} else {
				r.refused(t, c.status, c.code)
			}
			r.want(t, c.status, fields{"order": absent{}})
			if _, logged := r.at("sequence"); logged != (c.status != 400) {
				t.Errorf("logged %v: %s", logged, r.body)
			}
		})
	}
	m.holds(m.taker, "USD", "1000000.000000", "0.000000")
	m.place(buy.with(fields{"client_order_id": "refused-free"})).want(t, 200, fields{"order.status": "open"})
}

// nullValue is sent as null.
type nullValue struct{}

func (nullValue) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// TestOrderOutcomes shows how orders that were accepted end at once, against
// one unit each at 100.00, 105.00 and 105.01.
func TestOrderOutcomes(t *testing.T) {
	m := newMarket(t, fields{"maker_fee_bps": "0", "taker_fee_bps": "0"})
	for _, c := range []struct {
		what   string
		change fields
		want   fields
	}{
		{"ioc in part", fields{"type": "limit", "price": "100", "time_in_force": "ioc"},
			fields{"order.status": "cancelled", "order.reason": "ioc_remainder", "order.filled": "1.000", "order.remaining": "0.000", "fills_count": 1}},
		{"ioc not at all", fields{"type": "limit", "price": "99", "time_in_force": "ioc"},
			fields{"order.status": "cancelled", "order.reason": "ioc_remainder", "order.filled": "0.000", "order.remaining": "0.000", "fills_count": 0}},
		{"fok whole", fields{"type": "limit", "price": "105.01", "time_in_force": "fok"},
			fields{"order.status": "filled", "fills_count": 3, "order.filled_notional": "310.010000", "order.average_price": "103.336667"}},
		{"the rest rests", fields{"type": "limit", "price": "105"},
			fields{"order.status": "partially_filled", "order.filled": "2.000", "order.remaining": "1.000", "fills_count": 2}},
		{"best price first", fields{"type": "limit", "price": "106", "quantity": "1.5"},
			fields{"order.status": "filled", "fills.0.price": "100.00", "fills.1.price": "105.00", "fills.1.quantity": "0.500"}},
		{"market stops at five percent from the best", fields{},
			fields{"order.status": "cancelled", "order.reason": "protection", "order.time_in_force": "ioc", "order.filled": "2.000", "order.price": absent{}}},
		{"market fok counts protection", fields{"quantity": "2", "time_in_force": "fok"}, fields{"order.status": "filled"}},
		{"market by value", fields{"quantity": nil, "quote_quantity": "50"},
			fields{"order.status": "filled", "order.filled": "0.500", "order.filled_notional": "50.000000"}},
		{"market with nobody there", fields{"side": "sell"},
			fields{"order.status": "cancelled", "order.reason": "no_liquidity", "order.filled": "0.000", "order.remaining": "0.000"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			m.clear()
			for _, price := range []string{"105.01", "100", "105"} {
				m.rest(m.limit(m.maker, "sell", "1", price))
			}
			order := m.market(m.taker, "buy", "3").with(c.change)
			if order["quantity"] == nil {
				delete(order, "quantity")
			}
			m.place(order).want(t, 200, c.want)
		})
	}
	m.clear()
	m.rest(m.limit(m.maker, "sell", "1", "100"))
	m.rest(m.limit(m.maker, "sell", "1", "105.01"))
	m.place(m.market(m.taker, "buy", "2").with(fields{"time_in_force": "fok"})).refused(t, 422, "fok_unfillable")
	m.place(m.market(m.taker, "buy", "2").with(fields{"time_in_force": "gtc"})).want(t, 422, nil)
}

// TestMarketOrderCostsItsFee shows that a market order is refused when the
// fills could be paid but not the fee, and leaves no hold.
func TestMarketOrderCostsItsFee(t *testing.T) {
	m := newMarket(t, nil)
	m.rest(m.limit(m.maker, "sell", "1", "1000"))
	m.must("accounts/open", fields{"account": "fee-exact"})
	m.must("accounts/deposit", fields{"account": "fee-exact", "amount": "1000.499999", "asset": "USD"})
	m.place(m.market("fee-exact", "buy", "1")).refused(t, 422, "insufficient_funds")
	m.must("accounts/deposit", fields{"account": "fee-exact", "amount": "0.000001", "asset": "USD"})
	m.place(m.market("fee-exact", "buy", "1")).want(t, 200, fields{"order.status": "filled", "order.fees": "0.500000"})
	m.holds("fee-exact", "USD", "0.000000", "0.000000")
}

// TestPriority shows price before time, and that improvement is the taker's.
func TestPriority(t *testing.T) {
	m := newMarket(t, nil)
	first := m.rest(m.limit(m.maker, "sell", "1", "3000"))
	second := m.rest(m.limit(m.third, "sell", "1", "3000"))
	better := m.rest(m.limit(m.third, "sell", "1", "2999"))
	m.place(m.limit(m.taker, "buy", "2.5", "3050")).want(t, 200, fields{
		"fills.0.maker_order_id": better, "fills.1.maker_order_id": first, "fills.2.maker_order_id": second, "fills.2.quantity": "0.500"})
	m.holds(m.taker, "USD", "992497.250500", "0.000000") // 1000000 - 7499 - fees of 3.7495
}

// TestSelfTrade shows each mode, decided by the incoming order.
func TestSelfTrade(t *testing.T) {
	m := newMarket(t, nil)
	for _, c := range []struct {
		mode           string
		incoming       fields
		resting, final string // the resting order's status and remaining
	}{
		{"none", fields{"order.status": "filled", "fills_count": 1}, "partially_filled", "6.000"},
		{"cancel_newest", fields{"order.status": "cancelled", "order.reason": "self_trade", "fills_count": 0}, "open", "10.000"},
		{"cancel_oldest", fields{"order.status": "open", "order.remaining": "4.000", "fills_count": 0}, "cancelled", "0.000"},
		{"cancel_both", fields{"order.status": "cancelled", "order.reason": "self_trade", "fills_count": 0}, "cancelled", "0.000"},
		{"decrement", fields{"order.status": "cancelled", "order.reason": "self_trade", "fills_count": 0}, "open", "6.000"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			m.clear()
			resting := m.rest(m.limit(m.third, "sell", "10", "3000"))
			m.place(m.limit(m.third, "buy", "4", "3000").with(fields{"self_trade_prevention": c.mode})).want(t, 200, c.incoming)
			m.get(0, "/v1/queries/orders/"+resting+"?consistency=linearizable").want(t, 200, fields{"status": c.resting, "remaining": c.final})
		})
	}
}
