package dedup_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// quarter is how exactly the age of a fence is known.
const quarter = market.Nanos(15 * 60 * 1e9)

// fenced is what a slow and simple table knows of a fence.
type fenced struct {
	key         int
	participant uint32
	at          market.Nanos
}

// slowFences is dedup.Fences, read slowly: one list in the order of fencing.
type slowFences struct {
	list          []fenced
	places, share int
}

func (f fenced) old(now market.Nanos) bool { return now/quarter-f.at/quarter >= 98 }

// count returns how many fences are for which the question says yes.
func (s *slowFences) count(ask func(fenced) bool) (n int) {
	for _, f := range s.list {
		if ask(f) {
			n++
		}
	}
	return n
}

func (s *slowFences) held(p uint32) int {
	return s.count(func(f fenced) bool { return f.participant == p })
}

// drop forgets the oldest fence of a participant if it is old.
func (s *slowFences) drop(p uint32, now market.Nanos) bool {
	for i, f := range s.list {
		if f.participant == p {
			if f.old(now) {
				s.list = append(s.list[:i:i], s.list[i+1:]...)
			}
			return f.old(now)
		}
	}
	return false
}

func (s *slowFences) room(p uint32, trusted bool, now market.Nanos) bool {
	share := s.share
	if trusted {
		share = s.places
	}
	young := func(f fenced) bool { return !f.old(now) }
	own := s.count(func(f fenced) bool { return young(f) && f.participant == p })
	switch {
	case own >= min(share, s.places-s.count(young)):
		return false
	case s.held(p) >= share:
		return s.drop(p, now)
	case len(s.list) < s.places:
		return true
	}
	most, from := s.held(p), p
	for q := range uint32(participants) {
		has := s.count(func(f fenced) bool { return !young(f) && f.participant == q }) > 0
		if has && s.held(q) > most {
			most, from = s.held(q), q
		}
	}
	return s.drop(from, now)
}

const participants = 4

// Whatever comes, the table takes, keeps and forgets the fences that a slow and
// simple one does; none that is younger than a day, and none of who has fewer
// than the one that needs the place. It does so from a snapshot on, too.
func TestFencesLikeASlowTable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		capacity := rapid.SampledFrom([]uint32{2, 20, 100, 300}).Draw(rt, "capacity")
		table, now := dedup.NewFences(slab.Heap{}, capacity), market.Nanos(1e18)
		slow := &slowFences{places: int(table.Places()), share: int(table.Share())}
		all := 0
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			now += rapid.SampledFrom([]market.Nanos{0, 1e9, quarter, 6 * 3600e9, market.MaxValidity, market.MaxValidity + 2*quarter, 7 * market.MaxValidity}).Draw(rt, "wait")
			p := rapid.Uint32Range(0, participants-1).Draw(rt, "participant")
			trusted := rapid.IntRange(0, 3).Draw(rt, "trusted") == 0
			table.Ripen(now) // other ids came in between: two holders each time
			for range rapid.IntRange(1, 60).Draw(rt, "fences") {
				before := append([]fenced(nil), slow.list...)
				got, want := table.Room(p, trusted, now), slow.room(p, trusted, now)
				if got != want {
					rt.Fatalf("%d fences, %d of %d's: room %v, want %v", len(slow.list), slow.held(p), p, got, want)
				}
				checkForgotten(rt, before, slow, p, now)
				if got {
					table.Add(numbered(all), p, now)
					slow.list = append(slow.list, fenced{all, p, now})
					all++
				}
			}
			if rapid.Bool().Draw(rt, "restore") {
				table = restored(rt, table, dedup.NewFences(slab.Heap{}, capacity))
			}
			known := 0
			for _, f := range slow.list {
				if !table.Find(numbered(f.key)) {
					rt.Fatalf("fence %d of %d is forgotten after %d ns", f.key, f.participant, now-f.at)
				}
			}
			for i := range all {
				if table.Find(numbered(i)) {
					known++
				}
			}
			if known != len(slow.list) || int(table.Len()) != known {
				rt.Fatalf("%d fences are found, %d counted, want %d", known, table.Len(), len(slow.list))
			}
		}
	})
}

// checkForgotten holds what making room for p's fence dropped to the promise.
func checkForgotten(t *rapid.T, before []fenced, s *slowFences, p uint32, now market.Nanos) {
	for i, f := range before {
		if i < len(s.list) && s.list[i] == f {
			continue
		}
		if now-f.at <= market.MaxValidity {
			t.Fatalf("a fence of %d ns was forgotten", now-f.at)
		}
		if f.participant != p && s.held(f.participant)+1 <= s.held(p) {
			t.Fatalf("%d has %d fences and pushed out one of %d, who had %d", p, s.held(p), f.participant, s.held(f.participant)+1)
		}
		return
	}
}

// However many participants' fences become old at once, each new id moves two of
// them, a place is found all the while, and in the end whoever has most gives it.
func TestManyRipenAtOnce(t *testing.T) {
	const many = 1000
	table, now := dedup.NewFences(slab.Heap{}, 2*(many+2)), market.Nanos(1e18)
	key := 0
	fence := func(p uint32) {
		t.Helper()
		if !table.Room(p, false, now) {
			t.Fatalf("no room for a fence of %d", p)
		}
		table.Add(numbered(key), p, now)
		key++
	}
	for p := range uint32(many) {
		fence(p)
	}
	fence(many - 1) // the last has two
	fence(many)     // and the table is full
	now += market.MaxValidity + 2*quarter
	fence(many + 1)
	if table.Len() != many+2 || table.Forgotten() != 1e18 {
		t.Fatalf("%d fences are left, all after %d known; want that one gave its place", table.Len(), table.Forgotten())
	}
	for range many / 2 {
		table.Ripen(now)
	}
	fence(many + 2)
	if table.Find(numbered(many - 1)) {
		t.Error("who had most kept both")
	}
}

// The memory of a full table: 32 bytes a fence and 17 of index.
func TestFencesMemory(t *testing.T) {
	const capacity = 1 << 18
	table, now := dedup.NewFences(slab.Heap{}, capacity), market.Nanos(1e18)
	empty := bytesOf(table.Tables())
	for i := range capacity { // half of them gives its places to the other half
		if i == capacity/4 || i == capacity/2 || i == capacity*3/4 {
			now += market.MaxValidity + 2*quarter
		}
		if table.Room(0, true, now) {
			table.Add(numbered(i), 0, now)
		}
	}
	if got := bytesOf(table.Tables()) - empty; table.Len() != table.Places() || got > 50*int64(table.Len()) {
		t.Errorf("%d of %d fences take %d bytes, %d each", table.Len(), table.Places(), got, got/int64(table.Len()))
	}
}
