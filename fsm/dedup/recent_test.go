package dedup_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

func bytesOf(tables []slab.Table) (n int64) {
	for _, t := range tables {
		n += t.Bytes()
	}
	return n
}

func numbered(i int) dedup.Key {
	return dedup.Key{Hi: uint64(i), Lo: uint64(i) * 0x9E3779B97F4A7C15}
}

// What an id may be forgotten by: whatever comes it is known for MinAge; within
// the bound for the window beyond it; and never for more than an eighth of the
// bound, or three hours, beyond that. It holds while there are slots for all
// generations: up to three times the bound of undue ids. A naive table says the
// same, also from a snapshot on.
func TestRecentKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const capacity = 64
		table, now := dedup.NewRecent(slab.Heap{}, capacity), market.Nanos(1e18)
		var at []market.Nanos // when each id was used
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			now += rapid.SampledFrom([]market.Nanos{0, 1, 1e9, 5e9, dedup.MinAge, 3600e9, 20 * 3600e9}).Draw(rt, "wait")
			for range rapid.IntRange(0, 60).Draw(rt, "ids") {
				if len(at) >= 3*capacity && now <= at[len(at)-3*capacity]+dedup.MinAge {
					break
				}
				if _, found := table.Find(numbered(len(at))); found {
					rt.Fatal("found a new id")
				}
				table.Forget(now, 0)
				table.Add(numbered(len(at)), dedup.Record{First: market.Sequence(len(at) + 1)}, now)
				at = append(at, now)
			}
			if rapid.IntRange(0, 9).Draw(rt, "restore") == 0 {
				table = restored(rt, table, dedup.NewRecent(slab.Heap{}, capacity))
			}
			kept := 0
			for i, used := range at {
				r, found := table.Find(numbered(i))
				if found {
					kept++
				}
				newer := len(at) - i - 1
				switch {
				case found && r.First != market.Sequence(i+1):
					rt.Fatalf("id %d leads to %d", i, r.First)
				case !found && (now <= used+dedup.MinAge || now <= used+dedup.MinAge+dedup.Window && newer < capacity*7/8):
					rt.Fatalf("id %d of %d is forgotten after %d ns", i, len(at), now-used)
				}
			}
			if uint64(kept) != table.Len() {
				rt.Fatalf("%d ids are found, %d counted", kept, table.Len())
			}
		}
	})
}

// tables is what has a state in slabs.
type tables interface {
	Tables() []slab.Table
	Records() []slab.Table
}

// restored gives an empty table what another has, through a snapshot.
func restored[T tables](t rapid.TB, from, empty T) T {
	var file bytes.Buffer
	if _, err := slab.Capture(from.Tables()).WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	if err := slab.ReadFrom(empty.Tables(), &file); err != nil {
		t.Fatal(err)
	}
	if slab.Hash(empty.Records()) != slab.Hash(from.Records()) {
		t.Fatal("the snapshot has another hash")
	}
	return empty
}

// The memory of a busy day: at most 32 bytes an id and 27 of index, and it
// comes back at once when the ids are dropped.
func TestRecentMemory(t *testing.T) {
	const capacity = 1 << 17
	table, now := dedup.NewRecent(slab.Heap{}, capacity), market.Nanos(1e18)
	empty := bytesOf(table.Tables())
	for i := range 10 * capacity {
		now += 1e6
		table.Forget(now, 0)
		table.Add(numbered(i), dedup.Record{First: 1}, now)
	}
	if got := bytesOf(table.Tables()) - empty; table.Len() < capacity*7/8 || got > 59*capacity {
		t.Errorf("%d ids take %d bytes, %d each", table.Len(), got, got/int64(table.Len()))
	}
	now += dedup.MinAge + dedup.Window + 1
	for range 8 {
		table.Forget(now, 0)
	}
	if got := bytesOf(table.Tables()); table.Len() != 0 || got != empty {
		t.Errorf("%d ids are left and %d bytes, want none and %d", table.Len(), got, empty)
	}
}

// A share is eight times what is free, whatever the participant.
func TestShares(t *testing.T) {
	s, now := dedup.NewShares(slab.Heap{}, 900), market.Nanos(1e18)
	use := func(participant uint32, most int) (n int) {
		for ; n < most && s.Room(participant, now); n++ {
			s.Charge(participant, now)
		}
		return n
	}
	for _, c := range []struct {
		who  uint32
		want int
	}{{1, 800}, {1, 0}, {2, 89}, {3, 10}, {0, 1}, {4, 0}} {
		if got := use(c.who, 1000); got != c.want {
			t.Errorf("participant %d: got %d ids, want %d", c.who, got, c.want)
		}
	}
	now += dedup.MinAge - 1e9
	if got := use(5, 1000); got != 0 || s.Undue() != 900 {
		t.Errorf("one second before they are due: got %d ids, %d undue", got, s.Undue())
	}
	now += 2e9
	if got := use(5, 1000); got != 800 || s.Undue() != 800 {
		t.Errorf("once they are due: got %d ids, %d undue", got, s.Undue())
	}
}
