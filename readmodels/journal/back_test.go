package journal_test

import (
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// back reads the blocks from a sequence back.
func back(t testing.TB, j *journal.Journal, through market.Sequence, most int) []uint64 {
	t.Helper()
	var got []uint64
	err := j.ReadBack(through, func(b *event.Block) bool {
		got = append(got, b.Index)
		return len(got) < most
	})
	if err != nil {
		t.Fatalf("read back from %d: %v", through, err)
	}
	return got
}

// Backwards the journal reads as it does forwards, from every sequence: from
// memory, from the segment under way and from sealed ones, and after it was
// opened anew.
func TestReadBack(t *testing.T) {
	dir := t.TempDir()
	blocks := made(400)
	j := open(t, dir)
	appendAll(t, j, blocks)
	check := func() {
		t.Helper()
		last := j.Last().Sequence
		for through := market.Sequence(1); through <= last+1; through += 1 + through%7 {
			var want []uint64
			for _, b := range blocks {
				if b.Count > 0 && b.First <= through {
					want = append(want, b.Index)
				}
			}
			slices.Reverse(want)
			if got := back(t, j, through, len(want)+1); !slices.Equal(got, want) {
				t.Fatalf("back from %d: got %v, want %v", through, got, want)
			}
			if got := back(t, j, through, 3); !slices.Equal(got, want[:min(3, len(want))]) {
				t.Fatalf("three back from %d: got %v, want %v", through, got, want[:3])
			}
		}
	}
	if n := segments(t, dir); n < 3 {
		t.Fatalf("%d segments: too few for this test", n)
	}
	check()
	closing(t, j)
	j = open(t, dir)
	defer closing(t, j)
	check()
	if got := back(t, j, 0, 1); len(got) != 0 {
		t.Errorf("back from 0: %v", got)
	}
}

// BenchmarkWholeJournal compares the two directions.
func BenchmarkWholeJournal(b *testing.B) {
	j, err := journal.Open(journal.Options{Dir: b.TempDir(), SegmentBytes: 1 << 20, RecentBytes: 64 << 10})
	if err != nil {
		b.Fatal(err)
	}
	defer closing(b, j)
	appendAll(b, j, made(4000))
	for _, direction := range []string{"ascending", "descending"} {
		b.Run(direction, func(b *testing.B) {
			for range b.N {
				n := 0
				count := func(*event.Block) bool { n++; return true }
				if direction == "ascending" {
					err = j.Read(0, count)
				} else {
					err = j.ReadBack(j.Last().Sequence, count)
				}
				if err != nil || n == 0 {
					b.Fatal(n, err)
				}
			}
		})
	}
}
