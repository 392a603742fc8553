package slab_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// record is a typical one: 16 bytes, free-list word first.
type record struct {
	link, generation uint32
	value            uint64
}

// A pool behaves like a map from live numbers to values under any calls, with
// captures that keep showing what they captured, hashes that equal those of a
// restored copy, and numbers that a second pool hands out alike.
func TestPoolAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := slab.NewGenerationPool[record](nil), slab.NewGenerationPool[record](nil)
		model := map[uint32]uint64{}
		var live []uint32
		type capture struct {
			view *slab.View
			hash uint64
		}
		var captures []capture
		if rapid.Bool().Draw(t, "oldest first from the beginning") {
			a.ReuseOldestFirst()
			b.ReuseOldestFirst()
		}
		for range rapid.IntRange(1, 3000).Draw(t, "steps") {
			switch op := rapid.IntRange(0, 99).Draw(t, "op"); {
			case op == 49:
				a.ReuseOldestFirst()
				b.ReuseOldestFirst()
			case op < 50 || len(live) == 0:
				i := a.Alloc()
				if j := b.Alloc(); j != i {
					t.Fatalf("pools differ: %d, %d", i, j)
				}
				if _, taken := model[i]; taken || i == 0 || a.Get(i).value != 0 || a.Get(i).link != 0 {
					t.Fatalf("Alloc() = %d, live or not zeroed", i)
				}
				model[i] = uint64(i) * 3
				a.Mut(i).value, b.Mut(i).value = model[i], model[i]
				live = append(live, i)
			case op < 75:
				k := rapid.IntRange(0, len(live)-1).Draw(t, "victim")
				i := live[k]
				before := a.Get(i).generation
				a.Free(i)
				b.Free(i)
				delete(model, i)
				live[k] = live[len(live)-1]
				live = live[:len(live)-1]
				if got := a.Get(i).generation; got != before {
					t.Fatalf("generation after Free = %d, want %d", got, before)
				}
			case op < 95:
				i := live[rapid.IntRange(0, len(live)-1).Draw(t, "target")]
				model[i]++
				a.Mut(i).value++
				b.Touch(i)
				b.Get(i).value++
			case op < 97:
				captures = append(captures, capture{a.Capture(), a.Hash()})
			case op < 98 && len(captures) > 0:
				captures[0].view.Release()
				captures = captures[1:]
			default:
				if a.Hash() != b.Hash() {
					t.Fatal("hashes differ after the same calls")
				}
			}
		}
		for i, want := range model {
			if got := a.Get(i).value; got != want {
				t.Fatalf("record %d = %d, want %d", i, got, want)
			}
		}
		if a.Live() != uint32(len(model)) {
			t.Fatalf("Live() = %d, want %d", a.Live(), len(model))
		}
		captures = append(captures, capture{a.Capture(), a.Hash()})
		for _, c := range captures {
			var buf bytes.Buffer
			if _, err := c.view.WriteTo(&buf); err != nil {
				t.Fatal(err)
			}
			restored := slab.NewGenerationPool[record](nil)
			if _, err := restored.ReadFrom(&buf); err != nil {
				t.Fatal(err)
			}
			if buf.Len() != 0 || restored.Hash() != c.hash {
				t.Fatalf("restored hash %x, want %x; %d bytes left", restored.Hash(), c.hash, buf.Len())
			}
		}
	})
}

// An index finds what a map finds, also with hashes that collide.
func TestIndexAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := slab.NewIndex(nil)
		model := map[uint64]uint32{}
		spread := rapid.Uint64Range(1, 1<<40).Draw(t, "spread")
		keys := rapid.Uint64Range(1, 500).Draw(t, "keys")
		hash := func(key uint64) uint64 { return slab.Mix(0, key) % spread }
		key := make([]uint64, 1, 5000) // by record
		for range rapid.IntRange(1, 2000).Draw(t, "steps") {
			k := rapid.Uint64Range(0, keys).Draw(t, "key")
			r, found := x.Find(hash(k), func(r uint32) bool { return key[r] == k })
			if want, in := model[k]; in != found || r != want {
				t.Fatalf("Find(%d) = %d, %v, want %d, %v", k, r, found, want, in)
			}
			if found {
				if !x.Delete(hash(k), r) || x.Delete(hash(k), r) {
					t.Fatal("Delete did not delete once")
				}
				delete(model, k)
			} else {
				key = append(key, k)
				model[k] = uint32(len(key) - 1)
				x.Insert(hash(k), model[k])
			}
			if x.Len() != uint32(len(model)) {
				t.Fatalf("Len() = %d, want %d", x.Len(), len(model))
			}
		}
		for k, want := range model {
			if r, ok := x.Find(hash(k), func(r uint32) bool { return key[r] == k }); !ok || r != want {
				t.Fatalf("Find(%d) = %d, %v, want %d", k, r, ok, want)
			}
		}
	})
}
