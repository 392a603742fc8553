package contract_test

import (
	"testing"
)

// TestAmend shows what an amend may do to an order, and to its place.
func TestAmend(t *testing.T) {
	m := newMarket(t, nil)
	amend := func(change fields) reply { return m.command("orders/amend", change) }
	first := m.rest(m.limit(m.maker, "sell", "2", "3000").with(fields{"client_order_id": "amend-1"}))
	second := m.rest(m.limit(m.third, "sell", "2", "3000"))
	take := func(quantity, from string) {
		t.Helper()
		m.place(m.limit(m.taker, "buy", quantity, "3000")).want(t, 200, fields{"order.status": "filled", "fills_count": 1, "fills.0.maker_order_id": from})
	}

	// Less keeps the place, the same keeps it, and so does a refused amend.
	amend(fields{"order_id": first, "quantity": "1.5"}).want(t, 200, fields{
		"aggregate_id": first, "aggregate_sequence": 2, "order.order_id": first, "order.quantity": "1.500", "order.remaining": "1.500"})
	amend(fields{"order_id": first, "quantity": "1.5", "price": "3000"}).want(t, 200, nil)
	amend(fields{"order_id": first, "quantity": "5000"}).refused(t, 422, "insufficient_funds")
	take("1", first)

	// The new quantity is the total, what is filled included.
	amend(fields{"account": m.maker, "client_order_id": "amend-1", "quantity": "0.999"}).refused(t, 422, "quantity_below_filled")
	amend(fields{"order_id": first, "quantity": "1"}).want(t, 200, fields{"order.status": "filled", "order.remaining": "0.000"})
	amend(fields{"order_id": first, "quantity": "2"}).refused(t, 422, "order_closed")

	// More loses the place.
	third := m.rest(m.limit(m.maker, "sell", "1", "3000"))
	amend(fields{"order_id": second, "quantity": "3"}).want(t, 200, fields{"order.quantity": "3.000"})
	take("0.5", third)

	// Another price loses it too, and matches at once when it crosses.
	bid := m.rest(m.limit(m.taker, "buy", "1", "2900"))
	amend(fields{"order_id": bid, "price": "3000"}).want(t, 200, fields{
		"order.status": "filled", "fills_count": 2, "fills.0.maker_order_id": third, "fills.1.maker_order_id": second, "fills.0.liquidity": "taker"})
	quiet := m.rest(m.limit(m.taker, "buy", "1", "2900").with(fields{"post_only": true}))
	amend(fields{"order_id": quiet, "price": "3000"}).refused(t, 422, "would_cross")
	m.get(0, "/v1/queries/orders/"+quiet+"?consistency=linearizable").want(t, 200, fields{"status": "open", "price": "2900.00", "aggregate_sequence": 1})
	m.holds(m.taker, "ETH", "1002.50000000", "0.00000000")
}

// TestAmendKeepsTheMinimums shows that an amended order is held to the
// instrument's least quantity and notional, unless it is closed by it.
func TestAmendKeepsTheMinimums(t *testing.T) {
	m := newMarket(t, fields{"min_quantity": "0.1", "min_notional": "100"})
	id := m.rest(m.limit(m.maker, "buy", "1", "2000"))
	amend := func(change fields) reply { return m.command("orders/amend", change.with(fields{"order_id": id})) }
	amend(fields{"quantity": "0.099"}).refused(t, 422, "quantity_out_of_range")
	amend(fields{"quantity": "0.1"}).want(t, 200, fields{"order.quantity": "0.100"})
	amend(fields{"price": "999.99"}).refused(t, 422, "notional_too_small")
	amend(fields{"price": "1000"}).want(t, 200, fields{"order.price": "1000.00"})
}

// TestCancel shows the ways to name an order, and what a closed, an unknown
// and a contradictory one are answered with.
func TestCancel(t *testing.T) {
	m := newMarket(t, nil)
	id := m.rest(m.limit(m.maker, "sell", "1", "3000").with(fields{"client_order_id": "cancel-1"}))
	other := m.rest(m.limit(m.maker, "sell", "1", "3000").with(fields{"client_order_id": "cancel-2"}))
	m.raw(0, "orders/cancel", fields{"aggregate_id": id, "payload": fields{"order_id": other}}).refused(t, 400, "malformed")
	m.raw(1, "orders/cancel", fields{"aggregate_id": id}).want(t, 200, fields{
		"aggregate_id": id, "order.status": "cancelled", "order.reason": "user", "order.remaining": "0.000"})
	m.command("orders/cancel", fields{"account": m.maker, "client_order_id": "cancel-2"}).want(t, 200, fields{"order.order_id": other})
	m.command("orders/cancel", fields{"order_id": id}).refused(t, 422, "order_closed")
	m.command("orders/amend", fields{"order_id": id, "quantity": "2"}).refused(t, 422, "order_closed")
	m.command("orders/cancel", fields{"account": m.maker, "client_order_id": "cancel-1"}).refused(t, 422, "order_closed")
	m.command("orders/cancel", fields{"order_id": "never-issued"}).refused(t, 404, "unknown_order")
	m.command("orders/cancel", fields{"account": m.maker, "client_order_id": "never"}).refused(t, 404, "unknown_order")
	m.command("orders/amend", fields{"order_id": "never-issued", "quantity": "2"}).refused(t, 404, "unknown_order")
}

// TestCancelAll shows the filters and the answer.
func TestCancelAll(t *testing.T) {
	m := newMarket(t, nil)
	for _, side := range []string{"buy", "sell", "buy"} {
		m.rest(m.limit(m.maker, side, "1", map[string]string{"buy": "2000", "sell": "4000"}[side]))
	}
	other := m.limit(m.maker, "buy", "1", "1000")
	other["instrument"] = "ETH-USD"
	m.rest(other)
	m.must("orders/cancel-all", fields{"account": m.maker, "instrument": m.instrument, "side": "buy"}).want(t, 200, fields{
		"aggregate_id": m.maker, "cancelled_count": 2, "cancelled.#": 2, "continues": absent{}})
	m.must("orders/cancel-all", fields{"account": m.maker, "instrument": m.instrument}).want(t, 200, fields{"cancelled_count": 1})
	m.must("orders/cancel-all", fields{"account": m.maker}).want(t, 200, fields{"cancelled_count": 1})
	m.must("orders/cancel-all", fields{"account": m.maker}).want(t, 200, fields{"cancelled_count": 0, "cancelled.#": 0})
	r := m.get(0, "/v1/queries/accounts/"+m.maker+"/orders?consistency=linearizable").want(t, 200, fields{"items.#": 4, "items.0.reason": "mass_cancel"})
	if got, _ := r.text("items.3.status"); got != "cancelled" {
		t.Errorf("got status %s", got)
	}
	m.holds(m.maker, "USD", "1000000.000000", "0.000000")
}
