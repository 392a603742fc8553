package contract_test

import (
	"fmt"
	"strings"
	"testing"
)

// market is an instrument of a test's own with three funded accounts. It is
// like ETH-USD of the demo venue: tick 0.01, step 0.001, maker 2 and taker
// 5 basis points.
type market struct {
	*door
	instrument                string
	maker, taker, third, poor string
}

// newMarket defines the instrument and opens the accounts: each holds
// 1,000,000 USD and 1,000 ETH, but poor 10 USD.
func newMarket(t *testing.T, more fields) *market {
	t.Helper()
	d := open(t)
	name := strings.NewReplacer("/", "-", "_", "-").Replace(strings.TrimPrefix(t.Name(), "Test"))
	m := &market{door: d, instrument: name, maker: name + ".maker", taker: name + ".taker", third: name + ".third", poor: name + ".poor"}
	d.must("instruments/define", fields{
		"instrument": name, "base": "ETH", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.001",
		"reference_price": "3000", "maker_fee_bps": "2", "taker_fee_bps": "5",
	}.with(more))
	for _, a := range []string{m.maker, m.taker, m.third} {
		d.account(a, "1000000")
		d.must("accounts/deposit", fields{"account": a, "asset": "ETH", "amount": "1000"})
	}
	d.account(m.poor, "10")
	return m
}

// account opens an account and deposits US dollars.
func (d *door) account(name, dollars string) {
	d.t.Helper()
	d.must("accounts/open", fields{"account": name})
	d.must("accounts/deposit", fields{"account": name, "asset": "USD", "amount": dollars})
}

// limit returns a limit order's payload.
func (m *market) limit(account, side, quantity, price string) fields {
	return fields{"account": account, "instrument": m.instrument, "side": side, "type": "limit", "quantity": quantity, "price": price}
}

// market returns a market order's payload.
func (m *market) market(account, side, quantity string) fields {
	return fields{"account": account, "instrument": m.instrument, "side": side, "type": "market", "quantity": quantity}
}

// place sends an order.
func (m *market) place(order fields) reply {
	m.t.Helper()
	return m.command("orders/place", order)
}

// rest places an order that must stay on the book and returns its id.
func (m *market) rest(order fields) string {
	m.t.Helper()
	r := m.place(order).want(m.t, 200, fields{"order.status": "open"})
	id, _ := r.text("order.order_id")
	return id
}

// clear cancels everything, so that the next case finds an empty book.
func (m *market) clear() {
	m.t.Helper()
	for _, a := range []string{m.maker, m.taker, m.third} {
		m.must("orders/cancel-all", fields{"account": a, "instrument": m.instrument})
	}
}

// holds checks an account's balance of an asset.
func (d *door) holds(account, asset, available, held string) {
	d.t.Helper()
	r := d.get(0, fmt.Sprintf("/v1/queries/accounts/%s/balance?asset=%s&consistency=linearizable", account, asset))
	r.want(d.t, 200, fields{"available": available, "held": held})
}
