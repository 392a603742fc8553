package rest_test

import (
	"strings"
	"testing"
)

// Every way to write a command wrongly is a 400 that names the field, and
// reaches nobody.
func TestMalformed(t *testing.T) {
	payload := func(members string) string {
		return `{"payload":{"account":"mine","instrument":"BTC-USD","side":"buy","type":"limit","price":"1"` + members + `}}`
	}
	for _, c := range []struct{ name, verb, body, field string }{
		{"empty", "orders/place", " ", ""},
		{"not JSON", "orders/place", "{", ""},
		{"two values", "orders/place", place + place, ""},
		{"array", "orders/place", "[]", ""},
		{"string", "orders/place", `"x"`, ""},
		{"null", "orders/place", "null", ""},
		{"unknown member", "orders/place", `{"payloads":{}}`, "payloads"},
		{"command of a batch", "orders/place", `{"command":"orders/place"}`, "command"},
		{"unknown payload member", "orders/place", payload(`,"quantity":"1","qty":"1"`), "payload.qty"},
		{"null member", "orders/place", payload(`,"quantity":null`), "payload.quantity"},
		{"empty string", "orders/place", payload(`,"quantity":"1","client_order_id":""`), "payload.client_order_id"},
		{"float quantity", "orders/place", payload(`,"quantity":1.5`), "payload.quantity"},
		{"integer quantity", "orders/place", payload(`,"quantity":1`), "payload.quantity"},
		{"exponent", "orders/place", payload(`,"quantity":"1e3"`), "payload.quantity"},
		{"plus", "orders/place", payload(`,"quantity":"+1"`), "payload.quantity"},
		{"leading zero", "orders/place", payload(`,"quantity":"01"`), "payload.quantity"},
		{"no digits after the point", "orders/place", payload(`,"quantity":"1."`), "payload.quantity"},
		{"overflow", "orders/place", payload(`,"quantity":"9223372036854775808"`), "payload.quantity"},
		{"object quantity", "orders/place", payload(`,"quantity":{}`), "payload.quantity"},
		{"quantity missing", "orders/place", payload(``), "payload.quantity"},
		{"quantity twice over", "orders/place", payload(`,"quantity":"1","quote_quantity":"1"`), "payload.quote_quantity"},
		{"quote quantity of a limit", "orders/place", payload(`,"quote_quantity":"1"`), "payload.quantity"},
		{"price missing", "orders/place", strings.Replace(payload(`,"quantity":"1"`), `,"price":"1"`, "", 1), "payload.price"},
		{"stop price missing", "orders/place", strings.Replace(payload(`,"quantity":"1"`), `limit`, "stop", 1), "payload.stop_price"},
		{"side missing", "orders/place", `{"payload":{"account":"mine","instrument":"BTC-USD"}}`, "payload.side"},
		{"side in capitals", "orders/place", strings.Replace(place, "buy", "BUY", 1), "payload.side"},
		{"side none", "orders/place", strings.Replace(place, "buy", "none", 1), "payload.side"},
		{"unknown type", "orders/place", strings.Replace(place, "limit", "pegged", 1), "payload.type"},
		{"boolean as string", "orders/place", payload(`,"quantity":"1","post_only":"true"`), "payload.post_only"},
		{"instant", "orders/place", payload(`,"quantity":"1","expire_at":"tomorrow"`), "payload.expire_at"},
		{"gtd without expire_at", "orders/place", payload(`,"quantity":"1","time_in_force":"gtd"`), "payload.expire_at"},
		{"name given twice", "orders/place", payload(`,"quantity":"1","quantity":"1"`), "payload.quantity"},
		{"deep nesting", "orders/place", payload(`,"quantity":` + strings.Repeat("[", 100) + strings.Repeat("]", 100)), "payload.quantity.0.0.0.0.0.0"},
		{"very deep nesting", "orders/place", strings.Repeat(`{"a":`, 20_000), ""},
		{"bad UTF-8", "orders/place", payload(",\"quantity\":\"1\",\"client_order_id\":\"\xff\""), "payload.client_order_id"},
		{"lone surrogate", "orders/place", payload(`,"quantity":"1","client_order_id":"\ud800"`), "payload.client_order_id"},
		{"id alphabet", "orders/place", payload(`,"quantity":"1","client_order_id":"a b"`), "payload.client_order_id"},
		{"id length", "orders/place", payload(`,"quantity":"1","client_order_id":"` + strings.Repeat("x", 65) + `"`), "payload.client_order_id"},
		{"account differs", "orders/place", strings.Replace(place, `{`, `{"aggregate_id":"other",`, 1), "payload.account"},
		{"payload no object", "orders/place", `{"payload":[]}`, "payload"},
		{"payload missing", "orders/place", `{}`, "payload.account"},
		{"command_id", "orders/place", strings.Replace(place, "c1", "a/b", 1), "command_id"},
		{"command_id number", "orders/place", strings.Replace(place, `"c1"`, "1", 1), "command_id"},
		{"created_at", "orders/place", strings.Replace(place, `{`, `{"created_at":"2026-05-23",`, 1), "created_at"},
		{"valid_until", "orders/place", strings.Replace(place, `{`, `{"valid_until":1,`, 1), "valid_until"},
		{"expected float", "orders/place", strings.Replace(place, `{`, `{"expected_sequence":1.0,`, 1), "expected_sequence"},
		{"expected negative", "orders/place", strings.Replace(place, `{`, `{"expected_sequence":-1,`, 1), "expected_sequence"},
		{"expected string", "orders/place", strings.Replace(place, `{`, `{"expected_sequence":"1",`, 1), "expected_sequence"},
		{"cents float", "accounts/deposit", strings.Replace(deposit, "50000", "500.00", 1), "payload.amount_cents"},
		{"cents exponent", "accounts/deposit", strings.Replace(deposit, "50000", "5e4", 1), "payload.amount_cents"},
		{"cents string", "accounts/deposit", strings.Replace(deposit, "50000", `"50000"`, 1), "payload.amount_cents"},
		{"cents overflow", "accounts/deposit", strings.Replace(deposit, "50000", "99999999999999999999", 1), "payload.amount_cents"},
		{"cents without currency", "accounts/deposit", `{"aggregate_id":"a","payload":{"amount_cents":1}}`, "payload.currency"},
		{"amount without asset", "accounts/deposit", `{"aggregate_id":"a","payload":{"amount":"1"}}`, "payload.asset"},
		{"both amounts", "accounts/deposit", `{"aggregate_id":"a","payload":{"amount":"1","asset":"USD","amount_cents":1}}`, "payload.amount_cents"},
		{"no amount", "accounts/deposit", `{"aggregate_id":"a","payload":{}}`, "payload.amount"},
		{"amount as number", "accounts/deposit", `{"aggregate_id":"a","payload":{"amount":1.5,"asset":"USD"}}`, "payload.amount"},
		{"no account", "accounts/deposit", `{"payload":{"amount":"1","asset":"USD"}}`, "payload.account"},
		{"order by two names", "orders/cancel", `{"aggregate_id":"A","payload":{"order_id":"B"}}`, "payload.order_id"},
		{"no order", "orders/cancel", `{"payload":{}}`, "payload.order_id"},
		{"client id without account", "orders/amend", `{"payload":{"client_order_id":"x"}}`, "payload.order_id"},
		{"no limit named", "venue/set-limits", `{"payload":{}}`, "payload"},
		{"reserved command_id", "orders/place", strings.Replace(place, "c1", "venue:c1", 1), "command_id"},
		{"reserved client_order_id", "orders/place", payload(`,"quantity":"1","client_order_id":"venue:1"`), "payload.client_order_id"},
		{"reserved new client_order_id", "orders/amend", `{"payload":{"order_id":"O0000008000007","client_order_id":"venue:1"}}`, "payload.client_order_id"},
		{"reserved name of an order", "orders/cancel", `{"payload":{"account":"mine","client_order_id":"venue:1"}}`, "payload.client_order_id"},
		{"negative limit", "venue/set-limits", `{"payload":{"max_position":"-1"}}`, "payload.max_position"},
		{"secret hash", "participants/define", `{"payload":{"participant":"p","role":"trader","keys":[{"id":"k","secret_hash":"zz"}]}}`, "payload.keys.secret_hash"},
		{"key member", "participants/define", `{"payload":{"participant":"p","role":"trader","keys":[{"id":"k","secret":"zz"}]}}`, "payload.keys.secret"},
		{"scale", "assets/define", `{"payload":{"asset":"A","scale":19}}`, "payload.scale"},
		{"phase", "instruments/set-phase", `{"payload":{"instrument":"A","phase":"open"}}`, "payload.phase"},
		{"too many members", "orders/place", `{"payload":{` + strings.TrimSuffix(manyMembers(70), ",") + `}}`, "payload.m64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue()
			r := do(t, handler(t, v), "POST /v1/commands/"+c.verb, c.body)
			r.want(t, 400, `"code":"malformed"`, `"status":400`, `"detail":"[malformed] `)
			if c.field != "" {
				r.want(t, 400, `"field":"`+c.field+`"`)
			}
			if len(v.received) != 0 {
				t.Error("a malformed command was submitted")
			}
		})
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"m` + string(rune('0'+i/10)) + string(rune('0'+i%10)) + `":1,`)
	}
	return b.String()
}

// What is wrong around the body has its own status.
func TestRefusedRequests(t *testing.T) {
	h := handler(t, newVenue())
	for _, c := range []struct {
		name, line, body string
		headers          []string
		want             int
		code             string
	}{
		{"body of 1 MiB and a byte", "POST /v1/commands", strings.Repeat(" ", 1<<20+1), nil, 413, "too_large"},
		{"body of 1 MiB", "POST /v1/commands", strings.Repeat(" ", 1<<20), nil, 400, "malformed"},
		{"command over 15 KiB", "POST /v1/commands/orders/place", `{"command_type":"` + strings.Repeat("x", 16<<10) + `"}`, nil, 413, "too_large"},
		{"form", "POST /v1/commands/orders/place", place, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"},
		{"no media type", "POST /v1/commands/orders/place", place, []string{"Content-Type", ""}, 415, "unsupported_media_type"},
		{"latin-1", "POST /v1/commands/orders/place", place, []string{"Content-Type", "application/json; charset=latin1"}, 415, "unsupported_media_type"},
		{"compressed", "POST /v1/commands/orders/place", place, []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		{"GET of a command", "GET /v1/commands/orders/place", "", nil, 405, "method_not_allowed"},
		{"PUT", "PUT /v1/commands", place, nil, 405, "method_not_allowed"},
		{"POST of a query", "POST /v1/queries/instruments", "{}", nil, 405, "method_not_allowed"},
		{"unknown verb", "POST /v1/commands/orders/steal", place, nil, 404, "not_found"},
		{"unknown path", "GET /v1/queries/nothing", "", nil, 404, "not_found"},
		{"later read model", "GET /v1/queries/instruments/BTC-USD/candles", "", nil, 404, "not_found"},
		{"unknown query parameter", "GET /v1/queries/instruments?foo=1", "", nil, 400, "malformed"},
		{"parameter twice", "GET /v1/queries/instruments?limit=1&limit=1", "", nil, 400, "malformed"},
		{"empty parameter", "GET /v1/queries/instruments?limit=", "", nil, 400, "malformed"},
		{"query of a command", "POST /v1/commands/orders/place?x=1", place, nil, 400, "malformed"},
		{"limit 0", "GET /v1/queries/instruments?limit=0", "", nil, 400, "malformed"},
		{"limit over 1000", "GET /v1/queries/instruments?limit=1001", "", nil, 400, "malformed"},
		{"depth over 1000", "GET /v1/queries/instruments/BTC-USD/book?depth=1001", "", nil, 400, "malformed"},
		{"order", "GET /v1/queries/instruments?order=up", "", nil, 400, "malformed"},
		{"from", "GET /v1/queries/instruments?from=yesterday", "", nil, 400, "malformed"},
		{"after", "GET /v1/queries/events?after=-1", "", nil, 400, "malformed"},
		{"status", "GET /v1/queries/accounts/mine/orders?status=OPEN", "", nil, 400, "malformed"},
		{"consistency", "GET /v1/queries/instruments?consistency=strong", "", nil, 400, "malformed"},
		{"min_sequence", "GET /v1/queries/instruments?min_sequence=x", "", nil, 400, "malformed"},
		{"timeout", "GET /v1/queries/instruments?timeout=31s", "", nil, 400, "malformed"},
		{"as_of", "GET /v1/queries/instruments?as_of=then", "", nil, 400, "malformed"},
		{"as_of and min_sequence", "GET /v1/queries/instruments?as_of=0&min_sequence=0", "", nil, 400, "malformed"},
		{"as_of and consistency", "GET /v1/queries/instruments?as_of=0&consistency=stale", "", nil, 400, "malformed"},
		{"as_of in the future", "GET /v1/queries/instruments?as_of=2026-05-23T10:00:03Z", "", nil, 400, "as_of_in_future"},
		{"cursor", "GET /v1/queries/instruments?cursor=abc", "", nil, 400, "malformed"},
		{"history", "GET /v1/queries/instruments", "", []string{"Rialto-History", "00000000000000ff"}, 409, "history_changed"},
		{"stream of another history", "GET /v1/streams/events", "", []string{"Last-Event-ID", "00000000000000ff-1"}, 409, "history_changed"},
		{"stream position", "GET /v1/streams/events", "", []string{"Last-Event-ID", "7"}, 400, "malformed"},
		{"transfer", "POST /v1/admin/leader/transfer", `{"too":"n2"}`, nil, 400, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := do(t, h, c.line, c.body, c.headers...)
			r.want(t, c.want, `"code":"`+c.code+`"`)
			if r.status == 405 && r.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if got := r.header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("media type %q", got)
			}
		})
	}
}
