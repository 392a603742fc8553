package fsm_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// TestNamesOfOneParticipant shows that a key id or a CompID that is one
// participant's is refused to another, may stay with its owner, and is free
// once the owner gives it up.
func TestNamesOfOneParticipant(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	define := func(name, key, comp string) *command.DefineParticipant {
		return &command.DefineParticipant{
			Participant: name, Role: market.RoleTrader, FixCompIDs: []string{comp}, Keys: []command.Key{{ID: key}},
		}
	}
	v.must(define("first", "k1", "C1"), define("first", "k1", "C1"))
	for _, taken := range []*command.DefineParticipant{define("second", "k1", "C2"), define("second", "k2", "C1")} {
		outcome := v.do(taken)
		if r := outcome.Group.Rejection(); r == nil || r.Code != event.CodeAlreadyExists {
			t.Errorf("%v %v: got %+v, want already_exists", taken.Keys, taken.FixCompIDs, r)
		}
	}
	v.must(define("first", "k3", "C3"), define("second", "k1", "C1"))
}
