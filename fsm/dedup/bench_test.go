package dedup_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

const full = 4_194_304

// keys are as random as those that KeyOf makes, and made faster.
type keys struct{ *rand.ChaCha8 }

func newKeys() keys { return keys{rand.NewChaCha8([32]byte{})} }

func (k keys) next() dedup.Key {
	var b [16]byte
	_, _ = k.Read(b[:])
	return dedup.Key{Hi: binary.LittleEndian.Uint64(b[:]), Lo: binary.LittleEndian.Uint64(b[8:])}
}

// newIDs measures what one new id costs at 250,000 a second where ids and fences
// may be many: to be looked for, to make room, to be kept.
func newIDs(b *testing.B, k keys, fences *dedup.Fences) {
	t, s, now := dedup.NewRecent(slab.Heap{}, full), dedup.NewShares(slab.Heap{}, full), start
	add := func() {
		now += each
		key := k.next()
		if _, found := t.Find(key); found || fences.Len() > 0 && fences.Find(key) {
			b.Fatal("found a new id")
		}
		t.Forget(now, 0)
		fences.Ripen(now)
		if !s.Room(1, now) {
			b.Fatal("no room")
		}
		t.Add(key, dedup.Record{First: 1}, now)
		s.Charge(1, now)
	}
	for range full {
		add()
	}
	for b.Loop() {
		add()
	}
}

// fullOfFences is a table whose places are all taken, by 10,000 participants.
func fullOfFences(k keys) *dedup.Fences {
	t := dedup.NewFences(slab.Heap{}, full)
	for n := range t.Places() {
		t.Add(k.next(), n%10_000, start)
	}
	return t
}

// start is when the venue time of the benchmarks begins, each how much later the
// next id comes.
const (
	start = market.Nanos(1e18)
	each  = market.Nanos(4000)
)

// A new id in a table that is full, without fences and beside as many as there
// may be; the same of the first level's table, for the ratio.
func BenchmarkNewID(b *testing.B) {
	b.Run("generations", func(b *testing.B) { newIDs(b, newKeys(), dedup.NewFences(slab.Heap{}, full)) })
	b.Run("generations beside full fences", func(b *testing.B) {
		k := newKeys()
		newIDs(b, k, fullOfFences(k))
	})
	b.Run("first level", func(b *testing.B) {
		t, k, now := dedup.New(slab.Heap{}, full), newKeys(), start
		add := func() {
			now += each
			key := k.next()
			if _, found := t.Find(key); found {
				b.Fatal("found a new id")
			}
			t.Forget(now)
			if !t.Room(now) {
				b.Fatal("no room")
			}
			t.Add(key, dedup.Record{First: 1}, now, now+10e9)
		}
		for range full {
			add()
		}
		for b.Loop() {
			add()
		}
	})
}

// What one more fence costs where all places are taken: to find whose oldest
// gives its place, and to change the two.
func BenchmarkFence(b *testing.B) {
	k, now := newKeys(), start
	t := fullOfFences(k)
	n := uint32(0)
	for b.Loop() {
		if n%t.Share() == 0 {
			now += 2 * market.MaxValidity
			for range 5000 {
				t.Ripen(now)
			}
		}
		if !t.Room(n%10_000, false, now) {
			b.Fatal("no room")
		}
		t.Add(k.next(), n%10_000, now)
		n++
	}
}
