package slab

import (
	"fmt"
	"math/bits"
	"unsafe"
)

// minPage is the smallest page in bytes: 4 huge-page faults fewer for each
// step up, but a first write after a snapshot copies a whole page.
const minPage = 16 << 10

// maxRecords bounds a slab: record numbers are 32 bits and the last one is
// kept free so that a count fits as well.
const maxRecords = 1<<32 - 1

// page is what a slab knows of a page besides where it is.
type page struct {
	hash uint64
	// born is the slab's epoch when this copy of the page became its own:
	// views captured in it or later, while the page was there, hold this copy.
	born uint32
	// listed is the round in whose dirty list the page was put last: if it is
	// not clean and that is an earlier one, Freeze took it over.
	listed uint32
	// clean: hash is that of the bytes.
	clean bool
}

// table is all of a slab that does not depend on the record type.
type table struct {
	// mem is the page table, a slice by itself so that a capture is one copy.
	mem []unsafe.Pointer
	// own[i] is mem[i] while page i may be written to without further ado: no
	// view reads it, and it is on the dirty list. Else nil, which is all that
	// Mut checks.
	own   []unsafe.Pointer
	pages []page
	shift uint32 // records of a page = 1 << shift
	mask  uint32
	// n is the number of records: those with numbers below it exist.
	n uint32

	recordSize uintptr
	alloc      Allocator
	// pool: record 0 begins with the header of a Pool.
	pool bool

	// name and layouts describe the records, see Shape; force is one more than
	// the number of the layout that hashes and captures are made in, project
	// how records get into it, nil if it is the one in memory. scratch is a
	// page of it.
	name    string
	layouts []layout
	force   int
	project *plan
	scratch []byte

	// sum is the hash of all clean pages, see Hash; dirty lists those that were
	// written since the last Freeze, each once. frozen is the hash under way.
	sum    uint64
	dirty  []uint32
	round  uint32
	frozen frozen

	// epoch counts captures. views are those not yet seen to be released,
	// retired the page copies that only they hold.
	epoch   uint32
	views   []*View
	retired []retired
	// spare is the table of a released view, for the next one: new memory
	// costs more than the copy.
	spare []unsafe.Pointer
}

// retired is a page copy that the slab has replaced: views with
// born <= epoch < died hold it.
type retired struct {
	mem        unsafe.Pointer
	born, died uint32
}

func newTable(recordSize uintptr, alloc Allocator) table {
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) != 1 {
		panic("slab: needs a little-endian machine")
	}
	if recordSize == 0 {
		panic("slab: record type without a size")
	}
	if alloc == nil {
		alloc = Heap{}
	}
	shift := shiftOf(recordSize)
	return table{shift: shift, mask: 1<<shift - 1, recordSize: recordSize, alloc: alloc}
}

// shiftOf is the logarithm of how many records lie in a page.
func shiftOf(recordSize uintptr) uint32 {
	if recordSize >= minPage {
		return 0
	}
	return uint32(bits.Len64(uint64((minPage - 1) / recordSize)))
}

func (t *table) pageBytes() int { return int(t.recordSize) << t.shift }

// bytes returns the memory of a page.
func (t *table) bytes(mem unsafe.Pointer) []byte {
	return unsafe.Slice((*byte)(mem), t.pageBytes())
}

// Len returns the number of records, the free ones of a Pool included.
func (t *table) Len() uint32 { return t.n }

// Bytes returns the memory of all pages, those that only views hold included.
func (t *table) Bytes() int64 {
	return int64(len(t.pages)+len(t.retired)) * int64(t.pageBytes())
}

// Grow makes the records below n exist, zeroed; it never shrinks.
func (t *table) Grow(n uint32) {
	if n == maxRecords {
		panic("slab: out of record numbers")
	}
	for uint64(n) > uint64(len(t.pages))<<t.shift {
		t.addPage(unsafe.Pointer(unsafe.SliceData(t.alloc.Page(t.pageBytes()))))
	}
	t.n = max(t.n, n)
}

func (t *table) addPage(mem unsafe.Pointer) {
	t.mem = append(t.mem, mem)
	t.own = append(t.own, mem)
	t.pages = append(t.pages, page{born: t.epoch, listed: t.round})
	t.dirty = append(t.dirty, uint32(len(t.pages)-1))
}

// acquire makes the page of a record writable and returns it: it forgets the
// cached hash, gives the hash under way what it needs of the page, and leaves
// the copy that a view may read to the view.
func (t *table) acquire(record uint32) unsafe.Pointer {
	i := record >> t.shift
	p := &t.pages[i]
	if p.clean {
		t.sum -= weigh(i, p.hash)
	} else if t.isFrozen(p) {
		t.frozen.sum += weigh(i, t.hashPage(i))
	}
	if p.clean || p.listed != t.round {
		t.dirty = append(t.dirty, i)
	}
	if t.inUse(p) {
		mem := t.alloc.Page(t.pageBytes())
		copy(mem, t.bytes(t.mem[i]))
		t.retired = append(t.retired, retired{mem: t.mem[i], born: p.born, died: t.epoch})
		t.mem[i] = unsafe.Pointer(unsafe.SliceData(mem))
	}
	t.own[i] = t.mem[i]
	*p = page{born: t.epoch, listed: t.round}
	return t.own[i]
}

// inUse reports whether a view reads a page.
func (t *table) inUse(p *page) bool {
	if p.born == t.epoch {
		return false
	}
	t.reclaim()
	return t.held(p.born, t.epoch)
}

// held reports whether a view not known to be released was captured in the
// epochs born <= e < died.
func (t *table) held(born, died uint32) bool {
	for _, v := range t.views {
		if born <= v.epoch && v.epoch < died {
			return true
		}
	}
	return false
}

// reclaim forgets released views and frees the pages that only they held.
func (t *table) reclaim() {
	kept := t.views[:0]
	for _, v := range t.views {
		if !v.released.Load() {
			kept = append(kept, v)
		} else {
			t.spare, v.mem = v.mem, nil
		}
	}
	if len(kept) == len(t.views) {
		return
	}
	clear(t.views[len(kept):])
	t.views = kept
	still := t.retired[:0]
	for _, r := range t.retired {
		if t.held(r.born, r.died) {
			still = append(still, r)
		} else {
			t.alloc.Free(t.bytes(r.mem))
		}
	}
	t.retired = still
}

// projected returns the bytes of a page in the layout in force, good until the
// next call.
func (t *table) projected(i uint32) []byte {
	bytes := t.bytes(t.mem[i])
	if t.project == nil {
		return bytes
	}
	if want := int(t.project.to) << t.shift; len(t.scratch) != want {
		t.scratch = make([]byte, want)
	}
	t.project.apply(t.scratch, bytes, i)
	return t.scratch
}

// weigh ties a page's hash to its place.
func weigh(i uint32, hash uint64) uint64 { return Mix(hash, uint64(i)+1) }

// reset frees every page and forgets every record; views keep theirs, and the
// hash under way what it needs of them.
func (t *table) reset() {
	t.Advance(t.Waiting())
	for i, mem := range t.mem {
		if p := &t.pages[i]; t.inUse(p) {
			t.retired = append(t.retired, retired{mem: mem, born: p.born, died: t.epoch})
		} else {
			t.alloc.Free(t.bytes(mem))
		}
	}
	t.frozen.pages, t.frozen.next = nil, 0
	t.mem, t.own, t.pages, t.dirty = nil, nil, nil, nil
	t.sum, t.n = 0, 0
}

func (t *table) String() string {
	return fmt.Sprintf("slab of %d records in %d pages of %d bytes", t.n, len(t.pages), t.pageBytes())
}
