package slab_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// A hash that is taken in shares, while records are written, allocated, freed
// and captured, is the hash of the moment when it was begun; and so is the one
// that a view finishes which was captured under way.
func TestFrozenHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at, twin := newPeople(), newPeople() // twin is hashed at once
		if rapid.Bool().Draw(t, "new level") {
			at.Enter(2)
			twin.Enter(2)
		}
		var want uint64
		under := false
		var views []*slab.View
		for range rapid.IntRange(10, 200).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"write", "write", "write", "write", "freeze", "advance", "capture", "release", "alloc", "drop"}).Draw(t, "step") {
			case "write":
				i, v := rapid.Uint32Range(1, people).Draw(t, "record"), rapid.Uint64().Draw(t, "value")
				at.Mut(i).money, twin.Mut(i).money = v, v
			case "drop":
				if rapid.IntRange(0, 5).Draw(t, "really") == 0 {
					at.Release()
					twin.Release()
					for range people {
						at.Alloc()
						twin.Alloc()
					}
				}
			case "alloc":
				for range 600 {
					at.Alloc()
					twin.Alloc()
				}
			case "freeze":
				at.Freeze()
				want, under = twin.Hash(), true
			case "advance":
				at.Advance(rapid.IntRange(1, 3).Draw(t, "pages"))
			case "capture":
				v := at.Capture()
				views = append(views, v)
				if under && v.Frozen() != want {
					t.Fatal("a view finished another hash")
				}
			case "release":
				if len(views) > 0 {
					views[0].Release()
					views = views[1:]
				}
			}
		}
		if under {
			for at.Waiting() > 0 {
				at.Advance(1)
			}
			if at.Frozen() != want {
				t.Fatal("the shares add up to another hash")
			}
		}
		if at.Hash() != twin.Hash() {
			t.Fatal("the next hash is another")
		}
	})
}

// What a share costs is bounded: it hashes no more pages than it is given.
func TestAdvanceIsBounded(t *testing.T) {
	p := slab.New[[1 << 14]byte](nil)
	for range 100 {
		p.Append()
	}
	p.Freeze()
	if p.Waiting() != 100 || p.Advance(30) != 30 || p.Waiting() != 70 || p.Advance(100) != 70 || p.Waiting() != 0 {
		t.Errorf("%d pages wait", p.Waiting())
	}
	var b bytes.Buffer
	v := p.Capture()
	if _, err := v.WriteTo(&b); err != nil || v.Frozen() != p.Frozen() {
		t.Errorf("a view of a table without a hash under way: %v", err)
	}
}
