package contract_test

import (
	"bytes"
	"fmt"
	"testing"
)

// guideDeposit is the deposit of the banking guide, to the letter.
const guideDeposit = `{ "command_id": "cmd-880099-deposit", "command_type": "DEPOSIT_FUNDS", "aggregate_id": "acc-998811",
  "payload": { "amount_cents": 50000, "currency": "USD", "reference": "Payroll deposit" },
  "created_at": "2026-05-23T10:00:00.123Z" }`

// TestBankingGuide shows that the guide's example works to the letter: the
// deposit on one node, the balance on every node with the token of the answer.
func TestBankingGuide(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "acc-998811"})
	r := d.send(1, "POST", "/v1/commands/accounts/deposit", guideDeposit).want(t, 200, fields{
		"command_id": "cmd-880099-deposit", "status": "accepted", "aggregate_id": "acc-998811",
		"aggregate_sequence": 2, "last_updated_sequence": 2,
	})
	for node := range d.Size() {
		path := fmt.Sprintf("/v1/queries/accounts/acc-998811/balance?min_sequence=%d", r.number(t, "sequence"))
		b := d.get(node, path).want(t, 200, fields{
			"aggregate_id": "acc-998811", "current_balance_cents": 50000, "currency": "USD", "last_updated_sequence": 2,
			"available": "500.000000", "held": "0.000000", "total": "500.000000",
		})
		const names = "aggregate_id available currency current_balance_cents held last_updated_at last_updated_sequence total"
		if got := b.names(""); got != names {
			t.Errorf("node %d: got fields %s, want %s", node, got, names)
		}
	}
	d.get(2, "/v1/queries/accounts/acc-998811/balance?min_aggregate_sequence=2").want(t, 200, fields{"current_balance_cents": 50000})
	d.get(2, "/v1/queries/accounts/acc-998811/balance?asset=JPY").want(t, 200, fields{"current_balance_cents": 0, "currency": "JPY", "total": "0.000000"})
	d.get(2, "/v1/queries/accounts/acc-998811/balance?asset=NONE").refused(t, 404, "unknown_asset")
	d.get(2, "/v1/queries/accounts/acc-none/balance").refused(t, 404, "unknown_account")
}

// TestRepeat shows that the same id and body, on any node, in any JSON
// spelling, is answered with the first answer byte for byte and the header;
// and that another body under the id is refused.
func TestRepeat(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "repeat"})
	const body = `{"command_id":"repeat-1","aggregate_id":"repeat","payload":{"amount":"5","asset":"USD","reference":"a"}}`
	first := d.send(0, "POST", "/v1/commands/accounts/deposit", body).want(t, 200, nil)
	if got := first.header.Get("Rialto-Replayed"); got != "" {
		t.Errorf("the first answer says Rialto-Replayed: %s", got)
	}
	for node, again := range []string{
		body,
		`{"payload":{"reference":"a","asset":"USD","amount":"5"}, "aggregate_id":"repeat", "command_id":"repeat-1"}`,
		`{"command_id":"repeat-1","command_type":"X","created_at":"2026-05-23T10:00:00Z","aggregate_id":"repeat","payload":{"amount":"5","asset":"USD","reference":"\u0061"}}`,
	} {
		r := d.send(node, "POST", "/v1/commands/accounts/deposit", again).want(t, 200, nil)
		if !bytes.Equal(r.body, first.body) || r.header.Get("Rialto-Replayed") != "true" {
			t.Errorf("node %d: got %s (replayed %q), want %s", node, r.body, r.header.Get("Rialto-Replayed"), first.body)
		}
	}
	for name, c := range map[string]struct{ verb, body string }{
		"another amount":    {"accounts/deposit", `{"command_id":"repeat-1","aggregate_id":"repeat","payload":{"amount":"6","asset":"USD","reference":"a"}}`},
		"another sequence":  {"accounts/deposit", `{"command_id":"repeat-1","aggregate_id":"repeat","expected_sequence":1,"payload":{"amount":"5","asset":"USD","reference":"a"}}`},
		"another verb":      {"accounts/withdraw", body},
		"a field less":      {"accounts/deposit", `{"command_id":"repeat-1","aggregate_id":"repeat","payload":{"amount":"5","asset":"USD"}}`},
		"another aggregate": {"accounts/deposit", `{"command_id":"repeat-1","aggregate_id":"early","payload":{"amount":"5","asset":"USD","reference":"a"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			d.send(1, "POST", "/v1/commands/"+c.verb, c.body).refused(t, 409, "command_id_reused")
		})
	}
	d.holds("repeat", "USD", "5.000000", "0.000000")
}

// TestRepeatOfRefusal shows that a refusal uses up the id: repeated after its
// cause is gone, on another node, it is the same refusal, byte for byte.
func TestRepeatOfRefusal(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "poor"})
	const body = `{"command_id":"refused-1","aggregate_id":"poor","payload":{"amount":"5","asset":"USD"}}`
	first := d.send(0, "POST", "/v1/commands/accounts/withdraw", body).refused(t, 422, "insufficient_funds")
	first.want(t, 422, fields{"command_id": "refused-1", "aggregate_id": "poor", "current_sequence": 1})
	d.must("accounts/deposit", fields{"account": "poor", "amount": "10", "asset": "USD"})
	r := d.send(2, "POST", "/v1/commands/accounts/withdraw", body)
	if !bytes.Equal(r.body, first.body) || r.header.Get("Rialto-Replayed") != "true" {
		t.Errorf("got %s (replayed %q), want %s", r.body, r.header.Get("Rialto-Replayed"), first.body)
	}
}

// TestIdempotencyKey shows that the header stands in for command_id, that the
// body's own id goes before it, and that one is made when neither is there.
func TestIdempotencyKey(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "keyed"})
	body := fields{"aggregate_id": "keyed", "payload": fields{"amount": "1", "asset": "USD"}}
	d.raw(0, "accounts/deposit", body, "Idempotency-Key: idem-1").want(t, 200, fields{"command_id": "idem-1"})
	r := d.raw(1, "accounts/deposit", body, "Idempotency-Key: idem-1").want(t, 200, fields{"command_id": "idem-1"})
	if r.header.Get("Rialto-Replayed") != "true" {
		t.Error("the same key again was not a repeat")
	}
	d.raw(0, "accounts/deposit", body.with(fields{"command_id": "idem-2"}), "Idempotency-Key: idem-1").want(t, 200, fields{"command_id": "idem-2"})
	if id, _ := d.raw(0, "accounts/deposit", body).want(t, 200, nil).text("command_id"); id == "" {
		t.Error("no command id was made")
	}
	d.holds("keyed", "USD", "3.000000", "0.000000")
}

// TestProbeAndFence shows what became of a command, on any node, and that a
// fenced id never executes.
func TestProbeAndFence(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "fenced"})
	deposit := func(id string) fields {
		return fields{"command_id": id, "aggregate_id": "fenced", "payload": fields{"amount": "1", "asset": "USD"}}
	}
	done := d.raw(0, "accounts/deposit", deposit("probe-done"))
	for _, r := range []reply{d.get(1, "/v1/commands/probe-done"), d.send(2, "POST", "/v1/commands/probe-done/fence", "")} {
		r.want(t, 200, fields{"command_id": "probe-done", "status": "accepted", "http_status": 200, "answer": done.tree(), "problem": absent{}})
	}
	d.raw(0, "accounts/withdraw", fields{"command_id": "probe-refused", "aggregate_id": "fenced", "payload": fields{"amount": "9", "asset": "USD"}})
	d.get(1, "/v1/commands/probe-refused").want(t, 200, fields{
		"status": "rejected", "http_status": 422, "problem.code": "insufficient_funds", "answer": absent{}})
	d.get(1, "/v1/commands/probe-unseen").refused(t, 404, "unknown_command")
	d.send(2, "POST", "/v1/commands/probe-never/fence", "").want(t, 200, fields{"command_id": "probe-never", "status": "never"})
	d.get(0, "/v1/commands/probe-never").want(t, 200, fields{"status": "never"})
	if r := d.raw(1, "accounts/deposit", deposit("probe-never")); r.status != 409 {
		t.Errorf("a fenced command was answered with %d %s", r.status, r.body)
	}
	d.holds("fenced", "USD", "1.000000", "0.000000")
}

// TestRespondAsync shows the answer to Prefer: respond-async, and that the
// outcome is then where Location says.
func TestRespondAsync(t *testing.T) {
	m := newMarket(t, nil)
	body := fields{"command_id": "async-1", "payload": m.limit(m.maker, "sell", "1", "3000").with(fields{"client_order_id": "async-c1"})}
	r := m.raw(1, "orders/place", body, "Prefer: respond-async").want(t, 202, fields{
		"command_id": "async-1", "client_order_id": "async-c1", "status": "PENDING"})
	if got := r.header.Get("Location"); got != "/v1/commands/async-1" {
		t.Errorf("got Location %q", got)
	}
	id, _ := r.text("order_id")
	m.get(2, "/v1/commands/async-1").want(t, 200, fields{"status": "accepted", "answer.order.order_id": id})
	if r := m.raw(0, "orders/place", body).want(t, 200, fields{"order.order_id": id}); r.header.Get("Rialto-Replayed") != "true" {
		t.Error("sent again, it was not a repeat")
	}
}

// TestExpectedSequence shows optimistic concurrency: the aggregate's sequence
// before the command must be as expected, 0 means that it must not exist, and
// a repeat is answered without the check.
func TestExpectedSequence(t *testing.T) {
	d := open(t)
	send := func(id, verb string, expected int, payload fields) reply {
		return d.raw(0, verb, fields{"command_id": id, "aggregate_id": "expected", "expected_sequence": expected, "payload": payload})
	}
	money := fields{"amount": "1", "asset": "USD"}
	send("expected-0", "accounts/open", 0, fields{"account": "expected"}).want(t, 200, fields{"aggregate_sequence": 1})
	send("expected-1", "accounts/deposit", 1, money).want(t, 200, fields{"aggregate_sequence": 2})
	send("expected-2", "accounts/deposit", 1, money).refused(t, 409, "sequence_conflict").want(t, 409, fields{"current_sequence": 2})
	send("expected-3", "accounts/deposit", 0, money).refused(t, 409, "sequence_conflict")
	send("expected-1", "accounts/deposit", 1, money).want(t, 200, fields{"aggregate_sequence": 2})
	send("expected-4", "accounts/transfer", 1, money.with(fields{"to": "early"})).refused(t, 409, "sequence_conflict")
	d.get(0, "/v1/queries/accounts/expected/balance").want(t, 200, fields{"last_updated_sequence": 2, "available": "1.000000"})
}

// TestValidUntil shows that a command is refused once its deadline is past, and
// taken however far ahead that lies.
func TestValidUntil(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "late"})
	body := fields{"aggregate_id": "late", "payload": fields{"amount": "1", "asset": "USD"}}
	d.raw(0, "accounts/deposit", body.with(fields{"valid_until": "2020-01-01T00:00:00Z"})).refused(t, 422, "too_late")
	d.raw(0, "accounts/deposit", body.with(fields{"valid_until": "2200-01-01T00:00:00Z"})).want(t, 200, nil)
}

// TestFunds shows deposits, withdrawals and transfers, exact and by minor
// units, and how each bad one is refused.
func TestFunds(t *testing.T) {
	d := open(t)
	d.account("funds", "100")
	d.must("accounts/open", fields{"account": "funds2"})
	for _, c := range []struct {
		what, verb string
		payload    fields
		status     int
		code       string // or the available balance after it
	}{
		{"by amount", "deposit", fields{"amount": "0.000001", "asset": "USD"}, 200, "100.000001"},
		{"zeros at the end are no digits", "deposit", fields{"amount": "0.00000100000", "asset": "USD"}, 200, "100.000002"},
		{"by cents", "withdraw", fields{"amount_cents": 150, "currency": "USD"}, 200, "98.500002"},
		{"yen have no minor unit", "deposit", fields{"amount_cents": 7, "currency": "JPY"}, 200, "7.000000"},
		{"transfer", "transfer", fields{"to": "funds2", "amount": "8.5", "asset": "USD"}, 200, "90.000002"},
		{"a digit too many", "deposit", fields{"amount": "0.0000001", "asset": "USD"}, 422, "amount_scale"},
		{"zero", "deposit", fields{"amount": "0", "asset": "USD"}, 422, "amount_out_of_range"},
		{"negative", "deposit", fields{"amount": "-1", "asset": "USD"}, 422, "amount_out_of_range"},
		{"beyond 64 bits", "deposit", fields{"amount_cents": 9223372036854775807, "currency": "USD"}, 422, "amount_out_of_range"},
		{"too little", "withdraw", fields{"amount": "90.000003", "asset": "USD"}, 422, "insufficient_funds"},
		{"never held", "withdraw", fields{"amount": "1", "asset": "BTC"}, 422, "insufficient_funds"},
		{"no such asset", "deposit", fields{"amount": "1", "asset": "NONE"}, 404, "unknown_asset"},
		{"no such receiver", "transfer", fields{"to": "nobody", "amount": "1", "asset": "USD"}, 404, "unknown_account"},
		{"both forms", "deposit", fields{"amount": "1", "asset": "USD", "amount_cents": 1, "currency": "USD"}, 400, "malformed"},
		{"half of each", "deposit", fields{"amount_cents": 1, "asset": "USD"}, 400, "malformed"},
		{"a float", "deposit", fields{"amount_cents": 1.5, "currency": "USD"}, 400, "malformed"},
		{"a number for a decimal", "deposit", fields{"amount": 1, "asset": "USD"}, 400, "malformed"},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := open(t)
			r := d.raw(0, "accounts/"+c.verb, fields{"aggregate_id": "funds", "payload": c.payload})
			if c.status == 200 {
				r.want(t, 200, fields{"balance.available": c.code})
			} else {
				r.refused(t, c.status, c.code)
			}
		})
	}
	d.holds("funds2", "USD", "8.500000", "0.000000")
}

// TestAccountsOpenAndClose shows the life of an account.
func TestAccountsOpenAndClose(t *testing.T) {
	d := open(t)
	d.account("life", "1")
	d.command("accounts/open", fields{"account": "life"}).refused(t, 409, "already_exists")
	d.command("accounts/open", fields{"account": "venue:mine"}).refused(t, 422, "reserved_id")
	d.command("accounts/open", fields{"account": "a b"}).refused(t, 400, "malformed")
	d.command("accounts/deposit", fields{"account": "unopened", "amount": "1", "asset": "USD"}).refused(t, 404, "unknown_account")
	d.command("accounts/close", fields{"account": "life"}).want(t, 422, nil)
	d.must("accounts/withdraw", fields{"account": "life", "amount": "1", "asset": "USD"})
	d.must("accounts/close", fields{"account": "life"})
	d.command("accounts/deposit", fields{"account": "life", "amount": "1", "asset": "USD"}).want(t, 422, nil)
}
