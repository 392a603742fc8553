// Package timers keeps the deadlines of orders: a binary heap in a slab,
// ordered by due time and then by the order's number, which no two share. So
// the sequence in which timers come due does not depend on how they got in.
package timers

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Timer is the deadline of one order.
type Timer struct {
	Due    market.Nanos
	Number uint64 // of the order, in order of acceptance
	Slot   uint32 // where the order lies
	_      uint32
}

func (t *Timer) before(o *Timer) bool {
	return t.Due < o.Due || (t.Due == o.Due && t.Number < o.Number)
}

// Heap is all timers. places[slot] is the position of the slot's timer in
// heap, which counts from 1; heap[0].Slot is the length.
type Heap struct {
	heap   *slab.Slab[Timer]
	places *slab.Slab[uint32]
}

// New returns an empty heap.
func New(alloc slab.Allocator) *Heap {
	h := &Heap{heap: slab.New[Timer](alloc), places: slab.New[uint32](alloc)}
	h.heap.Append()
	return h
}

// Len returns the number of timers.
func (h *Heap) Len() uint32 { return h.heap.Get(0).Slot }

// First returns the timer that is due first.
func (h *Heap) First() (Timer, bool) {
	if h.Len() == 0 {
		return Timer{}, false
	}
	return *h.heap.Get(1), true
}

// Due returns when the slot's timer is due, and whether it has one.
func (h *Heap) Due(slot uint32) (market.Nanos, bool) {
	if slot >= h.places.Len() || *h.places.Get(slot) == 0 {
		return 0, false
	}
	return h.heap.Get(*h.places.Get(slot)).Due, true
}

// Set gives the slot's order a timer, in place of the one it may have.
func (h *Heap) Set(t Timer) {
	h.Clear(t.Slot)
	n := h.Len() + 1
	h.heap.Mut(0).Slot = n
	h.heap.Grow(n + 1)
	h.places.Grow(t.Slot + 1)
	h.put(n, t)
	h.up(n)
}

// Clear takes the slot's timer away if it has one.
func (h *Heap) Clear(slot uint32) {
	if slot >= h.places.Len() {
		return
	}
	i := *h.places.Get(slot)
	if i == 0 {
		return
	}
	*h.places.Mut(slot) = 0
	n := h.Len()
	last := *h.heap.Get(n)
	*h.heap.Mut(n) = Timer{}
	h.heap.Mut(0).Slot = n - 1
	if i == n {
		return
	}
	h.put(i, last)
	h.up(i)
	h.down(*h.places.Get(last.Slot))
}

// Describe names the tables, which are there from a level on, and says how their
// records lie.
func (h *Heap) Describe(name string, level uint16) {
	h.heap.Describe(slab.Shape{Name: name + ".heap", Layouts: []slab.Layout{{Level: level, Fields: "Due 8, Number 8, Slot 4, _ 4"}}})
	h.places.Describe(slab.Shape{Name: name + ".places", Layouts: []slab.Layout{{Level: level, Fields: "place 4"}}})
}

// Tables lists the slabs, for hashing, capture and restoration.
func (h *Heap) Tables() []slab.Table { return []slab.Table{h.heap, h.places} }

func (h *Heap) put(i uint32, t Timer) {
	*h.heap.Mut(i) = t
	*h.places.Mut(t.Slot) = i
}

func (h *Heap) swap(i, j uint32) {
	a, b := *h.heap.Get(i), *h.heap.Get(j)
	h.put(i, b)
	h.put(j, a)
}

func (h *Heap) up(i uint32) {
	for ; i > 1 && h.heap.Get(i).before(h.heap.Get(i/2)); i /= 2 {
		h.swap(i, i/2)
	}
}

func (h *Heap) down(i uint32) {
	for n := h.Len(); 2*i <= n; {
		child := 2 * i
		if child < n && h.heap.Get(child+1).before(h.heap.Get(child)) {
			child++
		}
		if !h.heap.Get(child).before(h.heap.Get(i)) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
