package node

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// TestFetchesAreBounded shows that a node which is behind fetches the block of an
// entry once for all who wait for it, and few blocks at once; and that who gives
// up leaves the others theirs.
func TestFetchesAreBounded(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j, err := journal.Open(journal.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}()
		var mu sync.Mutex // guards the counts
		asked, atOnce, most := map[market.Sequence]int{}, 0, 0
		c := &commands{journal: j, fetches: newFetches()}
		c.fetch = func(ctx context.Context, at market.Sequence) (*event.Block, error) {
			mu.Lock()
			asked[at]++
			atOnce++
			most = max(most, atOnce)
			mu.Unlock()
			defer func() { mu.Lock(); atOnce--; mu.Unlock() }()
			select {
			case <-time.After(time.Millisecond):
				return &event.Block{Index: uint64(at), First: at, Count: 1, Groups: []event.Group{{First: at, Count: 1}}}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		hasty, giveUp := context.WithCancel(t.Context())
		given := make(chan error, 1)
		go func() {
			_, err := c.blockOf(hasty, &event.Outcome{Index: 1, First: 1})
			given <- err
		}()
		synctest.Wait() // it asks for entry 1, and the others wait for what it gets
		got := make(chan uint64, 40)
		for i := range 40 {
			go func() {
				at := uint64(1 + i%10)
				b, err := c.blockOf(t.Context(), &event.Outcome{Index: at, First: market.Sequence(at)})
				if err != nil || b.Index != at {
					t.Errorf("entry %d: %+v, %v", at, b, err)
				}
				got <- at
			}()
		}
		synctest.Wait()
		giveUp()
		if err := <-given; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up: %v", err)
		}
		for range 40 {
			<-got
		}
		if most != fetchesAtOnce {
			t.Errorf("%d fetches at once, want %d", most, fetchesAtOnce)
		}
		for at, n := range asked {
			want := 1
			if at == 1 {
				want = 2 // once for who gave up
			}
			if n != want {
				t.Errorf("entry %d was asked for %d times, want %d", at, n, want)
			}
		}
	})
}
