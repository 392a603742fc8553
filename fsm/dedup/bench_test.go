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

// What one new id costs at 250,000 a second in a table that is full: to be
// looked for, to make room, to be kept. The same of the first level's table,
// for the ratio.
func BenchmarkNewID(b *testing.B) {
	const each = market.Nanos(4000)
	b.Run("generations", func(b *testing.B) {
		t, s, k, now := dedup.NewRecent(slab.Heap{}, full), dedup.NewShares(slab.Heap{}, full), newKeys(), market.Nanos(1e18)
		add := func() {
			now += each
			key := k.next()
			if _, found := t.Find(key); found {
				b.Fatal("found a new id")
			}
			t.Forget(now, 0)
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
	})
	b.Run("first level", func(b *testing.B) {
		t, k, now := dedup.New(slab.Heap{}, full), newKeys(), market.Nanos(1e18)
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
