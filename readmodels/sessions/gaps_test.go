package sessions_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// A gap has the time of the report before it, wherever a resend begins: so what
// fills it says the same OrigSendingTime each time.
func TestGapsHaveOneTime(t *testing.T) {
	d := newDesk(7)
	v, end := folded(t, &watched{}, d.blocks(300)...)
	for _, comp := range comps() {
		times := map[uint64]market.Nanos{} // of each number that is in a gap
		next, err := v.Resend(t.Context(), end, comp, 1, 1<<40, func(r event.Resent) error {
			for n := r.From; r.Gap && n <= r.To; n++ {
				times[n] = r.At
			}
			return nil
		})
		if err != nil || len(times) == 0 {
			t.Fatalf("%s: %d gaps, %v", comp, len(times), err)
		}
		for from := uint64(1); from < next; from++ {
			_, err := v.Resend(t.Context(), end, comp, from, from+3, func(r event.Resent) error {
				if r.Gap && (r.At == 0 || r.At != times[r.From]) {
					t.Errorf("%s: the gap %d to %d of a resend from %d is of %d, want %d", comp, r.From, r.To, from, r.At, times[r.From])
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Before the first report, and where that lies below the floor, a gap has the
// time that the numbers began with.
func TestGapOfTheBeginning(t *testing.T) {
	blocks := placements(20, 0)
	v, end := folded(t, &watched{floor: blocks[7].First}, blocks...)
	_, err := v.Resend(t.Context(), end, one, 3, 12, func(r event.Resent) error {
		if r.Gap && r.At != blocks[0].At {
			t.Errorf("the gap %d to %d is of %d, want %d", r.From, r.To, r.At, blocks[0].At)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
