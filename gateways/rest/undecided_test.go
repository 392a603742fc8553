package rest_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways"
)

// item is what an element of a batch is answered with.
type item struct {
	CommandID  string `json:"command_id"`
	HTTPStatus int    `json:"http_status"`
	Answer     *struct {
		Sequence uint64 `json:"sequence"`
	} `json:"answer"`
	Problem struct {
		Status    int    `json:"status"`
		Code      string `json:"code"`
		CommandID string `json:"command_id"`
		Outcome   string `json:"outcome"`
	} `json:"problem"`
}

// A batch is answered 200 with each element's id whatever became of it: what is
// known is told, what is not is a 503 that says whether it can have been
// executed, and what is wrong with an element is said all the same. With these
// ids each can be settled.
func TestBatchThatEndsUndecided(t *testing.T) {
	element := func(id string) string {
		return `{"command":"orders/place",` + id + `"payload":{"account":"mine","instrument":"BTC-USD","side":"buy","type":"limit","quantity":"1","price":"585.33"}}`
	}
	body := "[" + strings.Join([]string{
		element(`"command_id":"a",`), `{"command":"no/such","command_id":"b"}`, element(``), element(`"command_id":"d",`),
	}, ",") + "]"
	for _, c := range []struct {
		name    string
		fail    error
		known   int
		status  [4]int
		code    string
		outcome string
	}{
		{"nothing known", gateways.ErrUnknownOutcome, 0, [4]int{503, 400, 503, 503}, "degraded", "unknown"},
		{"the first known", gateways.ErrUnknownOutcome, 1, [4]int{200, 400, 503, 503}, "degraded", "unknown"},
		{"all but one known", gateways.ErrUnknownOutcome, 2, [4]int{200, 400, 200, 503}, "degraded", "unknown"},
		{"the client is gone", context.Canceled, 0, [4]int{503, 400, 503, 503}, "degraded", "unknown"},
		{"no leader", gateways.ErrNoLeader, 0, [4]int{503, 400, 503, 503}, "no_leader", "not_executed"},
		{"the rest was never sent", gateways.ErrNoLeader, 2, [4]int{200, 400, 200, 503}, "no_leader", "not_executed"},
		{"too many wait", gateways.ErrOverloaded, 0, [4]int{429, 400, 429, 429}, "throttled", "not_executed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue()
			v.fail, v.known = c.fail, c.known
			r := do(t, handler(t, v), "POST /v1/commands", body, "Idempotency-Key", "k")
			r.want(t, 200)
			if r.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			var got []item
			if err := json.Unmarshal([]byte(r.body), &got); err != nil || len(got) != 4 {
				t.Fatalf("%v: %s", err, r.body)
			}
			for i, id := range []string{"a", "b", "k/2", "d"} {
				g := got[i]
				if g.CommandID != id || g.HTTPStatus != c.status[i] || (g.Answer != nil) != (g.HTTPStatus == 200) {
					t.Errorf("element %d: %+v, want %d for %s", i, g, c.status[i], id)
				}
				if g.HTTPStatus != 503 && g.HTTPStatus != 429 {
					continue
				}
				if p := g.Problem; p.Status != g.HTTPStatus || p.Code != c.code || p.Outcome != c.outcome || p.CommandID != id {
					t.Errorf("element %d: problem %+v", i, p)
				}
			}
		})
	}
}

// A single command's 503 carries its id, also one that was made for it.
func TestUndecidedCommandHasItsID(t *testing.T) {
	const anonymous = `{"aggregate_id":"mine","payload":{"amount":"1","asset":"USD"}}`
	for fail, outcome := range map[error]string{gateways.ErrUnknownOutcome: "unknown", gateways.ErrNoLeader: "not_executed"} {
		v := newVenue()
		v.fail = fail
		h := handler(t, v)
		do(t, h, "POST /v1/commands/accounts/deposit", deposit).want(t, 503, `"command_id":"cmd-880099-deposit"`, `"outcome":"`+outcome+`"`)
		do(t, h, "POST /v1/commands/accounts/deposit", anonymous).want(t, 503, `"command_id":"made-`, `"outcome":"`+outcome+`"`)
		do(t, h, "POST /v1/commands/accounts/deposit", anonymous, "Prefer", "respond-async").want(t, 503, `"command_id":"made-`)
		do(t, h, "GET /v1/commands/c1", "").want(t, 503, `"command_id":"c1"`)
		do(t, h, "POST /v1/commands/c1/fence", "").want(t, 503, `"command_id":"c1"`)
	}
}
