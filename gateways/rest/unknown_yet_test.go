package rest_test

import (
	"testing"
	"testing/synctest"
)

// A node that does not know yet who may act says so to every key that is not
// its operator's: neither yes nor no.
func TestAuthorityNotKnownYet(t *testing.T) {
	v := newVenue()
	v.grow(1)
	v.unknown = true
	h := handler(t, v)
	const book = "GET /v1/queries/instruments/BTC-USD/book?as_of=1"
	for _, credential := range []string{"key.p1.s.e", "key.aud.s.e", "nobody.s.e", "key.p1.wrong"} {
		r := do(t, h, book, "", "Authorization", "Bearer "+credential)
		r.want(t, 503, `"code":"degraded"`, `"outcome":"not_executed"`)
		if r.header.Get("Retry-After") == "" || r.header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: headers %v", credential, r.header)
		}
		do(t, h, "POST /v1/commands/orders/place", place, "Authorization", "Bearer "+credential).want(t, 503, `"outcome":"not_executed"`)
	}
	if len(v.received) != 0 {
		t.Error("a command was submitted")
	}
	do(t, h, book, "", "Authorization", "Bearer key.ops.s.e").want(t, 200)
	do(t, h, "POST /v1/commands/orders/place", place, "Authorization", "Bearer key.ops.s.e").want(t, 200)
	do(t, h, "GET /healthz", "").want(t, 200)
	v.unknown = false
	do(t, h, book, "", "Authorization", "Bearer key.p1.s.e").want(t, 200)
	do(t, h, book, "", "Authorization", "Bearer nobody.s.e").want(t, 401)
}

// A node that is catching up answers neither 404 nor old money: 503 until it
// has been level with the leader once. What a client names itself is exact all
// the same: a past that is there, or a marker in the log.
func TestCatchingUp(t *testing.T) {
	for line, want := range map[string]int{
		"GET /v1/queries/accounts/mine/balance":                          503,
		"GET /v1/queries/accounts/mine/balance?consistency=stale":        503,
		"GET /v1/queries/accounts/mine/balance?consistency=session":      503,
		"GET /v1/queries/accounts/mine/balance?min_sequence=1":           503,
		"GET /v1/queries/accounts/none/balance":                          503,
		"GET /v1/queries/orders/O0000008000009":                          503,
		"GET /v1/queries/instruments/NONE":                               503,
		"GET /v1/queries/instruments":                                    503,
		"GET /v1/queries/events":                                         503,
		"GET /v1/queries/ledger/trial-balance":                           503,
		"GET /v1/queries/participants":                                   503,
		"HEAD /v1/streams/events":                                        503,
		"HEAD /v1/streams/events?after=0":                                503,
		"GET /v1/queries/accounts/mine/balance?as_of=1":                  200,
		"GET /v1/queries/accounts/none/balance?as_of=1":                  404,
		"GET /v1/queries/accounts/mine/balance?consistency=linearizable": 200,
		"GET /v1/queries/accounts/mine/balance?consistency=new":          400,
		"GET /v1/commands/never":                                         404, // asked through the log
		"GET /v1/cluster":                                                200,
	} {
		v := newVenue()
		v.grow(1)
		v.unknown = true
		r := do(t, handler(t, v), line, "")
		if r.status != want {
			t.Errorf("%s: %d, want %d: %s", line, r.status, want, r.body)
		}
		if r.status == 503 {
			r.want(t, 503, `"code":"degraded"`)
			if r.header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", line)
			}
		}
	}
}

// A history of zero is no history: whatever means something only in one, a
// client's token, an answer's sequence, a stream's position, is refused with
// 503 while this node does not know which it is in, never with 409.
func TestHistoryNotKnownYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for line, want := range map[string]int{
			"GET /v1/queries/accounts/mine/balance":                          503,
			"GET /v1/queries/accounts/mine/balance?as_of=1":                  503,
			"GET /v1/queries/accounts/mine/balance?consistency=linearizable": 503,
			"GET /v1/queries/events":                                         503,
			"HEAD /v1/streams/events":                                        503,
			"GET /v1/commands/c1":                                            503,
			"POST /v1/commands/c1/fence":                                     503,
			"POST /v1/commands":                                              503,
			"POST /v1/commands/orders/place":                                 503,
			"GET /v1/cluster":                                                200,
			"GET /healthz":                                                   200,
			"GET /readyz":                                                    200,
			"GET /openapi.json":                                              200,
			"POST /v1/admin/snapshot":                                        200,
		} {
			v := newVenue()
			v.grow(1)
			v.history = 0
			for _, token := range []string{"", "00000000000000ab", "0000000000000000"} {
				r := do(t, handler(t, v), line, "", "Rialto-History", token, "Last-Event-ID", "00000000000000ab-1")
				if r.status != want {
					t.Errorf("%s with %q: %d, want %d: %s", line, token, r.status, want, r.body)
				}
				if h, there := r.header["Rialto-History"]; there {
					t.Errorf("%s: Rialto-History %v", line, h)
				}
			}
		}
	})
}
