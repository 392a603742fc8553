package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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

// TestWhoseTimeIsOver shows that of those who wait for the block of one entry
// each has his own time: when that of the one who asks for it is over, another
// one goes on.
func TestWhoseTimeIsOver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := waitingFor(t, dir, func(ctx context.Context, at market.Sequence) (*event.Block, error) {
			select {
			case <-time.After(time.Second):
				return blockAt(at), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var asking sync.WaitGroup
		asking.Go(func() {
			if _, err := c.blockOf(short, &event.Outcome{Index: 1, First: 1}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("whose time is over: %v", err)
			}
		})
		synctest.Wait()
		asking.Go(func() {
			if b, err := c.blockOf(t.Context(), &event.Outcome{Index: 1, First: 1}); err != nil || b.Index != 1 {
				t.Errorf("who has time: %+v, %v", b, err)
			}
		})
		asking.Wait()
	})
}

// TestBlockThatIsMissingHere shows that where this node's journal has gone on and
// lacks a block, as in a part that does not verify, the others are asked for it, until it comes from one of them or is there.
func TestBlockThatIsMissingHere(t *testing.T) {
	dir, damaged := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c := waitingFor(t, dir, func(_ context.Context, at market.Sequence) (*event.Block, error) {
			if tries++; tries < 10 {
				return nil, journal.ErrNotServed
			}
			return blockAt(at), nil
		})
		c.journal = damagedJournal(t, damaged)
		lacks := market.Sequence(0)
		for at := market.Sequence(1); at <= 10; at++ {
			if _, err := c.journal.Block(at); err != nil {
				lacks = at
			}
		}
		if lacks == 0 || c.journal.Last().Sequence != 10 {
			t.Fatalf("the journal lacks block %d of %d", lacks, c.journal.Last().Sequence)
		}
		if b, err := c.blockOf(t.Context(), &event.Outcome{Index: uint64(lacks), First: lacks}); err != nil || b.Index != uint64(lacks) {
			t.Errorf("of an outcome: %+v, %v", b, err)
		}
		tries = 0
		if b, err := c.block(t.Context(), lacks); err != nil || b.Index != uint64(lacks) {
			t.Errorf("of a sequence: %+v, %v", b, err)
		}
		tries = -1 << 30
		begun := time.Now()
		if b, err := c.block(t.Context(), lacks); err == nil || time.Since(begun) != executedTimeout {
			t.Errorf("nobody has it: %+v, %v after %v", b, err, time.Since(begun))
		}
	})
}

// waitingFor are commands whose answers are in blocks that others have.
func waitingFor(t *testing.T, dir string, fetch func(context.Context, market.Sequence) (*event.Block, error)) *commands {
	t.Helper()
	j, err := journal.Open(journal.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return &commands{journal: j, fetches: newFetches(), fetch: fetch}
}

// damagedJournal has ten blocks, of which one in the middle can't be read.
func damagedJournal(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(journal.Options{Dir: dir})
	for at := market.Sequence(1); err == nil && at <= 10; at++ {
		err = j.Append(blockAt(at))
	}
	if err == nil {
		err = errors.Join(j.Sync(), j.Close())
	}
	segments, _ := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments %v, %v", segments, err)
	}
	raw, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 0x55
	if err := os.WriteFile(segments[0], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if j, err = journal.Open(journal.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func blockAt(at market.Sequence) *event.Block {
	return &event.Block{Index: uint64(at), First: at, Count: 1, Groups: []event.Group{{First: at, Count: 1}}}
}
