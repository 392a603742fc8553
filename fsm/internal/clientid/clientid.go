// Package clientid finds orders by the ids that clients gave them.
//
// A client order id belongs to its order while the order is open, and for the
// window of package dedup after it closed: until then it is not free again.
// Only closed orders' ids queue to be forgotten; those of open orders are
// bounded by the open orders.
package clientid

import (
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Ref names an entry while its order is open. 0 is none.
type Ref uint32

type record struct {
	next   uint32 // towards the newest closed one
	_      uint32
	hi, lo uint64
	order  uint64
	closed int64 // when; 0 = open
}

type queue struct{ oldest, newest, length, _ uint32 }

// Table is the client order ids in use.
type Table struct {
	records  *slab.Pool[record]
	index    *slab.Index
	queue    *slab.Slab[queue]
	capacity uint32
}

// New returns an empty table that keeps at most capacity ids of closed orders.
func New(alloc slab.Allocator, capacity uint32) *Table {
	t := &Table{
		records: slab.NewPool[record](alloc), index: slab.NewIndex(alloc),
		queue: slab.New[queue](alloc), capacity: capacity,
	}
	t.queue.Append()
	return t
}

// Find returns the order that the id belongs to.
func (t *Table) Find(k dedup.Key) (market.OrderID, bool) {
	i, ok := t.index.Find(k.Lo, func(i uint32) bool {
		r := t.records.Get(i)
		return r.lo == k.Lo && r.hi == k.Hi
	})
	if !ok {
		return 0, false
	}
	return market.OrderID(t.records.Get(i).order), true
}

// Add gives a free id to an open order.
func (t *Table) Add(k dedup.Key, order market.OrderID) Ref {
	i := t.records.Alloc()
	r := t.records.Mut(i)
	r.hi, r.lo, r.order = k.Hi, k.Lo, uint64(order)
	t.index.Insert(k.Lo, i)
	return Ref(i)
}

// Close begins the window of an id: its order closed or has another id now.
// Ids that closed less than minAge ago are kept, also beyond the capacity:
// there are never more of those than orders that were open then.
func (t *Table) Close(ref Ref, now, minAge market.Nanos) {
	if ref == 0 {
		return
	}
	t.forget(now, minAge)
	i := uint32(ref)
	r := t.records.Mut(i)
	r.closed, r.next = int64(now), 0
	q := t.queue.Mut(0)
	if q.newest == 0 {
		q.oldest = i
	} else {
		t.records.Mut(q.newest).next = i
	}
	q.newest = i
	q.length++
}

// forget drops the oldest ids whose window has passed or whose place is
// needed: at most two, for each one that is added.
func (t *Table) forget(now, minAge market.Nanos) {
	for range 2 {
		q := t.queue.Get(0)
		if q.oldest == 0 {
			return
		}
		r := t.records.Get(q.oldest)
		if q.length < t.capacity && r.closed+int64(dedup.Window) > int64(now) {
			return
		}
		if minAge > 0 && r.closed+int64(minAge) >= int64(now) {
			return
		}
		t.drop(q.oldest)
	}
}

func (t *Table) drop(i uint32) {
	r := t.records.Get(i)
	lo, next := r.lo, r.next
	q := t.queue.Mut(0)
	q.oldest = next
	if next == 0 {
		q.newest = 0
	}
	q.length--
	t.index.Delete(lo, i)
	t.records.Free(i)
}

// Describe names the tables, and says how their records lie.
func (t *Table) Describe(name string) {
	t.index.Describe(name+".index", 1)
	t.records.Describe(slab.Shape{Name: name + ".records", Layouts: []slab.Layout{
		{Level: 1, Fields: "next 4, _ 4, hi 8, lo 8, order 8, closed 8"},
	}})
	t.queue.Describe(slab.Shape{Name: name + ".queue", Layouts: []slab.Layout{
		{Level: 1, Fields: "oldest 4, newest 4, length 4, _ 4"},
	}})
}

// Tables lists the slabs, for capture and restoration.
func (t *Table) Tables() []slab.Table { return append(t.index.Tables(), t.Records()...) }

// Records lists those that the index is made of: what a state hash covers.
// Keys are random, so that new ones write all over a big index; hashing it
// every few thousand entries would stall the venue for milliseconds.
func (t *Table) Records() []slab.Table { return []slab.Table{t.records, t.queue} }

// SetCapacity sets the bound, after restoration.
func (t *Table) SetCapacity(n uint32) { t.capacity = n }
