package store_test

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// checkWhole walks every key and list from end to end.
func checkWhole(t *testing.T, s *store.Store, last market.Sequence) {
	t.Helper()
	for _, descending := range []bool{false, true} {
		span := readmodels.Span{At: last, Descending: descending}
		for i := range market.Sequence(3) {
			checkWalk(t, span, 3, i, func(yield func([]byte, market.Sequence) bool) error { return s.Versions(key(i), span, yield) })
		}
		for i := range market.Sequence(2) {
			checkWalk(t, span, 2, i, func(yield func([]byte, market.Sequence) bool) error { return s.List(list(i), span, yield) })
		}
	}
}

// beginFlush begins to flush what was committed; end finishes it.
func beginFlush(t *testing.T, s *store.Store) (end func()) {
	t.Helper()
	finish, err := s.BeginFlush()
	if err != nil {
		t.Fatalf("begin flush: %v", err)
	}
	return func() {
		t.Helper()
		if err := finish(); err != nil {
			t.Fatalf("flush: %v", err)
		}
	}
}

// TestStaleRunsBeyondCursor shows that a walk finds what is folded again while
// runs of a flush whose cursor was never written lie beyond it, wherever the
// generations are cut the second time.
func TestStaleRunsBeyondCursor(t *testing.T) { eachDisk(t, testStaleRunsBeyondCursor) }

func testStaleRunsBeyondCursor(t *testing.T, files world.Files) {
	o := store.Options{Files: files, Dir: t.TempDir(), Boot: "same"}
	s := open(t, o)
	fill(t, s, 0, 300)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	fill(t, s, 300, 1000)
	if err := s.FlushWithoutCursor(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	defer s.Close()
	// The second stale runs of lists begin at 711, of keys at 916: each cut before
	// them leaves a gap on disk, which only memory fills.
	cursor := s.Cursor()
	for _, cut := range []market.Sequence{400, 701, 904, 1010} {
		fill(t, s, cursor, cut)
		beginFlush(t, s)()
		fill(t, s, cut, cut+100)
		checkWhole(t, s, cut+100)
		check(t, s, cut+100)
		cursor = cut + 100
	}
}

// fillOne commits sequences from+1 … to, each to the same key and list.
func fillOne(t *testing.T, s *store.Store, from, to market.Sequence) {
	t.Helper()
	for at := from + 1; at <= to; at++ {
		commit(t, s, at, func(w readmodels.Writer) {
			w.Set([]byte("one"), number(at), at)
			w.Append([]byte("one"), number(at), at)
		})
	}
}

// TestFlushDuringWalk shows that a walk misses nothing when what it has yet to
// yield moves to disk while newer versions stay in memory: both while it reads
// the disk and between two batches from memory.
func TestFlushDuringWalk(t *testing.T) { eachDisk(t, testFlushDuringWalk) }

func testFlushDuringWalk(t *testing.T, files world.Files) {
	const flushed, last = 700, 900
	for _, c := range []struct {
		name             string
		onDisk, endsWhen market.Sequence
	}{
		{"while on disk", 100, 50},
		{"at the end of disk", 100, 100},
		{"while in memory", 100, 300},
		{"nothing on disk", 0, 200},
		{"newest", 100, 800},
	} {
		for _, descending := range []bool{false, true} {
			for _, list := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, descending %v, list %v", c.name, descending, list), func(t *testing.T) {
					s := open(t, store.Options{Files: files, Dir: t.TempDir()})
					defer s.Close()
					fillOne(t, s, 0, c.onDisk)
					if c.onDisk > 0 {
						beginFlush(t, s)()
					}
					fillOne(t, s, c.onDisk, flushed)
					end := beginFlush(t, s)
					fillOne(t, s, flushed, last)
					span, read := readmodels.Span{At: last, Descending: descending}, s.Versions
					if list {
						read = s.List
					}
					checkWalk(t, span, 1, 0, func(yield func([]byte, market.Sequence) bool) error {
						return read([]byte("one"), span, func(value []byte, at market.Sequence) bool {
							if at == c.endsWhen {
								end()
							}
							return yield(value, at)
						})
					})
				})
			}
		}
	}
}
