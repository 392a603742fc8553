package slab

import (
	"errors"
	"unsafe"
)

// ErrNoMemory: an Allocator has no page left. It is a lack of the computer and
// says nothing of the state.
var ErrNoMemory = errors.New("no memory for a page of the state")

// Allocator hands out the memory of pages. The machine gets it from outside:
// the heap in tests, mapped huge pages in a node.
type Allocator interface {
	// Page returns size bytes, zeroed, aligned to at least 8, that hold no Go
	// pointers and stay where they are until Free. When there is no memory it
	// panics with an error that is ErrNoMemory: a machine that cannot apply
	// must stop, and nothing is wrong with what it was to apply.
	Page(size int) []byte
	// Free takes back a page that Page returned. It is called by the slab's
	// owner only, never while a View still reads the page.
	Free(page []byte)
}

// Heap is the Allocator on Go's heap. Free leaves the page to the collector.
type Heap struct{}

var _ Allocator = Heap{}

// Page implements Allocator. It allocates words, for the alignment.
func (Heap) Page(size int) []byte {
	words := make([]uint64, (size+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), size)
}

// Free implements Allocator.
func (Heap) Free([]byte) {}
