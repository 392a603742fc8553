package slab

import "unsafe"

// Pool is a slab whose records are allocated and freed. Numbers start at 1,
// so that 0 can mean "none"; record 0 holds the pool's own counters.
//
// A freed record's number is the next to be handed out (last in, first out),
// on every machine alike.
type Pool[T any] struct {
	Slab[T]
	generations bool
}

// poolHeader lies in record 0, so that it is hashed and captured with the
// records.
type poolHeader struct {
	free uint32 // the first free record, 0: none
	live uint32
}

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

// Alloc returns the number of a zeroed record (but for its generation).
func (p *Pool[T]) Alloc() uint32 {
	h := p.header()
	h.live++
	i := h.free
	if i == 0 {
		i = p.Append()
	}
	r := (*freeRecord)(unsafe.Pointer(p.Mut(i)))
	h.free, r.link = r.link, 0
	if p.generations {
		r.generation++
	}
	return i
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
	(*freeRecord)(unsafe.Pointer(p.Mut(i))).link = h.free
	h.free = i
	h.live--
}
