package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

// The answers have the contract's shapes.
func TestShapes(t *testing.T) {
	h := handler(t, newVenue())
	for line, want := range map[string]string{
		"accounts/acc-998811/balance": `{"aggregate_id":"acc-998811","current_balance_cents":50000,"currency":"USD","available":"500.000000","held":"0.009999","total":"500.009999","last_updated_sequence":14,"last_updated_at":"2026-05-23T10:00:00.123456789Z"}`,
		"accounts/mine/balances":      `{"account":"mine","sequence":0,"balances":[{"asset":"USD","available":"500.000000","held":"0.009999","total":"500.009999"}]}`,
		"accounts/linked":             `{"account":"linked","participant":"p1","status":"open","aggregate_sequence":14}`,
		"instruments/BTC-USD/book":    `{"instrument":"BTC-USD","sequence":0,"bids":[["585.33","1.0000",1]],"asks":[]}`,
		"instruments/BTC-USD/trades":  `{"sequence":0,"items":[]}`,
		"ledger/trial-balance":        `{"sequence":0,"assets":[{"asset":"USD","debits":"0.000005","credits":"0.000005","net":"0.000000"}]}`,
		"assets":                      `{"sequence":0,"items":[{"asset":"USD","scale":6,"minor_unit":2,"aggregate_sequence":1}]}`,
		"venue/limits":                `{"scope":"venue","limits":{"max_open_orders":"10000","max_position":"none"},"aggregate_sequence":0}`,
	} {
		r := do(t, h, "GET /v1/queries/"+line, "")
		r.want(t, 200)
		if r.body != want {
			t.Errorf("%s:\n%s\nwant\n%s", line, r.body, want)
		}
	}
}

// What is not there is told apart.
func TestNotFound(t *testing.T) {
	h := handler(t, newVenue())
	for path, code := range map[string]string{
		"accounts/none/balance":            "unknown_account",
		"accounts/mine/balance?asset=GOLD": "unknown_asset",
		"orders/O0000000000000":            "unknown_order",
		"instruments/GOLD-USD":             "unknown_instrument",
		"instruments/GOLD-USD/book":        "unknown_instrument",
		"assets/GOLD":                      "unknown_asset",
	} {
		do(t, h, "GET /v1/queries/"+path, "").want(t, 404, `"code":"`+code+`"`)
	}
}

// A list is read page by page with next, whether its parameters are repeated
// or not; next is refused for another list and with other parameters.
func TestPaging(t *testing.T) {
	h := handler(t, newVenue())
	const path = "GET /v1/queries/accounts/mine/orders"
	seen := 0
	query := "?limit=2&status=open&client_order_id=x"
	for range 3 {
		r := do(t, h, path+query, "")
		r.want(t, 200)
		var page struct {
			Items []struct {
				ClientOrderID string `json:"client_order_id"`
			}
			Next string
		}
		if err := json.Unmarshal([]byte(r.body), &page); err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Items {
			if seen++; o.ClientOrderID != "x" {
				t.Error("the filter was lost on the way")
			}
		}
		if page.Next == "" {
			break
		}
		query = "?limit=2&cursor=" + page.Next
		do(t, h, "GET /v1/queries/accounts/linked/orders?cursor="+page.Next, "").want(t, 400, `"field":"cursor"`)
		do(t, h, path+"?status=filled&cursor="+page.Next, "").want(t, 400, `"field":"cursor"`)
		do(t, h, path+"?status=open&client_order_id=x&limit=1&cursor="+page.Next, "").want(t, 200)
	}
	if seen != 5 {
		t.Errorf("saw %d orders, want 5", seen)
	}
}

// A cursor of another history is told apart from a bad one.
func TestCursorOfAnotherHistory(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	r := do(t, h, "GET /v1/queries/accounts/mine/orders?limit=1", "")
	var page struct{ Next string }
	if err := json.Unmarshal([]byte(r.body), &page); err != nil {
		t.Fatal(err)
	}
	v.history++
	do(t, h, "GET /v1/queries/accounts/mine/orders?cursor="+page.Next, "").want(t, 409, `"code":"history_changed"`)
}

// A read that carries a sequence waits for it, and says so when it does not
// come; as_of is answered at its point or not at all.
func TestConsistency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		h := handler(t, v)
		const book = "GET /v1/queries/instruments/BTC-USD/book"
		do(t, h, book+"?min_sequence=1&timeout=10ms", "").want(t, 504, `"code":"not_caught_up"`)
		do(t, h, book+"?timeout=0", "", "Rialto-Sequence", "1").want(t, 504, `"code":"not_caught_up"`)
		do(t, h, book+"?consistency=stale", "", "Rialto-Sequence", "1").want(t, 200)
		do(t, h, book+"?as_of=1&timeout=10ms", "").want(t, 504)

		waited := make(chan reply)
		go func() { waited <- do(t, h, book+"?min_sequence=1", "") }()
		synctest.Wait()
		do(t, h, "POST /v1/commands/orders/place", place).want(t, 200)
		(<-waited).want(t, 200, `"sequence":1`)

		do(t, h, book+"?consistency=linearizable", "").want(t, 200, `"sequence":1`)
		do(t, h, book+"?as_of=0", "").want(t, 200, `"sequence":0`)
		do(t, h, book+"?as_of=2026-05-23T09:00:00Z", "").want(t, 200, `"sequence":0`)
		do(t, h, book+"?as_of=2026-05-23T10:00:00.123456789Z", "").want(t, 200, `"sequence":1`)
		do(t, h, book+"?as_of=1960-01-01T00:00:00Z", "").want(t, 200, `"sequence":0`)
		do(t, h, book+"?as_of=9999-12-31T23:59:59Z", "").want(t, 400, `"code":"as_of_in_future"`)
		do(t, h, "GET /v1/queries/accounts/mine/orders?from=1960-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", "").want(t, 200)
		do(t, h, "GET /v1/queries/accounts/mine/balance?min_aggregate_sequence=14", "").want(t, 200)
		do(t, h, "GET /v1/queries/accounts/mine/balance?min_aggregate_sequence=15&timeout=10ms", "").want(t, 504)

		v.floor = event.Pin{Sequence: 1, At: v.at()}
		do(t, h, book+"?as_of=0", "").want(t, 410, `"code":"before_retention_floor"`, `"floor_sequence":1,"floor_at":"2026-05-23T10:00:00.123456789Z"`)
	})
}

// A trader sees the events of its own accounts and commands, and of a trade
// its own side only; an auditor sees both sides.
func TestEventsAreTheCallersOwn(t *testing.T) {
	v := newVenue()
	maker, taker := testOrder("other", ""), testOrder("mine", "")
	v.mu.Lock()
	v.append(&placeOf("p2").Command, "other",
		&event.OrderChanged{Type: event.TypeOrderAccepted, Order: maker},
		&event.Fill{
			TradeID: 9, Price: 58533, Quantity: 1, Notional: 58533, TakerSide: taker.Side, Taker: taker, Maker: maker, FeeAsset: "USD",
			Postings: []event.Posting{
				{Account: "mine", Sequence: 2, Balances: []event.Balance{{Asset: "BTC", Delta: 1}}},
				{Account: "other", Sequence: 3, Balances: []event.Balance{{Asset: "BTC", Delta: -1}}},
			},
		})
	v.mu.Unlock()
	h := handler(t, v)
	as := func(who string) string {
		r := do(t, h, "GET /v1/queries/events", "", "Authorization", "Bearer key."+who+".s.e")
		r.want(t, 200, `"next":"`)
		return r.body
	}
	trader := as("p1")
	for _, secret := range []string{`"other"`, `"p2"`, `key.p2`, `"counterparty"`, `maker_account`, `"sequence":1,"type"`, `"sequence":4,"type"`, `"sequence":6,"type"`} {
		if strings.Contains(trader, secret) {
			t.Errorf("the trader sees %s:\n%s", secret, trader)
		}
	}
	for _, part := range []string{`"sequence":2,"type":"TradeExecuted"`, `"sequence":3,"type":"OrderFilled"`, `"sequence":5,"type":"FundsPosted"`} {
		if !strings.Contains(trader, part) {
			t.Errorf("the trader lacks %s:\n%s", part, trader)
		}
	}
	auditor := as("aud")
	for _, part := range []string{`"counterparty":"other"`, `"maker_account":"other"`, `"participant":"p2"`, `"postings":[{"account":"mine"`, `"sequence":6,"type"`} {
		if !strings.Contains(auditor, part) {
			t.Errorf("the auditor lacks %s:\n%s", part, auditor)
		}
	}
	if nobody := as("view"); !strings.Contains(nobody, `"items":[]`) {
		t.Errorf("a reader without accounts sees %s", nobody)
	}
}

// The last page of events leads on: next finds what came after it.
func TestEventsLeadOn(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	next := ""
	for i := range 3 {
		do(t, h, "POST /v1/commands/orders/place", strings.Replace(place, "c1", "c"+string(rune('1'+i)), 1)).want(t, 200)
		query := "?limit=10"
		if next != "" {
			query += "&cursor=" + next
		}
		r := do(t, h, "GET /v1/queries/events"+query, "")
		var page struct {
			Items []struct{ Sequence int }
			Next  string
		}
		if err := json.Unmarshal([]byte(r.body), &page); err != nil || len(page.Items) != 1 || page.Items[0].Sequence != i+1 {
			t.Fatalf("page %d: %s", i, r.body)
		}
		next = page.Next
	}
	do(t, h, "GET /v1/queries/events?after=2", "").want(t, 200, `"items":[{"sequence":3`)
}

// What there is not is named in the message, and when it was not.
func TestNotFoundNames(t *testing.T) {
	v := newVenue()
	v.grow(1)
	for line, want := range map[string]string{
		"GET /v1/queries/instruments/DOGE-USD":            `no instrument DOGE-USD"`,
		"GET /v1/queries/instruments/DOGE-USD/book":       `no instrument DOGE-USD"`,
		"GET /v1/queries/instruments/DOGE-USD?as_of=1":    `no instrument DOGE-USD at 1"`,
		"GET /v1/queries/accounts/nobody/balance":         `no account nobody"`,
		"GET /v1/queries/accounts/mine/balance?asset=XYZ": `no asset XYZ"`,
		"GET /v1/queries/assets/XYZ":                      `no asset XYZ"`,
		"GET /v1/queries/orders/" + noOrder:               `no order ` + noOrder + `"`,
		"GET /v1/queries/orders/" + noOrder + "/fills":    `no order ` + noOrder + `"`,
	} {
		do(t, handler(t, v), line, "").want(t, 404, want)
	}
}

// Operations reach the node, and what they refuse has a problem.
func TestOperations(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	do(t, h, "POST /v1/admin/leader/transfer", "").want(t, 200)
	do(t, h, "POST /v1/admin/leader/transfer", `{"to":"n2"}`).want(t, 200)
	do(t, h, "POST /v1/admin/drain", "").want(t, 200)
	do(t, h, "POST /v1/admin/snapshot", "").want(t, 200)
	do(t, h, "GET /v1/admin/backup?entries_after=3&blocks_after=2", "").want(t, 200, "stream")
	do(t, h, "GET /v1/admin/backup?entries_after=x", "").want(t, 400, "entries_after")
	do(t, h, "GET /v1/admin/support/log", "").want(t, 200, "words")
	do(t, h, "GET /v1/admin/support/diary", "").want(t, 404, "no diary")
	do(t, h, "DELETE /v1/admin/nodes/n3", "").want(t, 200)
	do(t, h, "POST /v1/admin/read-models/orders/rebuild", "").want(t, 200)
	want := "transfer |transfer n2|drain|snapshot|backup 3 2 0|support log|remove n3|rebuild orders"
	if got := strings.Join(v.asked, "|"); got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
	v.ready = http.ErrServerClosed
	do(t, h, "GET /readyz", "").want(t, 503, `"status":"not_ready"`)
	do(t, h, "GET /healthz", "").want(t, 200)
	do(t, h, "GET /v1/cluster", "").want(t, 200, `"cluster_id":"c1"`, `"nodes":[]`, `"findings":[]`)
	do(t, h, "GET /metrics", "").want(t, 200, "http_server_request_duration_seconds_bucket", "http_server_active_requests")
}

// An operation that a node can't do now was not done, and its answer says so:
// whoever asked is not left with an outcome to settle.
func TestOperationNotDone(t *testing.T) {
	v := newVenue()
	v.opErr = fmt.Errorf("%w: no snapshot was taken: no room", gateways.ErrDegraded)
	do(t, handler(t, v), "POST /v1/admin/snapshot", "").want(t, 503, `"code":"degraded"`, `"outcome":"not_executed"`, "no room")
	do(t, handler(t, v), "GET /v1/admin/backup", "").want(t, 503, `"code":"degraded"`, "no room")
	do(t, handler(t, v), "GET /v1/admin/support/log", "").want(t, 503, `"code":"degraded"`, "no room")
}

// A page of events goes on until it finds something, past others' events and
// past where one look into the store ends; the next one begins behind it.
func TestRareEventsAreFound(t *testing.T) {
	v := newVenue()
	v.examines = 7
	h := handler(t, v)
	const many = 200
	for i := range many {
		do(t, h, "POST /v1/commands/accounts/deposit", strings.Replace(deposit, "cmd-", fmt.Sprintf("cmd-%d-", i), 1)).want(t, 200)
	}
	do(t, h, "POST /v1/commands/orders/place", place).want(t, 200)
	found := fmt.Sprintf(`"items":[{"sequence":%d,"type":"OrderAccepted"`, many+1)
	for _, query := range []string{"?limit=1&type=OrderAccepted", "?type=OrderAccepted"} {
		do(t, h, "GET /v1/queries/events"+query, "").want(t, 200, found)
	}
	for _, query := range []string{"", "?limit=1"} {
		r := do(t, h, "GET /v1/queries/events"+query, "", "Authorization", "Bearer key.p1.s.e")
		r.want(t, 200, found)
		var page struct{ Next string }
		if err := json.Unmarshal([]byte(r.body), &page); err != nil {
			t.Fatal(err)
		}
		do(t, h, "GET /v1/queries/events?cursor="+page.Next, "", "Authorization", "Bearer key.p1.s.e").want(t, 200, `"items":[]`)
	}
}

// Who pages the past by its cursor alone is never shown what came after the
// point that the first page named, however often the last page is asked for;
// a cursor of an earlier build is still good.
func TestCursorOfThePastStaysThere(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	for i := range 6 {
		do(t, h, "POST /v1/commands/accounts/deposit", strings.Replace(deposit, "cmd-880099-deposit", fmt.Sprint("cmd-past-", i), 1)).want(t, 200)
	}
	for _, asOf := range []uint64{0, 3} {
		query := fmt.Sprint("?as_of=", asOf, "&limit=2")
		seen := 0
		for range 5 {
			var page struct {
				Sequence uint64 `json:"sequence"`
				Items    []struct {
					Sequence uint64 `json:"sequence"`
				} `json:"items"`
				Next string `json:"next"`
			}
			r := do(t, h, "GET /v1/queries/events"+query, "")
			r.want(t, 200)
			if err := json.Unmarshal([]byte(r.body), &page); err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Items {
				if seen++; e.Sequence > asOf {
					t.Errorf("as of %d, page %q shows event %d", asOf, query, e.Sequence)
				}
			}
			if page.Sequence > asOf {
				t.Errorf("as of %d, page %q is of sequence %d", asOf, query, page.Sequence)
			}
			query = "?limit=2&cursor=" + page.Next
		}
		if seen != int(asOf) {
			t.Errorf("as of %d: %d events", asOf, seen)
		}
	}
	const earlier = "AQSvK5arAAAAAAAAAAAAAAAAAAAAAwAAAAAAAAA" // version 1: after 3, not pinned
	do(t, h, "GET /v1/queries/events?limit=1&cursor="+earlier, "").want(t, 200, `"items":[{"sequence":4,`)
}

// TestSessions shows the FIX sessions: to the administrator all of them, to a
// trader its participant's.
func TestSessions(t *testing.T) {
	h := handler(t, newVenue())
	r := do(t, h, "GET /v1/queries/sessions", "")
	r.want(t, 200)
	want := `{"sequence":0,"items":[` +
		`{"comp_id":"P1-OE","participant":"p1","kind":"order_entry","state":"active","owner":"n1","epoch":3,"next_in":5,"next_out":9,"heart_bt_int_s":30,` +
		`"last_message_at":"2026-05-23T10:00:00.123456789Z","ended_at":"2026-05-23T10:00:00.123456789Z","aggregate_sequence":7},` +
		`{"comp_id":"P2-OE","participant":"p2","kind":"order_entry","state":"idle","owner":"n1","epoch":3,"next_in":5,"next_out":9,"heart_bt_int_s":30,` +
		`"last_message_at":"2026-05-23T10:00:00.123456789Z","ended_at":"2026-05-23T10:00:00.123456789Z","end_reason":"slow","aggregate_sequence":7}]}`
	if r.body != want {
		t.Errorf("got\n%s\nwant\n%s", r.body, want)
	}
	r = do(t, h, "GET /v1/queries/sessions", "", "Authorization", "Bearer key.p1.s.e")
	r.want(t, 200)
	if strings.Contains(r.body, "P2-OE") || !strings.Contains(r.body, "P1-OE") {
		t.Errorf("a trader sees %s", r.body)
	}
}
