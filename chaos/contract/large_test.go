package contract_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// restMany places n orders of the smallest quantity in batches.
func (m *market) restMany(n int, order fields) {
	m.t.Helper()
	for n > 0 {
		k := min(n, 1000)
		batch := make([]fields, k)
		for i := range batch {
			batch[i] = fields{"command": "orders/place", "payload": order}
		}
		b, err := json.Marshal(batch)
		if err != nil {
			m.t.Fatal(err)
		}
		m.send(0, "POST", "/v1/commands", string(b)).want(m.t, 200, fields{"0.http_status": 200, fmt.Sprintf("%d.http_status", k-1): 200})
		n -= k
	}
}

// TestManyFills shows the bound on one command's fills: 10,000 at it, the rest
// cancelled as fill_limit, fok refused; the answer lists the first 1,000 and
// the order's own list all.
func TestManyFills(t *testing.T) {
	m := newMarket(t, nil)
	m.must("accounts/set-limits", fields{"account": m.third, "max_open_orders": "none"})
	m.restMany(10_001, m.limit(m.third, "sell", "0.001", "3000"))
	m.place(m.limit(m.taker, "buy", "10.001", "3000").with(fields{"time_in_force": "fok"})).want(t, 422, nil)
	r := m.place(m.limit(m.taker, "buy", "10.5", "3000")).want(t, 200, fields{
		"order.status": "cancelled", "order.reason": "fill_limit", "order.filled": "10.000", "order.remaining": "0.000",
		"fills_count": 10000, "fills.#": 1000})
	id, _ := r.text("order.order_id")
	m.get(1, fmt.Sprintf("/v1/queries/orders/%s/fills?limit=1000&min_sequence=%d&order=desc", id, r.number(t, "sequence"))).want(t, 200, fields{"items.#": 1000})
	m.get(1, "/v1/queries/instruments/"+m.instrument+"/book?consistency=linearizable").want(t, 200, fields{"asks.0": []any{"3000.00", "0.001", 1}, "bids.#": 0})
	m.holds(m.taker, "ETH", "1010.00000000", "0.00000000")
}

// TestManyCancels shows that cancel-all lists a thousand and counts all, and
// that what goes beyond an entry's events follows before anything else.
func TestManyCancels(t *testing.T) {
	m := newMarket(t, nil)
	m.must("accounts/set-limits", fields{"account": m.third, "max_open_orders": "none"})
	m.restMany(1500, m.limit(m.third, "sell", "0.001", "3000"))
	m.must("orders/cancel-all", fields{"account": m.third}).want(t, 200, fields{"cancelled_count": 1500, "cancelled.#": 1000, "continues": absent{}})
	m.holds(m.third, "ETH", "1000.00000000", "0.00000000")
	m.restMany(10_500, m.limit(m.third, "sell", "0.001", "3000"))
	m.must("orders/cancel-all", fields{"account": m.third}).want(t, 200, fields{"cancelled.#": 1000, "continues": true})
	m.place(m.limit(m.taker, "buy", "0.001", "3000")).want(t, 200, fields{"fills_count": 0})
	m.holds(m.third, "ETH", "1000.00000000", "0.00000000")
	m.get(0, "/v1/queries/accounts/"+m.third+"/orders?status=open&consistency=linearizable").want(t, 200, fields{"items.#": 0})
}
