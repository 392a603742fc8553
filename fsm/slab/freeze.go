package slab

import "unsafe"

// frozen is a hash under way: of the table as it was at Freeze, while the owner
// goes on writing. A page that is written before its turn is hashed right
// before, which costs less than a copy and no memory.
type frozen struct {
	sum   uint64 // of the pages hashed so far
	n     uint32
	pages []uint32 // those that were dirty; from next on they wait
	next  int
}

// Freeze begins a hash of all records as they are now: see Advance and Frozen.
// It costs a few bytes a page. One that is under way is finished first.
func (t *table) Freeze() {
	t.Advance(len(t.frozen.pages))
	f := &t.frozen
	f.pages, t.dirty = t.dirty, f.pages[:0]
	f.sum, f.n, f.next = t.sum, t.n, 0
	t.round++
	clear(t.own)
}

// isFrozen reports whether the hash under way still needs a page.
func (t *table) isFrozen(p *page) bool { return !p.clean && p.listed != t.round }

// Advance hashes at most so many pages for the hash under way, and returns how
// many it has hashed or found done.
func (t *table) Advance(pages int) int {
	f := &t.frozen
	from := f.next
	for ; f.next < len(f.pages) && f.next-from < pages; f.next++ {
		i := f.pages[f.next]
		p := &t.pages[i]
		if !t.isFrozen(p) {
			continue // hashed when it was written to
		}
		p.hash, p.clean = t.hashPage(i), true
		share := weigh(i, p.hash)
		t.sum += share
		f.sum += share
	}
	return f.next - from
}

// Waiting returns how many pages the hash under way has to look at yet.
func (t *table) Waiting() int { return len(t.frozen.pages) - t.frozen.next }

// Frozen returns the hash of all records as they were at Freeze, once none
// waits.
//
// It is Σ weigh(i, XXH64(page i)) over all pages, mod 2^64, with the number of
// records mixed in. A sum, so that one page's share can be replaced.
func (t *table) Frozen() uint64 { return Mix(t.frozen.sum, uint64(t.frozen.n)) }

// Hash returns the hash of all records now: it reads the pages written since
// the last one and no others.
func (t *table) Hash() uint64 {
	t.Freeze()
	t.Advance(t.Waiting())
	return t.Frozen()
}

func (t *table) hashPage(i uint32) uint64 { return HashBytes(0, t.projected(i)) }

// rest is what a view needs to finish the hash that was under way when it was
// captured: the pages that it waited for are as they were at Freeze.
type rest struct {
	sum   uint64
	n     uint32
	pages []uint32
}

func (t *table) rest() rest {
	r := rest{sum: t.frozen.sum, n: t.frozen.n, pages: make([]uint32, 0, t.Waiting())}
	for _, i := range t.frozen.pages[t.frozen.next:] {
		if t.isFrozen(&t.pages[i]) {
			r.pages = append(r.pages, i)
		}
	}
	return r
}

// Frozen returns what the table's Frozen would have returned in the end.
func (v *View) Frozen() uint64 {
	sum := v.rest.sum
	var projected []byte
	for _, i := range v.rest.pages {
		page := unsafe.Slice((*byte)(v.mem[i]), v.pageBytes)
		if v.project != nil {
			if projected == nil {
				projected = make([]byte, v.projectedBytes())
			}
			v.project.apply(projected, page, i)
			page = projected
		}
		sum += weigh(i, HashBytes(0, page))
	}
	return Mix(sum, uint64(v.rest.n))
}
