package rest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

const (
	deposit = `{ "command_id": "cmd-880099-deposit", "command_type": "DEPOSIT_FUNDS", "aggregate_id": "acc-998811",
  "payload": { "amount_cents": 50000, "currency": "USD", "reference": "Payroll deposit" },
  "created_at": "2026-05-23T10:00:00.123Z" }`
	place = `{"command_id":"c1","payload":{"account":"mine","instrument":"BTC-USD","side":"buy","type":"limit","quantity":"1","price":"585.33"}}`
)

// The banking guide's deposit is taken to the letter, and what was decoded is
// what the guide says.
func TestBankingGuideDeposit(t *testing.T) {
	v := newVenue()
	r := do(t, handler(t, v), "POST /v1/commands/accounts/deposit", deposit)
	r.want(t, 200, `"command_id":"cmd-880099-deposit","status":"accepted","aggregate_id":"acc-998811"`,
		`"aggregate_sequence":14,"last_updated_sequence":14,"sequence":1`)
	got := v.received[0]
	want := command.Deposit{Account: "acc-998811", Reference: "Payroll deposit", Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 50000}, Minor: true}}
	if b := got.Body.(*command.Deposit); *b != want {
		t.Errorf("decoded %+v, want %+v", *b, want)
	}
	if got.Label != "DEPOSIT_FUNDS" || got.Aggregate != "acc-998811" || got.Source != market.SourceREST || got.Role != market.RoleAdmin {
		t.Errorf("header %+v", got.Header)
	}
	for name, want := range map[string]string{"Rialto-Sequence": "1", "Rialto-Node": "n1", "Rialto-History": "00000000000000ab"} {
		if r.header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, r.header.Get(name), want)
		}
	}
}

// The same id and body gets the first answer's bytes, whatever the order of
// keys, the label and the time; another body is refused.
func TestRepeatIsByteForByte(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	first := do(t, h, "POST /v1/commands/accounts/deposit", deposit)
	again := do(t, h, "POST /v1/commands/accounts/deposit", `{"payload":{"reference":"Payroll\u0020deposit","currency":"USD","amount_cents":50000},
		"aggregate_id":"acc-998811","command_id":"cmd-880099-deposit","command_type":"X","created_at":"2020-01-01T00:00:00+01:00"}`)
	again.want(t, 200)
	if again.body != first.body {
		t.Errorf("repeat:\n%s\nfirst:\n%s", again.body, first.body)
	}
	if first.header.Get("Rialto-Replayed") != "" || again.header.Get("Rialto-Replayed") != "true" {
		t.Error("Rialto-Replayed must mark the repeat and nothing else")
	}
	other := strings.Replace(deposit, "50000", "50001", 1)
	do(t, h, "POST /v1/commands/accounts/deposit", other).want(t, 409, `"code":"command_id_reused"`)
}

// The id is the body's, else the header's, else made.
func TestCommandID(t *testing.T) {
	h := handler(t, newVenue())
	without := strings.Replace(place, `"command_id":"c1",`, "", 1)
	do(t, h, "POST /v1/commands/orders/place", place, "Idempotency-Key", "k1").want(t, 200, `"command_id":"c1"`)
	do(t, h, "POST /v1/commands/orders/place", without, "Idempotency-Key", `"k1"`).want(t, 200, `"command_id":"k1"`)
	do(t, h, "POST /v1/commands/orders/place", without).want(t, 200, `"command_id":"made-`)
	for _, key := range []string{"a/b", "venue:k"} {
		do(t, h, "POST /v1/commands/orders/place", without, "Idempotency-Key", key).want(t, 400, `"field":"Idempotency-Key"`)
		do(t, h, "POST /v1/commands", "[]", "Idempotency-Key", key).want(t, 400, `"field":"Idempotency-Key"`)
	}
}

// What the machine decided and what it did not each have their status, code
// and outcome.
func TestOutcomes(t *testing.T) {
	type outcome struct {
		name  string
		kind  event.OutcomeKind
		fail  error
		body  string
		want  int
		parts []string
		retry bool
	}
	for _, c := range []outcome{
		{name: "refused", body: strings.Replace(place, "mine", "ghost", 1), want: 404,
			parts: []string{`"code":"unknown_account"`, `"detail":"[account] there is no account ghost"`, `"status":404`, `"sequence":1`, `"current_sequence":0`, `"command_id":"c1"`, `"aggregate_id":"ghost"`}},
		{name: "reused", kind: event.OutcomeReused, want: 409, parts: []string{`"code":"command_id_reused"`, `"command_id":"c1"`}},
		{name: "fenced", kind: event.OutcomeFenced, want: 409, parts: []string{`"code":"command_fenced"`}},
		{name: "forbidden", kind: event.OutcomeForbidden, want: 403, parts: []string{`"code":"forbidden"`}},
		{name: "throttled", kind: event.OutcomeThrottled, want: 429, parts: []string{`"code":"throttled"`}, retry: true},
		{name: "no leader", fail: gateways.ErrNoLeader, want: 503, parts: []string{`"code":"no_leader"`, `"outcome":"not_executed"`}, retry: true},
		{name: "unknown", fail: gateways.ErrUnknownOutcome, want: 503, parts: []string{`"outcome":"unknown"`}, retry: true},
		{name: "deadline too far ahead", kind: event.OutcomeTooFarAhead, want: 503, parts: []string{`"code":"degraded"`, `"outcome":"not_executed"`}, retry: true},
		{name: "overloaded", fail: gateways.ErrOverloaded, want: 429, parts: []string{`"code":"throttled"`, `"outcome":"not_executed"`}, retry: true},
		{name: "too large", fail: gateways.ErrTooLarge, want: 413, parts: []string{`"code":"too_large"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue()
			v.kind, v.fail = c.kind, c.fail
			if c.body == "" {
				c.body = place
			}
			r := do(t, handler(t, v), "POST /v1/commands/orders/place", c.body)
			r.want(t, c.want, c.parts...)
			if got := r.header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("media type %q", got)
			}
			if (r.header.Get("Retry-After") != "") != c.retry {
				t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
			}
		})
	}
}

// With Prefer: respond-async the answer is 202, PENDING, and says where the
// outcome will be.
func TestRespondAsync(t *testing.T) {
	h := handler(t, newVenue())
	r := do(t, h, "POST /v1/commands/orders/place", strings.Replace(place, `"side"`, `"client_order_id":"mine-1","side"`, 1), "Prefer", "wait=1, respond-async")
	r.want(t, 202)
	want := `{"command_id":"c1","client_order_id":"mine-1","order_id":"` + market.NewOrderID(7, 1).String() + `","status":"PENDING"}`
	if r.body != want {
		t.Errorf("body %s, want %s", r.body, want)
	}
	if got := r.header.Get("Location"); got != "/v1/commands/c1" {
		t.Errorf("Location %q", got)
	}
	do(t, h, "GET /v1/commands/c1", "").want(t, 200, `"status":"accepted","http_status":200,"answer":{"command_id":"c1"`)
}

// An id can be asked for and fenced; a fence is final.
func TestProbeAndFence(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	do(t, h, "GET /v1/commands/nope", "").want(t, 404, `"code":"unknown_command"`)
	v.inFlight[" nope"] = true
	do(t, h, "GET /v1/commands/nope", "").want(t, 200, `{"command_id":"nope","status":"pending"`)
	delete(v.inFlight, " nope")
	do(t, h, "POST /v1/commands/nope/fence", "").want(t, 200, `"status":"never"`)
	do(t, h, "POST /v1/commands/nope/fence", "").want(t, 200, `"status":"never"`)
	do(t, h, "GET /v1/commands/nope", "").want(t, 200, `"status":"never"`)
	do(t, h, "POST /v1/commands/orders/place", strings.Replace(place, "c1", "nope", 1)).want(t, 409, `"code":"command_fenced"`)
	do(t, h, "POST /v1/commands/orders/place", place)
	do(t, h, "POST /v1/commands/c1/fence", "").want(t, 200, `"status":"accepted"`)
	do(t, h, "POST /v1/commands/orders/place", strings.NewReplacer("c1", "c2", "mine", "ghost").Replace(place))
	do(t, h, "GET /v1/commands/c2", "").want(t, 200, `"status":"rejected","http_status":404,"problem":{`)
	do(t, h, "GET /v1/commands/key%2F17", "").want(t, 404, `"code":"unknown_command"`)
	do(t, h, "GET /v1/commands/a%20b", "").want(t, 400, `"code":"malformed"`)
	do(t, h, "POST /v1/commands/venue:c/fence", "").want(t, 400, `"code":"malformed"`)
}

// Each element of a batch is answered in its place, in order; a bad one does
// not hold the others up, and a duplicate gets the earlier one's answer.
func TestBatch(t *testing.T) {
	v := newVenue()
	one := func(extra string) string {
		return `{"command":"orders/place",` + extra + `"payload":{"account":"mine","instrument":"BTC-USD","side":"buy","type":"limit","quantity":"1","price":"585.33"}}`
	}
	body := `[` + one(`"command_id":"a",`) + `,{"command":"orders/place","command_id":"b","payload":{"account":"mine","oops":1}},` +
		one(``) + `,` + one(`"command_id":"a",`) + `,{"command":"no/such"},7,` + one("\"command_type\":\"\xff\",") + `]`
	r := do(t, handler(t, v), "POST /v1/commands", body, "Idempotency-Key", "k")
	r.want(t, 200,
		`[{"command_id":"a","http_status":200,"answer":{"command_id":"a"`,
		`{"command_id":"b","http_status":400,"problem":{`,
		`{"command_id":"k/2","http_status":200,"answer":`,
		`{"command_id":"k/4","http_status":400,"problem":{`, `there is no such command`,
		`{"command_id":"k/5","http_status":400,"problem":{`, `a command is a JSON object`,
		`{"command_id":"k/6","http_status":400,"problem":{`, `not UTF-8`)
	if n := strings.Count(r.body, `"answer":{"command_id":"a"`); n != 2 {
		t.Errorf("%d answers for the duplicate id, want 2", n)
	}
	if len(v.received) != 3 {
		t.Errorf("%d commands submitted, want 3", len(v.received))
	}
	do(t, handler(t, v), "POST /v1/commands", "[]").want(t, 200, "[]")
}

// A batch has at most 1,000 commands; a bad array is refused as a whole.
func TestBatchBounds(t *testing.T) {
	h := handler(t, newVenue())
	many := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"command":"accounts/open","payload":{"account":"a"}},`, n), ",") + "]"
	}
	do(t, h, "POST /v1/commands", many(1000)).want(t, 200)
	do(t, h, "POST /v1/commands", many(1001)).want(t, 413, `"code":"too_large"`)
	for _, bad := range []string{`{}`, `[{]`, `[{}`, `[] x`, `[{},]`, `nope`} {
		do(t, h, "POST /v1/commands", bad).want(t, 400, `"code":"malformed"`)
	}
	do(t, h, "POST /v1/commands", "[]", "Idempotency-Key", strings.Repeat("k", 61)).want(t, 400)
	big := `{"command":"accounts/open","payload":{"account":"a"},"command_type":"` + strings.Repeat("x", 16<<10) + `"}`
	do(t, h, "POST /v1/commands", "["+big+`,{"command":"accounts/open","payload":{"account":"a"}}]`).want(t, 200, `"http_status":413`, `"http_status":200`)
}

// A valid_until may lie as far ahead as its client likes; a key's default counts
// for a day at most.
func TestValidUntilFarAhead(t *testing.T) {
	v := newVenue()
	v.longLived = true
	h := handler(t, v)
	do(t, h, "POST /v1/commands/orders/place", strings.Replace(place, `{`, `{"valid_until":"2200-01-01T00:00:00Z",`, 1)).want(t, 200)
	if got, want := v.received[0].ValidUntil, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(); got != market.Nanos(want) {
		t.Errorf("valid until %d, want %d", got, want)
	}
	do(t, h, "POST /v1/commands/orders/place", strings.Replace(place, `"c1"`, `"c2"`, 1), "Authorization", "Bearer key.p1.s.e").want(t, 200)
	if got := v.received[len(v.received)-1].ValidUntil; got != v.at()+market.MaxValidity {
		t.Errorf("a key's default: valid until %d, want 24 hours ahead", got)
	}
}
