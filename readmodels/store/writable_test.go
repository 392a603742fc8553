package store_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// TestNotWritable shows that nothing goes to Badger while it must not be
// written, that everything is read as ever meanwhile, that a store which is
// closed then folds the same again, and that it catches up by itself.
func TestNotWritable(t *testing.T) { eachDisk(t, testNotWritable) }

func testNotWritable(t *testing.T, files world.Files) {
	var full atomic.Bool
	asked := make(chan struct{}, 1)
	options := store.Options{Files: files, Dir: t.TempDir() + "/view", FlushEvery: time.Millisecond, Writable: func() error {
		select {
		case asked <- struct{}{}:
		default:
		}
		if full.Load() {
			return errors.New("no room")
		}
		return nil
	}}
	full.Store(true)
	s := open(t, options)
	fill(t, s, 0, 40)
	for range 3 { // it asks again and again
		<-asked
	}
	if got := s.Cursor(); got != 0 {
		t.Errorf("the cursor is at %d though nothing may be written", got)
	}
	check(t, s, 40)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, options)
	if got := s.Cursor(); got != 0 {
		t.Errorf("after a close without room the cursor is at %d", got)
	}
	fill(t, s, 0, 40)
	full.Store(false)
	await(t, s, 40)
	check(t, s, 40)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// await waits until the store's values are in Badger.
func await(t *testing.T, s *store.Store, cursor market.Sequence) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.Cursor() != cursor {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("the cursor is at %d, want %d", s.Cursor(), cursor)
		}
	}
}
