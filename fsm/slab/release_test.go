package slab_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// An index that is swept finds every record that is there, and its dead entries
// do not pile up: buckets that are used are clean.
func TestInsertSweeping(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		x, alive := slab.NewIndex(nil), uint32(0) // records below alive are gone
		gone := func(r uint32) bool { return r < alive }
		hash := func(r uint32) uint64 { return slab.Mix(1, uint64(r%1000)) } // some share one
		next := uint32(0)
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			for range rapid.IntRange(0, 400).Draw(rt, "records") {
				x.InsertSweeping(hash(next), next, gone)
				next++
			}
			alive += rapid.Uint32Range(0, (next-alive)).Draw(rt, "gone")
			for r := alive; r < next; r++ {
				if _, ok := x.Find(hash(r), func(got uint32) bool { return got == r }); !ok {
					rt.Fatalf("record %d of %d … %d is not found", r, alive, next-1)
				}
			}
			if x.Len() < next-alive {
				rt.Fatalf("%d entries for %d records", x.Len(), next-alive)
			}
		}
	})
	x, alive := slab.NewIndex(nil), uint32(0)
	for r := range uint32(200_000) {
		alive = max(r, 10_000) - 10_000
		x.InsertSweeping(slab.Mix(1, uint64(r)), r, func(r uint32) bool { return r < alive })
	}
	if got := x.Len(); got > 15_000 {
		t.Errorf("%d entries for 10,000 records", got)
	}
}

// A released table is empty, has its memory back, and is as good as new; a view
// still reads what it captured.
func TestRelease(t *testing.T) {
	alloc := &counting{}
	s, p, x := slab.New[uint64](alloc), slab.NewPool[uint64](alloc), slab.NewIndex(alloc)
	fresh := alloc.out
	for i := range uint32(10_000) {
		*s.Mut(s.Append()) = uint64(i)
		*p.Mut(p.Alloc()) = uint64(i)
		x.Insert(uint64(i), i)
	}
	view := s.Capture()
	held := alloc.out
	s.Release()
	p.Release()
	x.Release()
	if s.Len() != 0 || p.Live() != 0 || x.Len() != 0 || alloc.out >= held {
		t.Errorf("%d records, %d pages of %d", s.Len()+p.Live()+x.Len(), alloc.out, held)
	}
	view.Release()
	s.Capture().Release()
	if alloc.out != fresh {
		t.Errorf("%d pages are out, want %d", alloc.out, fresh)
	}
	if n := p.Alloc(); n != 1 || s.Append() != 0 {
		t.Errorf("the first record of a released pool is %d", n)
	}
}
