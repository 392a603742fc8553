package slab_test

import (
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// alloc takes n records.
func alloc(p *slab.Pool[record], n int) (out []uint32) {
	for range n {
		out = append(out, p.Alloc())
	}
	return out
}

func free(p *slab.Pool[record], records ...uint32) {
	for _, i := range records {
		p.Free(i)
	}
}

// Free records come again in the order in which they were freed, once those
// that were free before are used up, last in, first out, as they would have
// been.
func TestReuseOldestFirst(t *testing.T) {
	p := slab.NewGenerationPool[record](nil)
	alloc(p, 6)
	free(p, 2, 5)
	p.ReuseOldestFirst()
	free(p, 4, 1, 6)
	if got, want := alloc(p, 4), []uint32{5, 2, 4, 1}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	free(p, 3)
	if got, want := alloc(p, 3), []uint32{6, 3, 7}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if p.Live() != 7 {
		t.Fatalf("%d live, want 7", p.Live())
	}
}

// A record is used up to its last generation, and then never again, so that no
// reference ever comes to mean another: before, the first came again after 2^32
// lives.
func TestLastGeneration(t *testing.T) {
	for _, c := range []struct {
		name  string
		lives uint32 // had when it is freed
		again uint32
	}{
		{"one before the last", slab.LastGeneration - 1, 1},
		{"the last", slab.LastGeneration, 2},
	} {
		for _, early := range []bool{false, true} {
			p := slab.NewGenerationPool[record](nil)
			p.Alloc()
			p.Mut(1).generation = c.lives
			if !early {
				p.ReuseOldestFirst()
			}
			p.Free(1)
			p.ReuseOldestFirst()
			i := p.Alloc()
			if i != c.again || p.Get(i).generation == 0 || p.Live() != 1 {
				t.Errorf("%s, freed early %t: got record %d in generation %d", c.name, early, i, p.Get(i).generation)
			}
		}
	}
}
