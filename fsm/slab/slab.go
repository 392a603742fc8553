package slab

import "unsafe"

// Slab is a growing table of records of type T, see the package's rules for T.
// Make one with New.
type Slab[T any] struct{ table }

// New returns an empty slab whose pages come from alloc; nil is the heap.
func New[T any](alloc Allocator) *Slab[T] {
	var record T
	return &Slab[T]{newTable(unsafe.Sizeof(record), alloc)}
}

// Get returns record i for reading. It panics unless the record's page exists.
func (s *Slab[T]) Get(i uint32) *T {
	return (*T)(unsafe.Add(s.mem[i>>(s.shift&31)], uintptr(i&s.mask)*unsafe.Sizeof(*new(T))))
}

// Mut returns record i for writing. It panics unless the record's page exists.
func (s *Slab[T]) Mut(i uint32) *T {
	mem := s.own[i>>(s.shift&31)]
	if mem == nil {
		mem = s.acquire(i)
	}
	return (*T)(unsafe.Add(mem, uintptr(i&s.mask)*unsafe.Sizeof(*new(T))))
}

// Touch makes record i writable through the pointer that Get returns next:
// Touch and Get are Mut, but the compiler inlines them. For hot paths only.
func (s *Slab[T]) Touch(i uint32) {
	if s.own[i>>(s.shift&31)] == nil {
		s.acquire(i)
	}
}

// Record returns an empty record, for tests that look at its type.
func (s *Slab[T]) Record() any { return *new(T) }

// Append adds a zeroed record and returns its number.
func (s *Slab[T]) Append() uint32 {
	i := s.n
	s.Grow(i + 1)
	return i
}
