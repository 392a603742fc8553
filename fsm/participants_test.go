package fsm_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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

// Whose a key id or a CompID is, the venue knows as if it looked through all
// participants, also after a restart: definitions at random beside a model.
func TestNamesAgainstAModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	v := newVenue(t, fsm.Bounds{})
	model := map[string]*command.DefineParticipant{}
	var order []string
	taken := func(b *command.DefineParticipant) string {
		for _, name := range order {
			p := model[name]
			if name == b.Participant {
				continue
			}
			for _, k := range b.Keys {
				if slices.Contains(p.Keys, k) {
					return "key " + k.ID + " is another participant's"
				}
			}
			for _, id := range b.FixCompIDs {
				if slices.Contains(p.FixCompIDs, id) {
					return "CompID " + id + " is another participant's"
				}
			}
		}
		return ""
	}
	refused := 0
	for n := range 600 {
		b := &command.DefineParticipant{Participant: fmt.Sprintf("p%d", r.IntN(8)), Role: market.RoleTrader}
		for range r.IntN(4) {
			b.Keys = append(b.Keys, command.Key{ID: fmt.Sprintf("k%d", r.IntN(20))})
			b.FixCompIDs = append(b.FixCompIDs, fmt.Sprintf("C%d", r.IntN(20)))
		}
		want, got := taken(b), ""
		if no := v.do(b).Group.Rejection(); no != nil {
			got = no.Detail
			refused++
		} else {
			if model[b.Participant] == nil {
				order = append(order, b.Participant)
			}
			model[b.Participant] = b
		}
		if got != want {
			t.Fatalf("definition %d: refused with %q, want %q", n, got, want)
		}
		if n%50 == 0 {
			v.machine = throughSnapshot(t, v.machine)
		}
	}
	if refused < 50 {
		t.Fatalf("%d were refused: the run shows little", refused)
	}
}

// A definition costs what it says, not what all others said: many keys beside
// 2,000 participants take about as long as beside none.
func TestDefinitionsDoNotLookThroughAll(t *testing.T) {
	cost := func(others int) time.Duration {
		v := newVenue(t, fsm.Bounds{})
		for from := 0; from < others; from += 500 {
			var commands []*command.Command
			for i := range 500 {
				commands = append(commands, v.admin(&command.DefineParticipant{Participant: fmt.Sprintf("P%d", from+i), Role: market.RoleTrader,
					Keys: []command.Key{{ID: fmt.Sprintf("k%d", from+i), Role: market.RoleTrader}}}))
			}
			v.apply(commands...)
		}
		best := time.Hour
		for try := range 5 {
			b := &command.DefineParticipant{Participant: "many", Role: market.RoleTrader}
			for i := range 1200 {
				b.Keys = append(b.Keys, command.Key{ID: fmt.Sprintf("%d.%d", try, i), Role: market.RoleTrader})
			}
			entry := seal(t, v.now, v.admin(b))
			begun := time.Now()
			v.machine.Apply(v.machine.Index()+1, 1, entry)
			best = min(best, time.Since(begun))
		}
		return best
	}
	if alone, beside := cost(0), cost(2000); beside > 8*alone {
		t.Errorf("1,200 keys take %v alone and %v beside 2,000 participants", alone, beside)
	}
}
