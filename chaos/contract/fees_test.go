package contract_test

import "testing"

// TestRebate shows that a negative fee is paid to the maker, rounded down, and
// that the taker's, rounded up, covers it.
func TestRebate(t *testing.T) {
	m := newMarket(t, fields{"maker_fee_bps": "-1.25", "taker_fee_bps": "2.5"})
	// 0.333 × 3000.10 = 999.0333: rebate 0.1248791625 down, fee 0.249758325 up.
	maker := m.rest(m.limit(m.maker, "sell", "0.333", "3000.10"))
	m.place(m.limit(m.taker, "buy", "0.333", "3000.10")).want(t, 200, fields{"order.fees": "0.249759", "fills.0.fee": "0.249759"})
	m.get(0, "/v1/queries/orders/"+maker+"?consistency=linearizable").want(t, 200, fields{"fees": "-0.124879"})
	m.holds(m.maker, "USD", "1000999.158179", "0.000000")
	m.holds(m.taker, "USD", "999000.716941", "0.000000")
	m.command("instruments/define", fields{"instrument": "FEE-DIGITS", "base": "ETH", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.001",
		"taker_fee_bps": "0.125"}).want(t, 422, nil)
}

// TestMarketByValue shows that quote_quantity bounds what a market buy costs,
// its fee included, and what a market sell brings.
func TestMarketByValue(t *testing.T) {
	m := newMarket(t, nil)
	m.rest(m.limit(m.maker, "sell", "1", "1000"))
	// 0.05 × 1000 = 50 and a fee of 0.025 is too much; one step less is not.
	m.place(fields{"account": m.taker, "instrument": m.instrument, "side": "buy", "type": "market", "quote_quantity": "50.024999"}).want(t, 200, fields{
		"order.filled": "0.049", "order.filled_notional": "49.000000", "order.fees": "0.024500"})
	m.place(fields{"account": m.taker, "instrument": m.instrument, "side": "buy", "type": "market", "quote_quantity": "50.025"}).want(t, 200, fields{
		"order.filled": "0.050", "order.filled_notional": "50.000000", "order.fees": "0.025000"})
	m.place(m.market(m.taker, "buy", "1").with(fields{"quote_quantity": "1"})).refused(t, 400, "malformed")
}

// TestBandFollowsTheLastTrade shows that the band stands around the last price
// once there is one, and that without any reference there is no order.
func TestBandFollowsTheLastTrade(t *testing.T) {
	m := newMarket(t, fields{"price_band_bps": 1000})
	m.place(m.limit(m.third, "buy", "1", "3300.01")).refused(t, 422, "price_outside_band")
	m.rest(m.limit(m.maker, "sell", "1", "3300"))
	m.place(m.limit(m.taker, "buy", "1", "3300")).want(t, 200, fields{"order.status": "filled"})
	m.rest(m.limit(m.third, "buy", "0.01", "2970"))
	m.place(m.limit(m.third, "sell", "1", "3630.01")).refused(t, 422, "price_outside_band")
	m.rest(m.limit(m.third, "sell", "1", "3630"))

	m.must("instruments/define", fields{"instrument": "NOREF", "base": "ETH", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.001", "price_band_bps": 1000})
	order := m.limit(m.maker, "sell", "1", "3000")
	order["instrument"] = "NOREF"
	m.place(order).refused(t, 422, "no_reference_price")
}

// TestClientOrderIDs shows that the client's id is unique to the participant,
// not only among open orders, that accounts of two may use the same, and that
// an amend may change it.
func TestClientOrderIDs(t *testing.T) {
	m := newMarket(t, nil)
	order := func(account, id string) fields {
		return m.limit(account, "sell", "1", "3000").with(fields{"client_order_id": id})
	}
	for _, p := range []string{"a", "b"} {
		m.must("participants/define", fields{"participant": "client-ids-" + p, "role": "trader", "accounts": []string{"cid-" + p}})
		m.must("accounts/open", fields{"account": "cid-" + p, "participant": "client-ids-" + p})
		m.must("accounts/deposit", fields{"account": "cid-" + p, "asset": "ETH", "amount": "10"})
		m.rest(order("cid-"+p, "cid-1"))
	}
	m.place(order("cid-a", "cid-1")).refused(t, 422, "duplicate_client_order_id")
	m.must("orders/amend", fields{"account": "cid-a", "client_order_id": "cid-1", "price": "3001"})
	m.must("orders/cancel", fields{"account": "cid-a", "client_order_id": "cid-1"})
	m.place(order("cid-a", "cid-1")).refused(t, 422, "duplicate_client_order_id")
	id := m.rest(order("cid-a", "cid-2"))
	m.must("orders/amend", fields{"order_id": id, "client_order_id": "cid-3"}).want(t, 200, fields{"order.client_order_id": "cid-3"})
	m.must("orders/cancel", fields{"account": "cid-a", "client_order_id": "cid-3"}).want(t, 200, fields{"order.order_id": id})
}

// TestDecrementByValue shows that an order for an amount of quote which meets
// its owner's own order takes of it what the amount reaches, and no more.
func TestDecrementByValue(t *testing.T) {
	m := newMarket(t, fields{"maker_fee_bps": "0", "taker_fee_bps": "0"})
	own := m.rest(m.limit(m.maker, "sell", "10", "3000"))
	m.place(fields{"account": m.maker, "instrument": m.instrument, "side": "buy", "type": "market", "quote_quantity": "6000",
		"self_trade_prevention": "decrement"}).want(t, 200, fields{
		"order.quantity": "2.000", "order.status": "cancelled", "order.reason": "self_trade", "fills_count": 0})
	m.get(0, "/v1/queries/orders/"+own+"?consistency=linearizable").want(t, 200, fields{"status": "open", "remaining": "8.000"})
}
