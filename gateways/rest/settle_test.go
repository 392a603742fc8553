package rest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

// A question about an id, or its fence, that is refused says nothing of the
// command that the id is of: that may have been executed, or be executed yet. So
// its outcome is unknown, never not_executed.
func TestRefusedFenceSettlesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		kind event.OutcomeKind
		fail error
		want int
	}{
		{"no place for a fence", event.OutcomeThrottled, nil, 429},
		{"deadline too far ahead", event.OutcomeTooFarAhead, nil, 503},
		{"too many wait", event.OutcomeNone, gateways.ErrOverloaded, 429},
		{"no leader", event.OutcomeNone, gateways.ErrNoLeader, 503},
		{"unknown", event.OutcomeNone, gateways.ErrUnknownOutcome, 503},
		{"unheard of", event.OutcomeNone, errors.New("unheard of"), 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue()
			v.kind, v.fail = c.kind, c.fail
			h := handler(t, v)
			for _, question := range []string{"POST /v1/commands/c1/fence", "GET /v1/commands/c1"} {
				r := do(t, h, question, "")
				r.want(t, c.want, `"command_id":"c1"`, `"outcome":"unknown"`, "the id is not settled")
				if strings.Contains(r.body, "not_executed") || r.header.Get("Retry-After") == "" {
					t.Errorf("%s: %s, Retry-After %q", question, r.body, r.header.Get("Retry-After"))
				}
			}
		})
	}
}
