package rest_test

import (
	"testing"
	"testing/synctest"
)

// Who may do what, by role; a trader learns nothing about accounts and orders
// of others, not even whether there are any.
func TestRoles(t *testing.T) {
	const (
		mineOrder, otherOrder, noOrder = "O0000008000007", "O0000008000008", "O0000008000009"
	)
	for _, c := range []struct {
		line, body string
		want       map[string]int // by participant
	}{
		{"POST /v1/commands/orders/place", place, map[string]int{"ops": 200, "p1": 200, "view": 403, "aud": 403}},
		{"POST /v1/commands/accounts/deposit", deposit, map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 403}},
		{"POST /v1/commands", "[]", map[string]int{"ops": 200, "p1": 200, "view": 403, "aud": 403}},
		{"POST /v1/commands/x/fence", "", map[string]int{"ops": 200, "p1": 200, "view": 403, "aud": 403}},
		{"GET /v1/commands/x", "", map[string]int{"ops": 404, "p1": 404, "view": 404, "aud": 404}},
		{"GET /v1/queries/accounts/mine/balance", "", map[string]int{"ops": 200, "p1": 200, "p2": 403, "view": 403, "aud": 200}},
		{"GET /v1/queries/accounts/linked/balances", "", map[string]int{"ops": 200, "p1": 200, "p2": 403, "view": 403, "aud": 200}},
		{"GET /v1/queries/accounts/none/balance", "", map[string]int{"ops": 404, "p1": 403, "view": 403, "aud": 404}},
		{"GET /v1/queries/accounts/mine/orders", "", map[string]int{"ops": 200, "p1": 200, "p2": 403, "view": 403}},
		{"GET /v1/queries/accounts", "", map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 200}},
		{"GET /v1/queries/orders/" + mineOrder, "", map[string]int{"ops": 200, "p1": 200, "p2": 403, "view": 403, "aud": 200}},
		{"GET /v1/queries/orders/" + otherOrder, "", map[string]int{"ops": 200, "p1": 403, "p2": 200}},
		{"GET /v1/queries/orders/" + noOrder, "", map[string]int{"ops": 404, "p1": 403, "aud": 404}},
		{"GET /v1/queries/orders/nonsense", "", map[string]int{"ops": 404, "p1": 403}},
		{"GET /v1/queries/orders/" + otherOrder + "/fills", "", map[string]int{"ops": 200, "p1": 403}},
		{"GET /v1/queries/instruments/BTC-USD/book", "", map[string]int{"ops": 200, "p1": 200, "view": 200, "aud": 200}},
		{"GET /v1/queries/ledger/trial-balance", "", map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 200}},
		{"GET /v1/queries/participants", "", map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 200}},
		{"GET /v1/queries/events", "", map[string]int{"ops": 200, "p1": 200, "view": 200, "aud": 200}},
		{"GET /v1/cluster", "", map[string]int{"ops": 200, "p1": 200, "view": 200, "aud": 200}},
		{"POST /v1/admin/drain", "", map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 403}},
		{"POST /v1/admin/snapshot", "", map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 403}},
		{"GET /v1/admin/backup", "", map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 403}},
		{"GET /v1/admin/support/log", "", map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 403}},
		{"POST /v1/admin/leader/transfer", `{"to":"n2"}`, map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 403}},
		{"DELETE /v1/admin/nodes/n3", "", map[string]int{"ops": 200, "p1": 403, "view": 403, "aud": 403}},
		{"POST /v1/admin/read-models/orders/rebuild", "", map[string]int{"ops": 200, "p1": 403}},
	} {
		for who, want := range c.want {
			h := handler(t, newVenue())
			r := do(t, h, c.line, c.body, "Authorization", "Bearer key."+who+".s.e")
			if r.status != want {
				t.Errorf("%s as %s: %d, want %d: %s", c.line, who, r.status, want, r.body)
			}
		}
	}
}

// Without good credentials there is 401, but for what needs none; and in
// `rialto dev` for callers on this machine, web pages of others excepted.
func TestCredentials(t *testing.T) {
	const query = "GET /v1/queries/instruments"
	for _, c := range []struct {
		name    string
		demo    bool
		line    string
		headers []string
		want    int
	}{
		{"none", false, query, nil, 401},
		{"none in dev", true, query, nil, 200},
		{"none in dev from elsewhere", true, query, []string{"remote", "10.0.0.7:5000"}, 401},
		{"none in dev under another name", true, query, []string{"Host", "evil.example:8081"}, 401},
		{"page of another site", true, "POST /v1/admin/snapshot", []string{"Sec-Fetch-Site", "cross-site"}, 401},
		{"page of this node", true, "POST /v1/admin/snapshot", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"good", false, query, []string{"Authorization", "Bearer key.ops.s.e"}, 200},
		{"good, scheme in small letters", false, query, []string{"Authorization", "bearer key.ops.s.e"}, 200},
		{"wrong secret", false, query, []string{"Authorization", "Bearer key.ops.wrong"}, 401},
		{"wrong secret in dev", true, query, []string{"Authorization", "Bearer key.ops.wrong"}, 401},
		{"unknown key", false, query, []string{"Authorization", "Bearer nobody.s.e"}, 401},
		{"no point", false, query, []string{"Authorization", "Bearer x"}, 401},
		{"basic", false, query, []string{"Authorization", "Basic a2V5"}, 401},
		{"health", false, "GET /healthz", nil, 200},
		{"ready", false, "GET /readyz", nil, 200},
		{"metrics", false, "GET /metrics", nil, 200},
		{"openapi", false, "GET /openapi.json", nil, 200},
		{"docs", false, "GET /docs", nil, 200},
		{"status page", false, "GET /", nil, 200},
		{"cluster", false, "GET /v1/cluster", nil, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue()
			v.demo = c.demo
			r := do(t, handler(t, v), c.line, "", c.headers...)
			r.want(t, c.want)
			if r.status == 401 && r.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
}

// A command carries who sent it, and the key's default validity.
func TestCommandCarriesItsSender(t *testing.T) {
	v := newVenue()
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	r := do(t, handler(t, v), "POST /v1/commands/orders/place", place, "Authorization", "Bearer key.p1.s.e",
		"Traceparent", trace, "X-Request-ID", "corr-1")
	r.want(t, 200)
	c := v.received[0]
	if c.Participant != "p1" || c.Actor != "key.p1" || c.Role.String() != "trader" || c.Traceparent != trace || c.Correlation != "corr-1" {
		t.Errorf("header %+v", c.Header)
	}
	if want := v.at() + 1_000_000_000; c.ValidUntil != want {
		t.Errorf("valid until %d, want %d", c.ValidUntil, want)
	}
	if got := r.header.Get("Rialto-Correlation"); got != "corr-1" {
		t.Errorf("Rialto-Correlation %q", got)
	}
}

// An account that was just granted is the participant's at once, though the
// keys in memory are older than the grant.
func TestGrantWorksAtOnce(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	p1 := []string{"Authorization", "Bearer key.p1.s.e"}
	const balance, cancel = "GET /v1/queries/accounts/other/balance", "POST /v1/commands/orders/cancel"
	const order = `{"payload":{"order_id":"O0000008000008"}}`
	do(t, h, balance, "", p1...).want(t, 403)
	do(t, h, cancel, order, p1...).want(t, 403)
	v.granted = "other"
	do(t, h, "POST /v1/commands/accounts/deposit", deposit) // the venue moves on
	do(t, h, cancel, order, p1...).want(t, 422)
	do(t, h, balance, "", p1...).want(t, 200)
}

// A key that this node has not seen yet is waited for if the request carries
// the sequence that it came with; a key that does not come is refused.
func TestKeyOfALaterSequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		v.newcomer = "late"
		h := handler(t, v)
		headers := []string{"Authorization", "Bearer key.late.s.e", "Rialto-Sequence", "1"}
		const query = "GET /v1/queries/instruments/BTC-USD/book"
		do(t, h, query, "", headers[:2]...).want(t, 401)
		do(t, h, query, "", headers...).want(t, 401) // after the timeout
		done := make(chan reply)
		go func() { done <- do(t, h, query, "", headers...) }()
		synctest.Wait()
		do(t, h, "POST /v1/commands/accounts/deposit", deposit)
		if r := <-done; r.status != 200 {
			t.Errorf("status %d, want 200: %s", r.status, r.body)
		}
		do(t, h, query, "", append(headers, "Rialto-History", "00000000000000ff")...).want(t, 409)
	})
}
