// Package dedup (no promise) remembers which command ids were used, and where
// their outcome lies, so that a command takes effect at most once in the window.
//
// An id is kept until its deadline, and beyond it for the window's length in
// venue time or until newer ids need its place, whichever comes first. Ids are
// kept in one queue by age; a table that is full of ids that are not due
// refuses new ones rather than forget one.
//
// That is Table, of the first feature level. Above it ids are in Recent, also in
// Pins if their client lets them execute for longer, and in Fences if they never
// may.
package dedup

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Window is how long an id is kept at most beyond its deadline: 24 hours of
// venue time.
const Window = market.Nanos(24 * 3600 * 1e9)

// turns is how many undue ids at the head of a full queue are sent to its end
// in search of a due one: ids with a far deadline do not stop the rest.
const turns = 8

// Key is the first 128 bits of SHA-256 over owner, 0x00, id: who chooses ids
// cannot make two of them meet.
type Key struct{ Hi, Lo uint64 }

// KeyOf returns the key of an id of an owner (a participant).
func KeyOf(owner, id string) Key {
	var buf [2*market.MaxIDLength + 1]byte
	text := append(append(append(buf[:0], owner...), 0), id...)
	sum := sha256.Sum256(text)
	return Key{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
}

// Record is what is known of a used id.
type Record struct {
	Digest uint64
	// First is the first sequence of the outcome; 0: the id was fenced.
	First market.Sequence
}

// Fenced reports whether the id was settled as never to be executed.
func (r Record) Fenced() bool { return r.First == 0 }

type record struct {
	next   uint32 // towards the newest
	_      uint32
	hi, lo uint64
	digest uint64
	first  uint64
	due    int64 // not forgotten before
	at     int64
}

// queue lies in a slab of its own record, so that it is captured and hashed
// with the rest.
type queue struct{ oldest, newest uint32 }

// Table is the ids in the window.
type Table struct {
	records  *slab.Pool[record]
	index    *slab.Index
	queue    *slab.Slab[queue]
	capacity uint32
}

// New returns an empty table for at most capacity ids.
func New(alloc slab.Allocator, capacity uint32) *Table {
	t := &Table{
		records: slab.NewPool[record](alloc), index: slab.NewIndex(alloc),
		queue: slab.New[queue](alloc), capacity: capacity,
	}
	t.queue.Append()
	return t
}

// Find returns what is known of an id.
func (t *Table) Find(k Key) (Record, bool) {
	i, ok := t.find(k)
	if !ok {
		return Record{}, false
	}
	r := t.records.Get(i)
	return Record{r.digest, market.Sequence(r.first)}, true
}

func (t *Table) find(k Key) (uint32, bool) {
	return t.index.Find(k.Lo, func(i uint32) bool {
		r := t.records.Get(i)
		return r.lo == k.Lo && r.hi == k.Hi
	})
}

// Forget drops the ids whose window has passed: at most two, called once for
// each new id, so that the table shrinks and no command pays for many.
func (t *Table) Forget(now market.Nanos) {
	for range 2 {
		i := t.queue.Get(0).oldest
		if i == 0 {
			return
		}
		if r := t.records.Get(i); max(r.at, r.due)+int64(Window) > int64(now) || r.due >= int64(now) {
			return
		}
		t.drop(i)
	}
}

// Room makes room for one more id and reports whether there is: not if the
// table is full of ids that are not due at now.
func (t *Table) Room(now market.Nanos) bool {
	for range turns {
		if t.records.Live() < t.capacity {
			return true
		}
		i := t.queue.Get(0).oldest
		if t.records.Get(i).due < int64(now) {
			t.drop(i)
			continue
		}
		t.unlinkOldest()
		t.append(i)
	}
	return t.records.Live() < t.capacity
}

// Add remembers an id; Find found it not, and Room said yes.
func (t *Table) Add(k Key, r Record, now, due market.Nanos) {
	i := t.records.Alloc()
	p := t.records.Mut(i)
	p.hi, p.lo, p.digest, p.first = k.Hi, k.Lo, r.Digest, uint64(r.First)
	p.at, p.due = int64(now), int64(due)
	t.index.Insert(k.Lo, i)
	t.append(i)
}

// Len returns how many ids are remembered.
func (t *Table) Len() uint32 { return t.records.Live() }

// Oldest returns when the oldest remembered id was used, 0 if there is none.
func (t *Table) Oldest() market.Nanos {
	if i := t.queue.Get(0).oldest; i != 0 {
		return market.Nanos(t.records.Get(i).at)
	}
	return 0
}

// Describe names the tables, and says how their records lie.
func (t *Table) Describe(name string) {
	t.index.Describe(name+".index", 1)
	t.records.Describe(slab.Shape{Name: name + ".records", Layouts: []slab.Layout{
		{Level: 1, Fields: "next 4, _ 4, hi 8, lo 8, digest 8, first 8, due 8, at 8"},
	}})
	t.queue.Describe(slab.Shape{Name: name + ".queue", Layouts: []slab.Layout{{Level: 1, Fields: "oldest 4, newest 4"}}})
}

// Tables lists the slabs, for capture and restoration.
func (t *Table) Tables() []slab.Table { return append(t.index.Tables(), t.Records()...) }

// Records lists those that the index is made of: what a state hash covers.
// Keys are random, so that new ones write all over a big index; hashing it
// every few thousand entries would stall the venue for milliseconds.
func (t *Table) Records() []slab.Table { return []slab.Table{t.records, t.queue} }

func (t *Table) append(i uint32) {
	q := t.queue.Mut(0)
	t.records.Mut(i).next = 0
	if q.newest == 0 {
		q.oldest = i
	} else {
		t.records.Mut(q.newest).next = i
	}
	q.newest = i
}

func (t *Table) unlinkOldest() {
	q := t.queue.Mut(0)
	q.oldest = t.records.Get(q.oldest).next
	if q.oldest == 0 {
		q.newest = 0
	}
}

func (t *Table) drop(i uint32) {
	t.unlinkOldest()
	t.index.Delete(t.records.Get(i).lo, i)
	t.records.Free(i)
}

// SetCapacity sets the bound, after restoration.
func (t *Table) SetCapacity(n uint32) { t.capacity = n }

// ForgetDue drops one id that is due, whatever its window, because its place
// is needed, and reports whether it found one.
func (t *Table) ForgetDue(now market.Nanos) bool {
	for range turns {
		i := t.queue.Get(0).oldest
		if i == 0 {
			return false
		}
		if t.records.Get(i).due < int64(now) {
			t.drop(i)
			return true
		}
		t.unlinkOldest()
		t.append(i)
	}
	return false
}

// Vacate gives the memory of a table back that has forgotten everything.
func (t *Table) Vacate() {
	if t.records.Live() > 0 || t.records.Len() == 1 {
		return
	}
	t.records.Release()
	t.index.Release()
}
