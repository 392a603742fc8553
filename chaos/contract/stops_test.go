package contract_test

import (
	"context"
	"testing"
	"time"
)

// TestStops shows orders that wait for a trade: pending and out of the book,
// holding funds, triggered by the last price, refused when they would trigger
// at once.
func TestStops(t *testing.T) {
	m := newMarket(t, fields{"maker_fee_bps": "0", "taker_fee_bps": "0"})
	trade := func(price string) {
		t.Helper()
		m.rest(m.limit(m.maker, "sell", "0.1", price))
		m.place(m.limit(m.third, "buy", "0.1", price)).want(t, 200, fields{"fills_count": 1})
	}
	trade("3000")
	stop := func(side, at, price string) fields {
		f := fields{"account": m.taker, "instrument": m.instrument, "side": side, "quantity": "1", "type": "stop", "stop_price": at}
		if price != "" {
			f["type"], f["price"] = "stop_limit", price
		}
		return f
	}
	m.place(stop("buy", "3000", "")).refused(t, 422, "would_trigger_immediately")
	m.place(stop("sell", "3000", "2900")).refused(t, 422, "would_trigger_immediately")
	pending := m.place(stop("buy", "3100", "3110")).want(t, 200, fields{
		"order.status": "pending_trigger", "order.stop_price": "3100.00", "order.price": "3110.00", "order.type": "stop_limit"})
	id, _ := pending.text("order.order_id")
	m.holds(m.taker, "USD", "996890.000000", "3110.000000")
	m.get(0, "/v1/queries/instruments/"+m.instrument+"/book?consistency=linearizable").want(t, 200, fields{"bids.#": 0})
	m.get(0, "/v1/queries/accounts/"+m.taker+"/orders?status=open&consistency=linearizable").want(t, 200, fields{"items.#": 1})
	trade("3050")
	m.get(0, "/v1/queries/orders/"+id+"?consistency=linearizable").want(t, 200, fields{"status": "pending_trigger"})
	trade("3100")
	m.get(0, "/v1/queries/orders/"+id+"?consistency=linearizable").want(t, 200, fields{"status": "open"})
	m.get(0, "/v1/queries/instruments/"+m.instrument+"/book?consistency=linearizable").want(t, 200, fields{"bids.0.0": "3110.00"})
	m.must("orders/cancel", fields{"order_id": id})

	// A stop becomes a market order.
	market := m.place(stop("sell", "3000", "")).want(t, 200, fields{"order.status": "pending_trigger"})
	m.rest(m.limit(m.third, "buy", "5", "2990"))
	m.rest(m.limit(m.maker, "sell", "0.1", "2995"))
	m.place(m.limit(m.third, "buy", "0.1", "2995")).want(t, 200, nil)
	id, _ = market.text("order.order_id")
	m.get(0, "/v1/queries/orders/"+id+"?consistency=linearizable").want(t, 200, fields{"status": "filled", "average_price": "2990.000000"})
	m.holds(m.taker, "ETH", "999.00000000", "0.00000000")
}

// TestExpiry shows that an order with an end is cancelled by the venue's clock
// at that instant, as an event of a timer, and that day orders have one.
func TestExpiry(t *testing.T) {
	m := newMarket(t, nil)
	day := m.place(m.limit(m.maker, "buy", "1", "1000").with(fields{"time_in_force": "day"})).want(t, 200, nil)
	if end, _ := day.text("order.expire_at"); len(end) != 30 || end[11:] != "00:00:00.000000000Z" {
		t.Errorf("a day order ends at %q, want midnight", end)
	}
	end := time.Now().Add(300 * time.Millisecond).UTC().Format(time.RFC3339Nano)
	id := m.rest(m.limit(m.maker, "buy", "1", "1000").with(fields{"time_in_force": "gtd", "expire_at": end}))
	var r reply
	err := m.Until(t.Context(), "the order expires", func(context.Context) bool {
		r = m.get(1, "/v1/queries/orders/"+id)
		status, _ := r.text("status")
		return status == "expired"
	})
	if err != nil {
		t.Fatal(err)
	}
	r.want(t, 200, fields{"remaining": "0.000"})
	m.get(1, "/v1/queries/orders/"+id+"/history").want(t, 200, fields{"items.#": 2, "items.1.type": "OrderExpired", "items.1.source": "timer"})
	m.command("orders/cancel", fields{"order_id": id}).refused(t, 422, "order_closed")
}

// TestIceberg shows that the book shows display_quantity and that the hidden
// rest goes to the back of the queue.
func TestIceberg(t *testing.T) {
	m := newMarket(t, nil)
	iceberg := m.rest(m.limit(m.maker, "sell", "3", "3000").with(fields{"display_quantity": "1"}))
	plain := m.rest(m.limit(m.third, "sell", "1", "3000"))
	book := "/v1/queries/instruments/" + m.instrument + "/book?consistency=linearizable"
	m.get(0, book).want(t, 200, fields{"asks.0": []any{"3000.00", "2.000", 2}})
	m.place(m.limit(m.taker, "buy", "2.5", "3000")).want(t, 200, fields{
		"fills.0.maker_order_id": iceberg, "fills.1.maker_order_id": plain, "fills.2.maker_order_id": iceberg, "fills.2.quantity": "0.500"})
	m.get(0, book).want(t, 200, fields{"asks.0": []any{"3000.00", "0.500", 1}})
}
