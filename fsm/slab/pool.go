package slab

import (
	"math"
	"unsafe"
)

// Pool is a slab whose records are allocated and freed. Numbers start at 1,
// so that 0 can mean "none"; record 0 holds the pool's own counters.
//
// A freed record's number is the next to be handed out (last in, first out),
// or, after ReuseOldestFirst, that of the record which has been free for
// longest: on every machine alike.
type Pool[T any] struct {
	Slab[T]
	generations, oldestFirst bool
}

// poolHeader lies in record 0, so that it is hashed and captured with the
// records.
type poolHeader struct {
	free uint32 // the free record that was freed last, 0: none
	live uint32
}

// queueHeader is what follows it in a pool that reuses the oldest first: the
// ends of the queue of free records. What lies on the list above is used first.
type queueHeader struct {
	poolHeader
	first, last uint32
}

// LastGeneration is the last life of a record in a pool that counts them and
// reuses the oldest first: a record that is freed in it is never used again,
// so that no reference ever means two things.
const LastGeneration = math.MaxUint32

// freeRecord is how a pool sees the beginning of a record.
type freeRecord struct {
	link       uint32 // the next free one
	generation uint32
}

// NewPool returns an empty pool. T has at least 8 bytes and begins with a
// uint32 that the free list uses while the record is free.
func NewPool[T any](alloc Allocator) *Pool[T] {
	p := &Pool[T]{Slab: *New[T](alloc)}
	if p.recordSize < unsafe.Sizeof(poolHeader{}) {
		panic("slab: record too small for a pool")
	}
	p.pool = true
	p.Grow(1)
	return p
}

// NewGenerationPool returns an empty pool that counts each record's lives: T's
// second uint32 is 1 in its first life, and one more in each that follows.
// It survives Free, so that an old reference can be told from a new one.
func NewGenerationPool[T any](alloc Allocator) *Pool[T] {
	p := NewPool[T](alloc)
	p.generations = true
	return p
}

func (p *Pool[T]) header() *poolHeader { return (*poolHeader)(unsafe.Pointer(p.Mut(0))) }

// Live returns the number of allocated records.
func (p *Pool[T]) Live() uint32 { return (*poolHeader)(unsafe.Pointer(p.Get(0))).live }

// ReuseOldestFirst makes the pool hand out free records in the order in which
// they were freed, and retire those whose generations are used up. What is free
// already goes first, as it would have. It is not part of the pool's state:
// whoever restores the pool says it again. Records have at least 16 bytes.
func (p *Pool[T]) ReuseOldestFirst() {
	if p.recordSize < unsafe.Sizeof(queueHeader{}) {
		panic("slab: record too small for a queue of free ones")
	}
	p.oldestFirst = true
}

// Alloc returns the number of a zeroed record (but for its generation).
func (p *Pool[T]) Alloc() uint32 {
	h := p.header()
	h.live++
	i := h.free
	for i != 0 && p.oldestFirst && p.usedUp(i) {
		i = (*freeRecord)(unsafe.Pointer(p.Get(i))).link
	}
	switch {
	case i != 0:
		h.free = p.take(i)
	case p.oldestFirst:
		h.free = 0
		return p.oldest((*queueHeader)(unsafe.Pointer(h)))
	default:
		i = p.Append()
		p.take(i)
	}
	return i
}

// oldest returns the record that has been free for longest, or a new one.
func (p *Pool[T]) oldest(q *queueHeader) uint32 {
	i := q.first
	if i == 0 {
		i = p.Append()
		p.take(i)
		return i
	}
	if q.first = p.take(i); q.first == 0 {
		q.last = 0
	}
	return i
}

// usedUp reports whether a record has had all its generations.
func (p *Pool[T]) usedUp(i uint32) bool {
	return p.generations && (*freeRecord)(unsafe.Pointer(p.Get(i))).generation == LastGeneration
}

// take begins a record's next life and returns the free one behind it.
func (p *Pool[T]) take(i uint32) (next uint32) {
	r := (*freeRecord)(unsafe.Pointer(p.Mut(i)))
	next, r.link = r.link, 0
	if p.generations {
		r.generation++
	}
	return next
}

// Free zeroes record i and takes it back. Freeing a free one is the caller's
// bug and corrupts the pool; record 0 panics.
func (p *Pool[T]) Free(i uint32) {
	r := p.Mut(i)
	generation := (*freeRecord)(unsafe.Pointer(r)).generation
	*r = *new(T)
	if p.generations {
		(*freeRecord)(unsafe.Pointer(r)).generation = generation
	}
	p.FreeZeroed(i)
}

// FreeZeroed takes back a record that its owner has zeroed already (but for
// its generation).
func (p *Pool[T]) FreeZeroed(i uint32) {
	if i == 0 {
		panic("slab: record 0 is the pool's own")
	}
	h := p.header()
	h.live--
	r := (*freeRecord)(unsafe.Pointer(p.Mut(i)))
	if !p.oldestFirst {
		r.link, h.free = h.free, i
		return
	}
	if p.usedUp(i) {
		return
	}
	q := (*queueHeader)(unsafe.Pointer(h))
	if q.first == 0 {
		q.first = i
	} else {
		(*freeRecord)(unsafe.Pointer(p.Mut(q.last))).link = i
	}
	q.last = i
}
