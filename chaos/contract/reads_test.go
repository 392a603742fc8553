package contract_test

import (
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// TestConsistency shows that a token is waited for on every node, what is
// answered when it does not come in time, and the three levels.
func TestConsistency(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "consistent"})
	const path = "/v1/queries/accounts/consistent/balance?"
	for i := range 20 {
		r := d.must("accounts/deposit", fields{"account": "consistent", "amount": "1", "asset": "USD"})
		sequence := r.number(t, "sequence")
		want := fields{"current_balance_cents": 100 * (i + 1)}
		d.get(0, path).want(t, 200, want) // read where one wrote
		d.get(1, path+fmt.Sprintf("min_sequence=%d", sequence)).want(t, 200, want)
		d.get(2, path, fmt.Sprintf("Rialto-Sequence: %d", sequence)).want(t, 200, want)
		d.get(1, path+fmt.Sprintf("min_aggregate_sequence=%d", i+2)).want(t, 200, want)
		d.get(2, path+"consistency=linearizable").want(t, 200, want)
		d.get(2, path+"consistency=stale").want(t, 200, nil)
	}
	d.get(0, path+"min_sequence=1000000000&timeout=50ms").refused(t, 504, "not_caught_up")
	d.get(0, path+"timeout=50ms", "Rialto-Sequence: 1000000000").refused(t, 504, "not_caught_up")
	d.get(0, path+"min_aggregate_sequence=1000000000&timeout=50ms").refused(t, 504, "not_caught_up")
}

// TestHeaders shows that every answer, refusals included, says at which
// sequence, of which history, by which node; and that a token of another
// history is refused.
func TestHeaders(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "headers"})
	var history string
	for node := range d.Size() {
		for _, r := range []reply{
			d.get(node, "/v1/queries/instruments"),
			d.get(node, "/v1/queries/instruments/NONE"),
			d.raw(node, "accounts/deposit", fields{"aggregate_id": "headers", "payload": fields{"amount": "1", "asset": "USD"}}),
			d.get(node, "/v1/cluster"),
			d.get(node, "/v1/nothing"),
		} {
			if got := r.header.Get("Rialto-Node"); got != fmt.Sprintf("n%d", node+1) {
				t.Errorf("got Rialto-Node %q of node %d", got, node+1)
			}
			if _, err := strconv.ParseUint(r.header.Get("Rialto-Sequence"), 10, 64); err != nil {
				t.Errorf("Rialto-Sequence: %v", err)
			}
			if history == "" {
				history = r.header.Get("Rialto-History")
			}
			if got := r.header.Get("Rialto-History"); got == "" || got != history {
				t.Errorf("got Rialto-History %q, want %q", got, history)
			}
		}
	}
	d.get(0, "/v1/queries/instruments?min_sequence=1", "Rialto-History: "+history).want(t, 200, nil)
	d.get(0, "/v1/queries/instruments?min_sequence=1", "Rialto-History: 00000000deadbeef").refused(t, 409, "history_changed")
	d.get(0, "/v1/queries/instruments", "Rialto-Sequence: 1", "Rialto-History: 00000000deadbeef").refused(t, 409, "history_changed")
}

// TestAsOf shows the past by sequence and by instant, inclusive, on any node;
// what is answered before a thing existed and for the future.
func TestAsOf(t *testing.T) {
	m := newMarket(t, nil)
	opened := m.must("accounts/open", fields{"account": "past"}).number(t, "sequence")
	var at []string
	var sequences []uint64
	for range 3 {
		r := m.must("accounts/deposit", fields{"account": "past", "amount": "1", "asset": "USD"})
		sequences = append(sequences, r.number(t, "sequence"))
		b := m.get(0, "/v1/queries/accounts/past/balance")
		s, _ := b.text("last_updated_at")
		at = append(at, s)
	}
	const path = "/v1/queries/accounts/past/balance?as_of="
	for i, s := range sequences {
		want := fields{"current_balance_cents": 100 * (i + 1), "last_updated_sequence": i + 2, "last_updated_at": at[i]}
		m.get(i, path+fmt.Sprint(s)).want(t, 200, want)
		m.get(i, path+url.QueryEscape(at[i])).want(t, 200, want)
	}
	m.get(1, path+fmt.Sprint(opened)).want(t, 200, fields{"current_balance_cents": 0})
	m.get(1, path+fmt.Sprint(opened-1)).refused(t, 404, "unknown_account")
	m.get(1, path+"0").refused(t, 404, "unknown_account")
	m.get(1, path+"1000000000&timeout=50ms").refused(t, 504, "not_caught_up")
	m.get(1, path+"2200-01-01T00:00:00Z").refused(t, 400, "as_of_in_future")
	m.get(1, path+"9999-12-31T23:59:59Z").refused(t, 400, "as_of_in_future")
	m.get(1, path+"1960-01-01T00:00:00Z").refused(t, 404, "unknown_account")
	soon := time.Now().Add(200 * time.Millisecond).UTC() // is waited for
	m.get(1, path+url.QueryEscape(soon.Format(time.RFC3339Nano))).want(t, 200, fields{"current_balance_cents": 300})
	if now := time.Now(); now.Before(soon) {
		t.Errorf("what was at %v was answered at %v", soon, now)
	}
	m.get(1, path+"1&min_sequence=1").refused(t, 400, "malformed")
	m.get(1, path+"1&consistency=linearizable").refused(t, 400, "malformed")
	m.get(1, path+"yesterday").refused(t, 400, "malformed")

	// Orders, books, trades and the ledger have a past too.
	placed := m.place(m.limit(m.maker, "sell", "2", "3000"))
	id, _ := placed.text("order.order_id")
	traded := m.place(m.limit(m.taker, "buy", "1", "3000"))
	m.must("orders/cancel", fields{"order_id": id})
	then, later := fmt.Sprint(placed.number(t, "sequence")), fmt.Sprint(traded.number(t, "sequence"))
	m.get(2, "/v1/queries/orders/"+id+"?as_of="+then).want(t, 200, fields{"status": "open", "remaining": "2.000"})
	m.get(2, "/v1/queries/orders/"+id+"?as_of="+later).want(t, 200, fields{"status": "partially_filled", "remaining": "1.000"})
	m.get(2, "/v1/queries/orders/"+id+"?consistency=linearizable").want(t, 200, fields{"status": "cancelled", "remaining": "0.000"})
	book := "/v1/queries/instruments/" + m.instrument + "/book?as_of="
	m.get(2, book+then).want(t, 200, fields{"asks.0": []any{"3000.00", "2.000", 1}, "bids.#": 0})
	m.get(2, book+later).want(t, 200, fields{"asks.0": []any{"3000.00", "1.000", 1}})
	trades := "/v1/queries/instruments/" + m.instrument + "/trades?as_of="
	m.get(2, trades+then).want(t, 200, fields{"items.#": 0})
	m.get(2, trades+later).want(t, 200, fields{"items.#": 1})
	m.get(2, "/v1/queries/accounts/"+m.maker+"/orders?status=open&as_of="+then).want(t, 200, fields{"items.#": 1})
	m.get(2, "/v1/queries/ledger/trial-balance?as_of="+then).want(t, 200, fields{"assets.0.net": "0.000000"})
}

// TestBook shows best prices first, what a level adds up to, and depth.
func TestBook(t *testing.T) {
	m := newMarket(t, nil)
	for _, o := range []fields{
		m.limit(m.maker, "sell", "1", "3001"), m.limit(m.maker, "sell", "0.5", "3000"), m.limit(m.third, "sell", "0.25", "3000"),
		m.limit(m.maker, "buy", "1", "2998"), m.limit(m.third, "buy", "2", "2999"),
	} {
		m.rest(o)
	}
	path := "/v1/queries/instruments/" + m.instrument + "/book?consistency=linearizable"
	r := m.get(1, path).want(t, 200, fields{
		"instrument": m.instrument,
		"bids":       []any{[]any{"2999.00", "2.000", 1}, []any{"2998.00", "1.000", 1}},
		"asks":       []any{[]any{"3000.00", "0.750", 2}, []any{"3001.00", "1.000", 1}},
	})
	if got := r.names(""); got != "asks bids instrument sequence" {
		t.Errorf("got fields %s", got)
	}
	m.get(1, path+"&depth=1").want(t, 200, fields{"bids.#": 1, "asks.#": 1})
	m.get(1, path+"&depth=1000").want(t, 200, fields{"bids.#": 2})
}

// TestLists shows pages that stand still while the venue goes on, on every
// node, both orders, and the filters.
func TestLists(t *testing.T) {
	m := newMarket(t, nil)
	var ids []string
	for i := range 7 {
		ids = append(ids, m.rest(m.limit(m.maker, "buy", "1", fmt.Sprint(1000+i)).with(fields{"client_order_id": fmt.Sprintf("lists-%d", i)})))
	}
	path := "/v1/queries/accounts/" + m.maker + "/orders?limit=3"
	for order, want := range map[string][]string{"asc": ids, "desc": {ids[6], ids[5], ids[4], ids[3], ids[2], ids[1], ids[0]}} {
		t.Run(order, func(t *testing.T) {
			d := open(t)
			var got []string
			var pinned uint64
			next := ""
			for page := 0; ; page++ {
				r := d.get(page%3, path+"&order="+order+next, "Rialto-Sequence: "+fmt.Sprint(pinned)).want(t, 200, nil)
				if page == 0 {
					pinned = r.number(t, "sequence")
					d.must("accounts/deposit", fields{"account": m.maker, "amount": "1", "asset": "USD"})
				} else if s := r.number(t, "sequence"); s != pinned {
					t.Errorf("page %d is of sequence %d, want %d", page, s, pinned)
				}
				items, _ := r.at("items.#")
				for i := range items.(int) {
					id, _ := r.text(fmt.Sprintf("items.%d.order_id", i))
					got = append(got, id)
				}
				cursor, more := r.text("next")
				if !more {
					break
				}
				next = "&cursor=" + url.QueryEscape(cursor)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	m.must("orders/cancel", fields{"order_id": ids[0]})
	all := "/v1/queries/accounts/" + m.maker + "/orders?consistency=linearizable"
	m.get(1, all+"&status=open").want(t, 200, fields{"items.#": 6, "next": absent{}})
	m.get(1, all+"&status=cancelled").want(t, 200, fields{"items.#": 1, "items.0.order_id": ids[0]})
	m.get(1, all+"&client_order_id=lists-3").want(t, 200, fields{"items.#": 1, "items.0.order_id": ids[3]})
	first := m.get(1, path).want(t, 200, nil)
	cursor, _ := first.text("next")
	m.get(1, "/v1/queries/accounts/"+m.taker+"/orders?limit=3&cursor="+url.QueryEscape(cursor)).refused(t, 400, "malformed")
}

// TestTrades shows public trades and one's own, and that from is inclusive
// and to exclusive.
func TestTrades(t *testing.T) {
	m := newMarket(t, nil)
	var at []string
	for i := range 3 {
		m.rest(m.limit(m.maker, "sell", "1", fmt.Sprint(3000+i)))
		r := m.place(m.limit(m.taker, "buy", "1", fmt.Sprint(3000+i)))
		s, _ := r.text("fills.0.at")
		at = append(at, s)
	}
	path := "/v1/queries/instruments/" + m.instrument + "/trades?consistency=linearizable"
	r := m.get(1, path).want(t, 200, fields{"items.#": 3, "items.0.price": "3000.00", "items.0.quantity": "1.000", "items.0.taker_side": "buy", "items.0.instrument": m.instrument})
	if got := r.names("items.0"); got != "at instrument price quantity sequence taker_side trade_id" {
		t.Errorf("got fields %s", got)
	}
	window := "&from=" + at[0] + "&to=" + at[2]
	m.get(1, path+window).want(t, 200, fields{"items.#": 2, "items.1.price": "3001.00"})
	m.get(1, path+"&order=desc").want(t, 200, fields{"items.0.price": "3002.00"})
	own := m.get(1, "/v1/queries/accounts/"+m.maker+"/trades?consistency=linearizable"+window).want(t, 200, fields{
		"items.#": 2, "items.0.side": "sell", "items.0.liquidity": "maker", "items.0.fee": "0.600000"})
	public, _ := r.text("items.0.trade_id")
	mine, _ := own.text("items.0.trade_id")
	if public != mine {
		t.Errorf("the public trade is %s and one's own %s", public, mine)
	}
}

// TestHistory shows the events of an order, and those of a fill, in the
// places that the contract gives them.
func TestHistory(t *testing.T) {
	m := newMarket(t, nil)
	maker := m.rest(m.limit(m.maker, "sell", "2", "3000"))
	placed := m.raw(0, "orders/place", fields{"command_id": "history-take", "payload": m.limit(m.taker, "buy", "1", "3000")}).want(t, 200, nil)
	taker, _ := placed.text("order.order_id")
	m.must("orders/amend", fields{"order_id": maker, "price": "3001"})
	m.must("orders/cancel", fields{"order_id": maker})
	r := m.get(1, "/v1/queries/orders/"+maker+"/history?consistency=linearizable").want(t, 200, fields{
		"items.#": 4, "items.0.type": "OrderAccepted", "items.1.type": "OrderFilled", "items.2.type": "OrderAmended", "items.3.type": "OrderCancelled",
		"items.0.aggregate_id": maker, "items.0.aggregate_sequence": 1, "items.3.aggregate_sequence": 4, "items.0.source": "rest"})
	for _, name := range []string{"sequence", "at", "command_id", "correlation_id", "log_index", "data", "actor"} {
		if _, ok := r.at("items.0." + name); !ok {
			t.Errorf("the event has no %s: %s", name, r.body)
		}
	}
	last := placed.number(t, "sequence")
	events := m.get(2, fmt.Sprintf("/v1/queries/events?after=%d&limit=7&min_sequence=%d", last-7, last))
	got := map[string]string{}
	for i := range 7 {
		kind, _ := events.text(fmt.Sprintf("items.%d.type", i))
		of, _ := events.text(fmt.Sprintf("items.%d.aggregate_id", i))
		id, _ := events.text(fmt.Sprintf("items.%d.command_id", i))
		if id != "history-take" {
			t.Errorf("event %d is of command %s", i, id)
		}
		got[kind+" "+of] = id
	}
	for _, want := range []string{
		"OrderAccepted " + taker, "TradeExecuted " + m.instrument, "OrderFilled " + maker, "OrderFilled " + taker,
		"FundsPosted " + m.maker, "FundsPosted " + m.taker, "FundsPosted venue:fees",
	} {
		if got[want] == "" {
			t.Errorf("no %s in %v", want, got)
		}
	}
}

// TestEvents shows the event store: gapless, the same on every node, filtered,
// and always with a cursor to go on from.
func TestEvents(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "events"})
	last := d.must("accounts/deposit", fields{"account": "events", "amount": "1", "asset": "USD"}).number(t, "sequence")
	path := fmt.Sprintf("/v1/queries/events?after=%d&limit=20&min_sequence=%d", last-20, last)
	first := d.get(0, path).want(t, 200, fields{"items.#": 20})
	for i := range 20 {
		if got := first.number(t, fmt.Sprintf("items.%d.sequence", i)); got != last-19+uint64(i) {
			t.Errorf("event %d has sequence %d, want %d", i, got, last-19+uint64(i))
		}
	}
	for node := 1; node < d.Size(); node++ {
		if a, _ := first.at("items"); show(a) != func() string { b, _ := d.get(node, path).at("items"); return show(b) }() {
			t.Errorf("node %d tells other events", node+1)
		}
	}
	d.get(1, fmt.Sprintf("/v1/queries/events?after=%d&aggregate_id=events&min_sequence=%d", last-2, last)).want(t, 200, fields{
		"items.#": 2, "items.0.type": "AccountOpened", "items.1.type": "FundsDeposited", "items.1.data.amount": "1.000000"})
	d.get(1, fmt.Sprintf("/v1/queries/events?after=%d&aggregate_id=events&type=FundsDeposited&min_sequence=%d", last-2, last)).want(t, 200, fields{"items.#": 1})
	d.get(1, fmt.Sprintf("/v1/queries/events?aggregate_id=events&min_sequence=%d", last)).want(t, 200, fields{"items.#": 2}) // however far back
	end := d.get(1, fmt.Sprintf("/v1/queries/events?after=%d&min_sequence=%d", last, last)).want(t, 200, fields{"items.#": 0})
	next, ok := end.text("next")
	if !ok {
		t.Fatalf("no next at the end: %s", end.body)
	}
	more := d.must("accounts/deposit", fields{"account": "events", "amount": "1", "asset": "USD"}).number(t, "sequence")
	d.get(2, "/v1/queries/events?cursor="+url.QueryEscape(next), fmt.Sprintf("Rialto-Sequence: %d", more)).want(t, 200, fields{"items.0.sequence": last + 1})
}

// TestUnknownThings shows that a read of what was never there is a 404.
func TestUnknownThings(t *testing.T) {
	d := open(t)
	for path, code := range map[string]string{
		"accounts/nobody/balance": "unknown_account", "accounts/nobody/balances": "unknown_account",
		"accounts/nobody/orders": "unknown_account", "accounts/nobody/trades": "unknown_account",
		"orders/none": "unknown_order", "orders/none/history": "unknown_order", "orders/none/fills": "unknown_order",
		"instruments/NONE": "unknown_instrument", "instruments/NONE/book": "unknown_instrument", "instruments/NONE/trades": "unknown_instrument",
	} {
		t.Run(path, func(t *testing.T) { d.get(1, "/v1/queries/"+path).refused(t, 404, code) })
	}
}
