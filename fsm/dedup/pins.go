package dedup

import (
	"github.com/rialto-exchange/rialto/fsm/internal/timers"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Pins remembers the ids of commands that their client still allows to execute
// after MinAge (valid_until), until then: a repeat must be known as one, however
// many newer ids there are. Each is charged to its participant and dropped by
// itself when it is due, so that they pin no generation of the others.
type Pins struct {
	pins  *slab.Pool[pin]
	index *slab.Index
	due   *timers.Heap
}

type pin struct {
	//lint:ignore U1000 the pool reads and writes it while the record is free
	link        uint32 // the pool's
	participant uint32
	hi, lo      uint64
	digest      uint64
	first       uint64
}

// NewPins returns an empty table.
func NewPins(alloc slab.Allocator) *Pins {
	return &Pins{pins: slab.NewPool[pin](alloc), index: slab.NewIndex(alloc), due: timers.New(alloc)}
}

// Find returns what is known of an id.
func (t *Pins) Find(k Key) (Record, bool) {
	i, ok := t.index.Find(k.Lo, func(i uint32) bool {
		p := t.pins.Get(i)
		return p.lo == k.Lo && p.hi == k.Hi
	})
	if !ok {
		return Record{}, false
	}
	p := t.pins.Get(i)
	return Record{p.digest, market.Sequence(p.first)}, true
}

// Add remembers an id of a participant until due.
func (t *Pins) Add(k Key, r Record, participant uint32, due market.Nanos) {
	i := t.pins.Alloc()
	p := t.pins.Mut(i)
	p.participant, p.hi, p.lo, p.digest, p.first = participant, k.Hi, k.Lo, r.Digest, uint64(r.First)
	t.index.Insert(k.Lo, i)
	t.due.Set(timers.Timer{Due: due, Number: uint64(r.First), Slot: i})
}

// Drop forgets one id that is due, if there is one, and says whose it was.
func (t *Pins) Drop(now market.Nanos) (participant uint32, dropped bool) {
	first, ok := t.due.First()
	if !ok || first.Due >= now {
		return 0, false
	}
	p := *t.pins.Get(first.Slot)
	t.due.Clear(first.Slot)
	t.index.Delete(p.lo, first.Slot)
	t.pins.Free(first.Slot)
	return p.participant, true
}

// Len returns how many ids are pinned.
func (t *Pins) Len() uint32 { return t.pins.Live() }

// Describe names the tables, which are there from a level on, and says how their
// records lie.
func (t *Pins) Describe(name string, level uint16) {
	t.index.Describe(name+".index", level)
	t.due.Describe(name+".due", level)
	t.pins.Describe(slab.Shape{Name: name + ".pins", Layouts: []slab.Layout{
		{Level: level, Fields: "link 4, participant 4, hi 8, lo 8, digest 8, first 8"},
	}})
}

// Tables lists the slabs, for capture and restoration.
func (t *Pins) Tables() []slab.Table {
	return append(append(t.index.Tables(), t.due.Tables()...), t.pins)
}

// Records lists what a state hash covers: the pins, and while there are some,
// when each is due, which is in none of them. The index is made of the pins.
func (t *Pins) Records() []slab.Table {
	if t.pins.Live() == 0 {
		return []slab.Table{t.pins}
	}
	return append([]slab.Table{t.pins}, t.due.Tables()...)
}
