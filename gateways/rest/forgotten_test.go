package rest_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

const fenceOfC1, questionOfC1 = "POST /v1/commands/c1/fence", "GET /v1/commands/c1"

// The machine forgets ids, the events do not: what was executed is never
// answered with never, and never with "unknown", before a fence and after it,
// and the answer is the first one byte for byte.
func TestForgottenIsNotNever(t *testing.T) {
	for _, c := range []struct{ name, body, status string }{
		{"accepted", place, `"status":"accepted"`},
		{"refused", strings.Replace(place, "mine", "ghost", 1), `"status":"rejected"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue()
			h := handler(t, v)
			do(t, h, "POST /v1/commands/orders/place", c.body)
			before := do(t, h, questionOfC1, "")
			before.want(t, 200, c.status)
			v.forget()
			for _, question := range []string{questionOfC1, fenceOfC1, fenceOfC1, questionOfC1} {
				r := do(t, h, question, "")
				if r.status != 200 || r.body != before.body {
					t.Errorf("%s: %d %s\nwant %s", question, r.status, r.body, before.body)
				}
				if strings.Contains(r.body, "known_since") {
					t.Errorf("%s: %s: all of the past is there", question, r.body)
				}
			}
		})
	}
}

// What nobody executed is still never, and unknown before it is fenced; so is
// what somebody else executed under the same id.
func TestNeverStaysNever(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	do(t, h, "POST /v1/commands/orders/place", place)
	v.forget()
	do(t, h, "GET /v1/commands/c2", "").want(t, 404, `"code":"unknown_command"`)
	do(t, h, "POST /v1/commands/c2/fence", "").want(t, 200, `"status":"never"`)
	do(t, h, "GET /v1/commands/c2", "").want(t, 200, `"status":"never"`)
	do(t, h, fenceOfC1, "", "Authorization", "Bearer key.p2.s.e").want(t, 200, `"status":"never"`)
}

// Below the retention floor nobody knows what was executed, and who is told that
// something was not is told since when it would be known.
func TestKnownSince(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	do(t, h, "POST /v1/commands/orders/place", place)
	v.forget()
	v.floor = event.Pin{Sequence: 2, At: v.at()}
	const since = `"known_since":"2026-05-23T10:00:00.123456789Z"`
	do(t, h, questionOfC1, "").want(t, 404, `"code":"unknown_command"`, since)
	do(t, h, fenceOfC1, "").want(t, 200, `"status":"never"`, since)
	do(t, h, questionOfC1, "").want(t, 200, `"status":"never"`, since)
}

// While this node can't find commands by their ids it waits, and then says that
// the id is not settled yet; never that it never was.
func TestNotSettledYet(t *testing.T) {
	for _, err := range []error{gateways.ErrUnavailable, gateways.ErrNotCaughtUp, errors.New("unheard of")} {
		v := newVenue()
		h := handler(t, v)
		do(t, h, "POST /v1/commands/orders/place", place)
		v.forget()
		v.knownErr = err
		for _, question := range []string{questionOfC1, fenceOfC1, "GET /v1/commands/c2"} {
			r := do(t, h, question, "")
			r.want(t, 503, `"code":"degraded"`, `"outcome":"unknown"`, "the id is not settled", `"command_id":"c`)
			if strings.Contains(r.body, "never") || r.header.Get("Retry-After") == "" {
				t.Errorf("%v: %s: %s, Retry-After %q", err, question, r.body, r.header.Get("Retry-After"))
			}
		}
	}
}

// It waits as long as a command is sent again over a failover, and no longer.
func TestSettlingWaits(t *testing.T) {
	for _, c := range []struct {
		after  time.Duration
		status int
	}{{4900 * time.Millisecond, 200}, {5100 * time.Millisecond, 503}} {
		synctest.Test(t, func(t *testing.T) {
			v := newVenue()
			h := handler(t, v)
			do(t, h, "POST /v1/commands/orders/place", place)
			v.forget()
			v.knownErr, v.knownAfter = gateways.ErrUnavailable, c.after
			if r := do(t, h, fenceOfC1, ""); r.status != c.status || strings.Contains(r.body, "never") {
				t.Errorf("after %v: %d %s", c.after, r.status, r.body)
			}
		})
	}
}

// What waits on this node under the id is pending, whatever else is known.
func TestInFlightIsPending(t *testing.T) {
	v := newVenue()
	h := handler(t, v)
	v.inFlight[" c1"] = true
	v.knownErr = gateways.ErrUnavailable
	do(t, h, questionOfC1, "").want(t, 200, `"status":"pending"`)
}
