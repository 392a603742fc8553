// Package hugepages gives the machine's tables their memory outside of Go's heap,
// in huge pages where the kernel has them: the collector finds nothing there,
// and a killed process gives it back at once.
package hugepages

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// chunkBytes is a huge page. All tables share the last one, so that a small
// venue's state takes few of them.
const chunkBytes = 2 << 20

// Store is the memory of one machine. Its pages stay until all who hold it have
// let go, and are then given back together. It implements slab.Allocator.
type Store struct {
	mu      sync.Mutex
	regions [][]byte         // what was reserved of the address space
	fresh   []byte           // what no chunk was cut from, of the last one
	next    []byte           // the chunk after rest, which has been touched
	rest    []byte           // what is left of the chunk in use
	free    map[int][][]byte // pages that were given back, by size
	used    int64
	chunks  int64 // that were touched
	holds   atomic.Int64
	touches sync.WaitGroup
}

var _ slab.Allocator = (*Store)(nil)

// New returns an empty store that is held once.
func New() *Store {
	s := &Store{free: map[int][][]byte{}}
	s.holds.Store(1)
	return s
}

// Page implements slab.Allocator. A page is at most a chunk.
func (s *Store) Page(size int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds.Load() < 1 || size > chunkBytes {
		panic(fmt.Sprintf("hugepages: a page of %d bytes is wanted of a store with %d holders", size, s.holds.Load()))
	}
	s.used += int64(size)
	if back := s.free[size]; len(back) > 0 {
		page := back[len(back)-1]
		s.free[size] = back[:len(back)-1]
		clear(page)
		return page
	}
	stride := (size + 7) &^ 7
	if len(s.rest) < stride {
		s.grow()
	}
	page := s.rest[:size:size]
	s.rest = s.rest[stride:]
	return page
}

// grow begins the next chunk, and has the one after it touched: the kernel
// zeroes two megabytes then, which is not to happen while an entry waits.
func (s *Store) grow() {
	if s.rest = s.next; s.rest == nil {
		s.rest = s.cut()
	}
	next := s.cut()
	s.next = next
	s.touches.Go(func() { touch(next) })
}

// cut returns the next chunk of the address space.
func (s *Store) cut() []byte {
	if len(s.fresh) == 0 {
		whole, region, err := reserve()
		if err != nil {
			panic(fmt.Errorf("%w: %w", slab.ErrNoMemory, err))
		}
		s.regions = append(s.regions, whole)
		s.fresh = region
	}
	chunk := s.fresh[:chunkBytes:chunkBytes]
	s.fresh = s.fresh[chunkBytes:]
	s.chunks++
	return chunk
}

// Free implements slab.Allocator. The page is kept for the next of its size.
func (s *Store) Free(page []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= int64(len(page))
	s.free[len(page)] = append(s.free[len(page)], page)
}

// Hold keeps the pages for somebody who reads them; Release undoes it once. Of
// no store, nil, both do nothing.
func (s *Store) Hold() {
	if s != nil {
		s.holds.Add(1)
	}
}

// Release lets go. The last one gives everything back to the kernel: nobody may
// read a page after it.
func (s *Store) Release() {
	if s == nil || s.holds.Add(-1) > 0 {
		return
	}
	s.touches.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, region := range s.regions {
		_ = giveBack(region) // what could not be unmapped stays, and harms nobody
	}
	s.regions, s.fresh, s.next, s.rest, s.free = nil, nil, nil, nil, nil
	s.used, s.chunks = 0, 0
}

// Size says how many bytes are in use, and how many were taken from the kernel
// for them.
func (s *Store) Size() (used, taken int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used, s.chunks * chunkBytes
}
