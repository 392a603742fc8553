package contract_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// participant defines one with a key of the same name and the secret
// "secret", and returns the credential.
func (d *door) participant(name, role string, accounts ...string) string {
	d.t.Helper()
	sum := sha256.Sum256([]byte("secret"))
	defined := d.must("participants/define", fields{"participant": name, "role": role, "accounts": append([]string{}, accounts...),
		"keys": []fields{{"id": "key-" + name, "secret_hash": hex.EncodeToString(sum[:])}}}).number(d.t, "sequence")
	key := "key-" + name + ".secret"
	for node := range d.Size() { // the token has each wait until it knows the key
		d.as(key).get(node, "/v1/queries/instruments", fmt.Sprintf("Rialto-Sequence: %d", defined))
	}
	return key
}

// TestCredentials shows that a wrong credential is a 401 on every node, with a
// challenge, while probes, metrics and documents need none.
func TestCredentials(t *testing.T) {
	d := open(t)
	key := d.participant("credentials", "read")
	last := d.must("accounts/open", fields{"account": "credentials"}).number(t, "sequence")
	for node := range d.Size() {
		// A node that has yet to hear of the key is told to wait for it.
		d.as(key).get(node, "/v1/queries/instruments", fmt.Sprintf("Rialto-Sequence: %d", last)).want(t, 200, nil)
		d.as(key).get(node, "/v1/queries/instruments").want(t, 200, nil)
		for _, bad := range []string{"Bearer key-credentials.wrong", "Bearer nobody.secret", "Bearer", "Bearer " + key + "x", "Basic " + key, key} {
			r := d.get(node, "/v1/queries/instruments", "Authorization: "+bad).refused(t, 401, "unauthenticated")
			if r.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		d.get(0, path, "Authorization: Bearer nobody.secret").want(t, 200, nil)
	}
}

// TestKeyIDsAreUnique shows that a key id and a CompID belong to one
// participant: to be given to another they must be taken from the first.
func TestKeyIDsAreUnique(t *testing.T) {
	d := open(t)
	key := d.participant("unique", "read")
	d.must("participants/define", fields{"participant": "unique-fix", "role": "trader", "fix_comp_ids": []string{"UNIQUE"}})
	second := fields{"participant": "unique-2", "role": "admin"}
	named := second.with(fields{"keys": []fields{{"id": "key-unique", "secret_hash": strings.Repeat("0", 64)}}})
	d.command("participants/define", named).refused(t, 409, "already_exists")
	d.command("participants/define", second.with(fields{"fix_comp_ids": []string{"UNIQUE"}})).refused(t, 409, "already_exists")
	d.as(key).get(0, "/v1/queries/instruments").want(t, 200, nil)
	d.as(key).command("accounts/open", fields{"account": "unique"}).refused(t, 403, "forbidden")
	d.must("participants/define", fields{"participant": "unique", "role": "read"})
	d.must("participants/define", named)
	err := d.Until(t.Context(), "the key that was taken away is refused", func(context.Context) bool {
		return d.as(key).get(0, "/v1/queries/instruments").status == 401
	})
	if err != nil {
		t.Error(err)
	}
}

// TestRoles shows what each role may do.
func TestRoles(t *testing.T) {
	m := newMarket(t, nil)
	keys := map[string]*door{}
	for _, role := range []string{"admin", "trader", "read", "audit"} {
		keys[role] = m.as(m.participant("roles-"+role, role, m.maker))
	}
	theirs := m.rest(m.limit(m.third, "sell", "1", "4000"))
	closed := m.rest(m.limit(m.third, "sell", "1", "4000"))
	m.must("orders/cancel", fields{"order_id": closed})
	mine := m.rest(m.limit(m.maker, "sell", "1", "4000"))
	money := fields{"amount": "1", "asset": "USD"}
	type request func(d *door) reply
	get := func(path string) request { return func(d *door) reply { return d.get(1, path) } }
	post := func(verb string, payload fields) request {
		return func(d *door) reply { return d.command(verb, payload) }
	}
	const ok, no = 200, 403
	for _, c := range []struct {
		what                       string
		send                       request
		admin, trader, read, audit int
	}{
		{"instruments", get("/v1/queries/instruments"), ok, ok, ok, ok},
		{"a book", get("/v1/queries/instruments/" + m.instrument + "/book"), ok, ok, ok, ok},
		{"one's own balance", get("/v1/queries/accounts/" + m.maker + "/balance"), ok, ok, ok, ok},
		{"another's balance", get("/v1/queries/accounts/" + m.third + "/balance"), ok, no, no, ok},
		{"nobody's balance", get("/v1/queries/accounts/nobody/balance"), 404, no, no, 404},
		{"one's own order", get("/v1/queries/orders/" + mine), ok, ok, ok, ok},
		{"another's order", get("/v1/queries/orders/" + theirs), ok, no, no, ok},
		{"no order", get("/v1/queries/orders/none"), 404, no, no, 404},
		{"the ledger", get("/v1/queries/ledger/trial-balance"), ok, no, no, ok},
		{"withdraw one's own", post("accounts/withdraw", money.with(fields{"account": m.maker})), ok, ok, no, no},
		{"withdraw another's", post("accounts/withdraw", money.with(fields{"account": m.third})), ok, no, no, no},
		{"withdraw nobody's", post("accounts/withdraw", money.with(fields{"account": "nobody"})), 404, no, no, no},
		{"deposit", post("accounts/deposit", money.with(fields{"account": m.maker})), ok, no, no, no},
		{"place one's own", post("orders/place", m.limit(m.maker, "sell", "1", "4000")), ok, ok, no, no},
		{"place another's", post("orders/place", m.limit(m.third, "sell", "1", "4000")), ok, no, no, no},
		{"amend another's", post("orders/amend", fields{"order_id": theirs, "quantity": "0.9"}), ok, no, no, no},
		{"cancel no order", post("orders/cancel", fields{"order_id": "none"}), 404, no, no, no},
		{"halt", post("instruments/halt", fields{"instrument": "EARLY"}), ok, no, no, no},
		{"define", post("assets/define", fields{"asset": "TST", "scale": 2}), ok, no, no, no},
		{"take a snapshot", func(d *door) reply { return d.send(1, "POST", "/v1/admin/snapshot", "") }, ok, no, no, no},
	} {
		t.Run(c.what, func(t *testing.T) {
			for role, status := range map[string]int{"admin": c.admin, "trader": c.trader, "read": c.read, "audit": c.audit} {
				if r := c.send(keys[role]); r.status != status {
					t.Errorf("%s: got %d, want %d: %s", role, r.status, status, r.body)
				}
			}
		})
	}
	trader := keys["trader"]
	trader.command("orders/cancel", fields{"order_id": mine}).want(t, 200, nil)
	trader.command("orders/cancel", fields{"order_id": mine}).refused(t, 422, "order_closed")
	for _, order := range []string{theirs, closed} {
		trader.command("orders/cancel", fields{"order_id": order}).refused(t, 403, "forbidden")
		trader.command("orders/amend", fields{"order_id": order, "quantity": "0.5"}).refused(t, 403, "forbidden")
	}
}

// TestCounterparty shows that only admin and audit see who was on the other
// side, and that a participant's events are those of its accounts.
func TestCounterparty(t *testing.T) {
	m := newMarket(t, nil)
	trader := m.as(m.participant("counterparty", "trader", m.maker))
	audit := m.as(m.participant("counterparty-audit", "audit"))
	m.rest(m.limit(m.maker, "sell", "1", "3000"))
	last := m.place(m.limit(m.taker, "buy", "1", "3000")).number(t, "sequence")
	path := "/v1/queries/accounts/" + m.maker + "/trades?consistency=linearizable"
	trader.get(0, path).want(t, 200, fields{"items.#": 1, "items.0.counterparty": absent{}})
	audit.get(0, path).want(t, 200, fields{"items.#": 1, "items.0.counterparty": m.taker})
	r := trader.get(0, fmt.Sprintf("/v1/queries/events?after=%d&consistency=linearizable&type=FundsPosted", last-7)).want(t, 200, nil)
	n, _ := r.at("items.#")
	if n != 1 {
		t.Errorf("the trader sees %v postings, want its own one: %s", n, r.body)
	}
}

// TestIdsAreTheParticipants shows that one participant's command ids neither
// collide with another's nor show.
func TestIdsAreTheParticipants(t *testing.T) {
	d := open(t)
	d.account("ids-a", "10")
	d.account("ids-b", "10")
	a, b := d.as(d.participant("ids-a", "trader", "ids-a")), d.as(d.participant("ids-b", "trader", "ids-b"))
	send := func(d *door, account string) reply {
		return d.raw(0, "accounts/withdraw", fields{"command_id": "ids-1", "aggregate_id": account, "payload": fields{"amount": "1", "asset": "USD"}})
	}
	send(a, "ids-a").want(t, 200, fields{"aggregate_id": "ids-a"})
	b.get(1, "/v1/commands/ids-1").refused(t, 404, "unknown_command")
	if r := send(b, "ids-b").want(t, 200, fields{"aggregate_id": "ids-b"}); r.header.Get("Rialto-Replayed") != "" {
		t.Error("another's id was taken for a repeat")
	}
	a.get(1, "/v1/commands/ids-1").want(t, 200, fields{"answer.aggregate_id": "ids-a"})
	b.get(1, "/v1/commands/ids-1").want(t, 200, fields{"answer.aggregate_id": "ids-b"})
}

// TestBatchElementsForbidden shows that what a key may not do is refused in
// its place, under its id, and the rest goes on.
func TestBatchElementsForbidden(t *testing.T) {
	d := open(t)
	d.account("own-batch", "10")
	key := d.as(d.participant("own-batch", "trader", "own-batch"))
	key.send(0, "POST", "/v1/commands", `[
		{"command":"accounts/deposit","command_id":"ob-0","payload":{"account":"own-batch","asset":"USD","amount":"1"}},
		{"command":"accounts/withdraw","payload":{"account":"early","asset":"TST","amount":"1"}},
		{"command":"accounts/withdraw","payload":{"account":"own-batch","asset":"USD","amount":"1"}}]`, "Idempotency-Key: ob").want(t, 200, fields{
		"0.http_status": 403, "0.problem.code": "forbidden", "0.command_id": "ob-0",
		"1.http_status": 403, "1.command_id": "ob/1",
		"2.http_status": 200, "2.answer.balance.available": "9.000000",
	})
	r := key.send(0, "POST", "/v1/commands", `[{"command":"accounts/deposit","payload":{}},{"command":"accounts/withdraw","payload":7},3]`).want(t, 200, nil)
	for i := range 3 {
		if id, _ := r.text(fmt.Sprintf("%d.command_id", i)); id == "" {
			t.Errorf("element %d is answered under no id: %s", i, r.body)
		}
	}
}
