package dedup

import (
	"github.com/rialto-exchange/rialto/fsm/internal/timers"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Fences remembers the ids that were settled as never to be executed. A client
// may have given a copy of such a command a valid_until as far ahead as it liked,
// so that no age alone makes a fence superfluous: one is forgotten when it is old
// and its place is needed, and not before.
//
//	a participant's    oldest                             newest
//	                   ┌───────────────────┬───────────────────┐
//	                   │ old: may give its │ young: kept       │
//	                   │ place to a newer  │ whatever comes    │
//	                   └───────────────────┴───────────────────┘
//
// A place is needed when a participant's own share is full, and then its own
// oldest gives it; or when there is no place left at all, and then the oldest
// of the participant that has most (max-min fairness): it has to have more than
// the one that needs the place, who gives one of its own otherwise. So nobody
// ever pushes out a fence of somebody who has fewer.
type Fences struct {
	fences *slab.Pool[fence]
	index  *slab.Index
	// holders are the participants by their number, from 1; 0 is all of them.
	holders *slab.Slab[holder]
	// most has the holders with an old fence, who has most first; ripening the
	// others, whose oldest is old first.
	most, ripening *timers.Heap
	capacity       uint32
}

type fence struct {
	next   uint32 // towards the newest of its holder's; the pool's
	holder uint32
	hi, lo uint64
	at     int64
}

// holder is a participant's fences.
type holder struct {
	oldest, newest uint32
	held           uint32 // all of them
	young          uint32 // Σ slices
	slice          int64  // of venue time, up to which young is right
	// forgotten is when the newest fence was made that is not known any more.
	forgotten int64
	// slices counts the fences made in the last slices, at slice modulo their
	// number.
	slices [youngSlices]uint32
}

const (
	// fenceSlice is how exactly the age of fences is known: a quarter of an
	// hour.
	fenceSlice = market.Nanos(15 * 60 * 1e9)
	// youngSlices is for how many a fence is young, its own included: longer than
	// the longest time that a gateway gives a copy of its own.
	youngSlices = int64((market.MaxValidity+ValidityTolerance+fenceSlice-1)/fenceSlice) + 1
)

// NewFences returns an empty table beside one of capacity ids: it has half as
// many places.
func NewFences(alloc slab.Allocator, capacity uint32) *Fences {
	t := &Fences{
		fences: slab.NewPool[fence](alloc), index: slab.NewIndex(alloc), holders: slab.New[holder](alloc),
		most: timers.New(alloc), ripening: timers.New(alloc), capacity: capacity,
	}
	t.holders.Append()
	return t
}

// Find reports whether an id was fenced.
func (t *Fences) Find(k Key) bool {
	_, ok := t.index.Find(k.Lo, func(i uint32) bool {
		f := t.fences.Get(i)
		return f.lo == k.Lo && f.hi == k.Hi
	})
	return ok
}

// Places returns how many fences there may be, and Share how many of a
// participant's.
func (t *Fences) Places() uint32 { return poolOf(t.capacity) }

// Share: see Places.
func (t *Fences) Share() uint32 { return shareOf(t.Places(), false) }

// Room makes place for one more fence of a participant's, and reports whether
// there is. Its young ones are at most its share, and at most what nobody's young
// ones have taken: whoever has none finds a place while any is left. Those that
// the venue trusts have no share, only the rest.
func (t *Fences) Room(participant uint32, trusted bool, now market.Nanos) bool {
	t.Ripen(now)
	n, share := participant+1, shareOf(t.Places(), trusted)
	all, own := t.at(0, now), t.at(n, now)
	if own.young >= min(share, t.Places()-all.young) {
		return false
	}
	switch {
	case own.held >= share:
		t.drop(n, now)
	case all.held >= t.Places():
		from, ok := t.giver(n, now)
		if !ok {
			return false
		}
		t.drop(from, now)
	}
	return true
}

// giver returns whose oldest fence gives its place to one of n's.
func (t *Fences) giver(n uint32, now market.Nanos) (uint32, bool) {
	own := t.holders.Get(n)
	if first, ok := t.most.First(); ok && t.holders.Get(first.Slot).held > own.held {
		return first.Slot, true
	}
	return n, t.hasOld(own, now)
}

// Add remembers a fenced id of a participant's; Find found it not, and Room said
// yes.
func (t *Fences) Add(k Key, participant uint32, now market.Nanos) {
	n := participant + 1
	i := t.fences.Alloc()
	*t.fences.Mut(i) = fence{holder: n, hi: k.Hi, lo: k.Lo, at: int64(now)}
	t.index.Insert(k.Lo, i)
	for _, n := range [...]uint32{0, n} {
		h := t.at(n, now)
		h.held++
		h.young++
		h.slices[h.slice%youngSlices]++
	}
	h := t.holders.Mut(n)
	if h.newest == 0 {
		h.oldest = i
	} else {
		t.fences.Mut(h.newest).next = i
	}
	h.newest = i
	t.rank(n, now)
}

// drop forgets a holder's oldest fence, which is old.
func (t *Fences) drop(n uint32, now market.Nanos) {
	h := t.holders.Mut(n)
	if !t.hasOld(h, now) {
		panic("dedup: a young fence is to be forgotten")
	}
	i := h.oldest
	f := *t.fences.Get(i)
	if h.oldest = f.next; h.oldest == 0 {
		h.newest = 0
	}
	for _, n := range [...]uint32{0, n} {
		h := t.holders.Mut(n)
		h.held--
		h.forgotten = max(h.forgotten, f.at)
	}
	t.index.Delete(f.lo, i)
	t.fences.Free(i)
	t.rank(n, now)
}

// Ripen moves holders, at most two, whose oldest fence has become old to those
// that may give a place. It is called once for each new id, so that no command
// pays for many.
func (t *Fences) Ripen(now market.Nanos) {
	for range 2 {
		first, ok := t.ripening.First()
		if !ok || first.Due > now {
			return
		}
		t.rank(first.Slot, now)
	}
}

// rank puts a holder where it belongs now: among those that may give a place, by
// how many fences it has, or among those that wait until they may.
func (t *Fences) rank(n uint32, now market.Nanos) {
	h := t.holders.Get(n)
	switch {
	case h.held == 0:
		t.most.Clear(n)
		t.ripening.Clear(n)
	case t.hasOld(h, now):
		t.ripening.Clear(n)
		t.most.Set(timers.Timer{Due: -market.Nanos(h.held), Number: uint64(n), Slot: n})
	default:
		t.most.Clear(n)
		t.ripening.Set(timers.Timer{Due: oldFrom(t.fences.Get(h.oldest).at), Number: uint64(n), Slot: n})
	}
}

// oldFrom is when a fence of an instant begins to be old.
func oldFrom(at int64) market.Nanos {
	return (market.Nanos(at)/fenceSlice + market.Nanos(youngSlices)) * fenceSlice
}

func (t *Fences) hasOld(h *holder, now market.Nanos) bool {
	return h.oldest != 0 && oldFrom(t.fences.Get(h.oldest).at) <= now
}

// at returns a holder with what has become old since taken off its young ones.
func (t *Fences) at(n uint32, now market.Nanos) *holder {
	t.holders.Grow(n + 1)
	h, slice := t.holders.Mut(n), int64(now/fenceSlice)
	h.young -= fade(h.slices[:], h.slice, slice)
	h.slice = slice
	return h
}

// Len returns how many fenced ids are remembered.
func (t *Fences) Len() uint32 { return t.fences.Live() }

// Forgotten returns when the newest fence was made that is not known any more: all
// made later are. 0: none was ever forgotten.
func (t *Fences) Forgotten() market.Nanos { return market.Nanos(t.holders.Get(0).forgotten) }

// Describe names the tables, which are there from a level on, and says how their
// records lie.
func (t *Fences) Describe(name string, level uint16) {
	t.index.Describe(name+".index", level)
	t.most.Describe(name+".most", level)
	t.ripening.Describe(name+".ripening", level)
	t.fences.Describe(slab.Shape{Name: name + ".fences", Layouts: []slab.Layout{
		{Level: level, Fields: "next 4, holder 4, hi 8, lo 8, at 8"},
	}})
	t.holders.Describe(slab.Shape{Name: name + ".holders", Layouts: []slab.Layout{
		{Level: level, Fields: "oldest 4, newest 4, held 4, young 4, slice 8, forgotten 8, slices 392"},
	}})
}

// Tables lists the slabs, for capture and restoration.
func (t *Fences) Tables() []slab.Table { return append(t.Records(), t.index.Tables()...) }

// Records lists what a state hash covers: all but the index, which is made of the
// fences. Who has ripened depends on what came when, and is covered.
func (t *Fences) Records() []slab.Table {
	tables := []slab.Table{t.fences, t.holders}
	return append(append(tables, t.most.Tables()...), t.ripening.Tables()...)
}

// SetCapacity sets the bound, after restoration.
func (t *Fences) SetCapacity(n uint32) { t.capacity = n }
