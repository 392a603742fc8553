package scorecard_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/scorecard"
)

// TestInterruptedRunsLeaveTheirPlace shows that after an interruption the run that
// was interrupted is made, with its seed, and none of those that had been made
// beside it: that would be the same trials again, counted as others.
func TestInterruptedRunsLeaveTheirPlace(t *testing.T) {
	o := options(t, t.TempDir())
	o.Parallel = 2
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	made := map[int]int{} // to its end, by place
	o.Do = func(_ context.Context, j scorecard.Job, _ history.Folder) (*scenario.Result, error) {
		if ctx.Err() == nil && j.Number == 0 {
			<-ctx.Done() // this one is interrupted, and the other worker goes on until then
			return nil, ctx.Err()
		}
		if ctx.Err() == nil && j.Number == 2 { // 1 is made
			cancel()
			return nil, ctx.Err()
		}
		mu.Lock()
		defer mu.Unlock()
		made[j.Number]++
		return passed(o, j), nil
	}
	killed := rows()[:1]
	if _, err := scorecard.Make(ctx, o, killed); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	card, err := scorecard.Make(t.Context(), o, killed)
	if err != nil || card.Rows[0].Valid != 40 {
		t.Fatalf("%d trials, %v", card.Rows[0].Valid, err)
	}
	for number := range 4 {
		if made[number] != 1 {
			t.Errorf("run %d was made %d times to its end, want once", number, made[number])
		}
	}
}
