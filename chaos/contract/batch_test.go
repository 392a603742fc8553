package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestBatch shows that a batch is executed in order, that each element has
// its own outcome in its place, and that made ids follow the header's.
func TestBatch(t *testing.T) {
	d := open(t)
	const batch = `[
		{"command":"accounts/open","command_id":"batch-open","payload":{"account":"batch"}},
		{"command":"accounts/deposit","command_id":"batch-2","aggregate_id":"batch","payload":{"asset":"USD","amount":"10"}},
		{"command":"accounts/withdraw","payload":{"account":"batch","asset":"USD","amount":"11"}},
		{"command":"accounts/deposit","command_id":"batch-2","aggregate_id":"batch","payload":{"asset":"USD","amount":"10"}},
		{"command":"accounts/deposit","command_id":"batch-2","aggregate_id":"batch","payload":{"asset":"USD","amount":"11"}},
		{"command":"accounts/unheard","payload":{}},
		{"command":"accounts/deposit","payload":{"account":"batch","asset":"USD","amount":5}},
		{"payload":{}},
		7,
		{"command":"accounts/withdraw","payload":{"account":"batch","asset":"USD","amount":"4"}}]`
	first := d.send(0, "POST", "/v1/commands", batch, "Idempotency-Key: bk").want(t, 200, fields{
		"#": 10, "0.command_id": "batch-open", "0.http_status": 200, "0.answer.aggregate_sequence": 1, "0.problem": absent{},
		"1.answer.balance.available": "10.000000",
		"2.command_id":               "bk/2", "2.http_status": 422, "2.problem.code": "insufficient_funds", "2.answer": absent{},
		"3.http_status": 200, "4.http_status": 409, "4.problem.code": "command_id_reused",
		"5.http_status": 400, "5.problem.code": "malformed", "6.http_status": 400, "7.http_status": 400, "8.http_status": 400,
		"9.command_id": "bk/9", "9.http_status": 200, "9.answer.balance.available": "6.000000",
	})
	second, _ := first.at("1.answer")
	fourth, _ := first.at("3.answer")
	if show(second) != show(fourth) {
		t.Errorf("a duplicate got %s, not the earlier one's answer %s", show(fourth), show(second))
	}
	again := d.send(2, "POST", "/v1/commands", batch, "Idempotency-Key: bk").want(t, 200, nil)
	if !bytes.Equal(again.body, first.body) {
		t.Errorf("sent again, got\n%s, want\n%s", again.body, first.body)
	}
	d.get(1, "/v1/commands/batch-2").want(t, 200, fields{"status": "accepted"})
	d.holds("batch", "USD", "6.000000", "0.000000")
}

// TestBatchBounds shows what is refused as a whole: at 1,000 commands and a
// mebibyte it works, one past it does not.
func TestBatchBounds(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "bounds"})
	const one = `{"command":"accounts/deposit","payload":{"account":"bounds","asset":"USD","amount":"1"}}`
	batch := func(n int) string { return "[" + strings.Repeat(one+",", n-1) + one + "]" }
	d.send(0, "POST", "/v1/commands", batch(1000)).want(t, 200, fields{"#": 1000, "999.answer.balance.available": "1000.000000"})
	d.send(0, "POST", "/v1/commands", batch(1001)).refused(t, 413, "too_large")
	d.send(0, "POST", "/v1/commands", "["+one+strings.Repeat(" ", mebibyte-len(one)-2)+"]").want(t, 200, fields{"#": 1})
	d.send(0, "POST", "/v1/commands", "["+one+strings.Repeat(" ", mebibyte-len(one)-1)+"]").refused(t, 413, "too_large")
	for _, bad := range []string{`{}`, `null`, `"x"`, `[`, `[1`, `[]]`} {
		d.send(0, "POST", "/v1/commands", bad).refused(t, 400, "malformed")
	}
	d.holds("bounds", "USD", "1001.000000", "0.000000")
}

const mebibyte = 1 << 20

// TestMalformed shows that no request, however bad, is answered with a server
// error, that each gets a clear refusal, and that none leaves an event.
func TestMalformed(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "malformed"})
	const path = "/v1/commands/accounts/deposit"
	body := func(payload string) string { return `{"aggregate_id":"malformed","payload":` + payload + `}` }
	good := body(`{"asset":"USD","amount":"1"}`)
	before := d.get(0, "/v1/queries/events?limit=1&order=desc&consistency=linearizable").number(t, "sequence")
	for _, c := range []struct {
		what, method, path, body string
		header                   string
		status                   int
	}{
		{"nothing", "POST", path, "", "Content-Type: application/json", 400},
		{"no JSON", "POST", path, "hello", "", 400},
		{"cut off", "POST", path, good[:len(good)-1], "", 400},
		{"something behind it", "POST", path, good + " 1", "", 400},
		{"an array", "POST", path, "[]", "", 400},
		{"null", "POST", path, "null", "", 400},
		{"null payload", "POST", path, body("null"), "", 400},
		{"payload of another kind", "POST", path, body("[]"), "", 400},
		{"an unknown field", "POST", path, `{"aggregate_id":"malformed","colour":1,"payload":{"asset":"USD","amount":"1"}}`, "", 400},
		{"an unknown field of the payload", "POST", path, body(`{"asset":"USD","amount":"1","colour":1}`), "", 400},
		{"a field twice", "POST", path, body(`{"asset":"USD","amount":"1","amount":"1"}`), "", 400},
		{"a float", "POST", path, body(`{"currency":"USD","amount_cents":1.0}`), "", 400},
		{"an exponent", "POST", path, body(`{"currency":"USD","amount_cents":1e2}`), "", 400},
		{"beyond 64 bits", "POST", path, body(`{"currency":"USD","amount_cents":99999999999999999999}`), "", 400},
		{"a number as string", "POST", path, body(`{"currency":"USD","amount_cents":"1"}`), "", 400},
		{"bad UTF-8", "POST", path, body("{\"asset\":\"USD\",\"amount\":\"1\",\"reference\":\"\xff\"}"), "", 400},
		{"half a surrogate pair", "POST", path, body(`{"asset":"USD","amount":"1","reference":"\ud800"}`), "", 400},
		{"a text too long", "POST", path, body(`{"asset":"USD","amount":"1","reference":"` + strings.Repeat("x", 10000) + `"}`), "", 400},
		{"deep arrays", "POST", path, body(strings.Repeat("[", 100000)), "", 400},
		{"deep objects", "POST", path, body(strings.Repeat(`{"a":`, 100000)), "", 400},
		{"created_at no time", "POST", path, `{"aggregate_id":"malformed","created_at":"now","payload":{"asset":"USD","amount":"1"}}`, "", 400},
		{"an id too long", "POST", path, `{"command_id":"` + strings.Repeat("x", 65) + `","aggregate_id":"malformed","payload":{"asset":"USD","amount":"1"}}`, "", 400},
		{"a reserved id", "POST", path, `{"command_id":"venue:x","aggregate_id":"malformed","payload":{"asset":"USD","amount":"1"}}`, "", 400},
		{"a reserved key", "POST", path, good, "Idempotency-Key: venue:x", 400},
		{"no limit named", "POST", "/v1/commands/accounts/set-limits", body("{}"), "", 400},
		{"an id with a space", "POST", path, `{"command_id":"a b","aggregate_id":"malformed","payload":{"asset":"USD","amount":"1"}}`, "", 400},
		{"too large", "POST", path, body(`{"reference":"` + strings.Repeat("x", mebibyte) + `"}`), "", 413},
		{"text", "POST", path, good, "Content-Type: text/plain", 415},
		{"another charset", "POST", path, good, "Content-Type: application/json; charset=latin1", 415},
		{"compressed", "POST", path, good, "Content-Encoding: gzip", 415},
		{"GET of a command", "GET", path, "", "", 405},
		{"PUT", "PUT", path, good, "", 405},
		{"POST of a query", "POST", "/v1/queries/events", "{}", "", 405},
		{"DELETE of a query", "DELETE", "/v1/queries/events", "", "", 405},
		{"no such command", "POST", "/v1/commands/accounts/rob", good, "", 404},
		{"no such path", "GET", "/v1/nothing", "", "", 404},
		{"an unknown parameter", "GET", "/v1/queries/events?colour=red", "", "", 400},
		{"a parameter twice", "GET", "/v1/queries/events?limit=1&limit=2", "", "", 400},
		{"a bad escape", "GET", "/v1/queries/events?limit=%zz", "", "", 400},
		{"a limit too high", "GET", "/v1/queries/events?limit=1001", "", "", 400},
		{"a limit too low", "GET", "/v1/queries/events?limit=0", "", "", 400},
		{"a depth too high", "GET", "/v1/queries/instruments/ETH-USD/book?depth=1001", "", "", 400},
		{"no such consistency", "GET", "/v1/queries/instruments?consistency=some", "", "", 400},
		{"no such status", "GET", "/v1/queries/accounts/malformed/orders?status=some", "", "", 400},
		{"no such order", "GET", "/v1/queries/accounts/malformed/orders?order=up", "", "", 400},
		{"no cursor of ours", "GET", "/v1/queries/accounts/malformed/orders?cursor=xyz", "", "", 400},
		{"no sequence", "GET", "/v1/queries/instruments?as_of=-1", "", "", 400},
		{"a header that is no sequence", "GET", "/v1/queries/instruments", "", "Rialto-Sequence: x", 400},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := open(t)
			var headers []string
			if c.header != "" {
				headers = append(headers, c.header)
			}
			r := d.send(0, c.method, c.path, c.body, headers...)
			code, _ := r.text("code")
			r.refused(t, c.status, code)
			if c.status == 400 && code != "malformed" {
				t.Errorf("got code %s: %s", code, r.body)
			}
			if c.status == 405 && r.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
	d.send(0, "POST", path, good, "Content-Type: application/json; charset=utf-8").want(t, 200, nil)
	after := d.get(0, "/v1/queries/events?limit=1&order=desc&consistency=linearizable").number(t, "sequence")
	if after != before+1 {
		t.Errorf("%d events were left, want the one of the good request", after-before)
	}
}

// TestRandomBytes shows that mutilated requests never make a server error.
func TestRandomBytes(t *testing.T) {
	d := open(t)
	m, err := json.Marshal(fields{"command_id": "random", "aggregate_id": "early", "expected_sequence": 1,
		"payload": fields{"account": "early", "instrument": "EARLY", "side": "buy", "type": "limit", "quantity": "1", "price": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range m {
		for _, with := range []byte{0, '"', '{', ']', '9', 0xff, '\\', ','} {
			b := bytes.Clone(m)
			b[i] = with
			r := d.send(i%3, "POST", "/v1/commands/orders/place", string(b))
			if r.status >= 500 || r.status < 200 {
				t.Fatalf("byte %d = %q: %d %s", i, with, r.status, r.body)
			}
		}
	}
	d.get(0, fmt.Sprintf("/v1/queries/accounts/%s/balance", strings.Repeat("x", 5000))).want(t, 404, nil)
}
