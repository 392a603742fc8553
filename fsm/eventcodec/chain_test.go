package eventcodec_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
)

// A block is proven by the head before it: as it is, and with no bit of it
// turned, its events and its head included, and after no other head.
func TestProves(t *testing.T) {
	before := [32]byte{4}
	b := trading(3)
	b.Digest = [32]byte{1}
	encoded := eventcodec.Seal([]byte("before"), b, before)[len("before"):]
	if !bytes.Equal(encoded, eventcodec.AppendBlock(nil, b)) {
		t.Error("what Seal wrote is not the block's encoding")
	}
	if !eventcodec.Proves(encoded, before) {
		t.Error("a block is not proven by the head before it")
	}
	if eventcodec.Proves(encoded, [32]byte{5}) {
		t.Error("a block is proven by another head")
	}
	for i := range encoded {
		bad := bytes.Clone(encoded)
		bad[i] ^= 1 << (i % 8)
		if eventcodec.Proves(bad, before) {
			t.Fatalf("a block with bit %d of byte %d turned is proven", i%8, i)
		}
	}
	first := eventcodec.AppendBlock(nil, block([]event.Record{accepted(1)}))
	if eventcodec.Proves(first, before) {
		t.Error("a block of the first feature level is proven")
	}
}

// BenchmarkChain compares what a block of trading costs at the two feature
// levels, per event: encoded and its entry hashed, or sealed over both.
func BenchmarkChain(b *testing.B) {
	block := trading(100)
	entry := make([]byte, 12<<10)
	var dst []byte
	b.Run("entries", func(b *testing.B) {
		for b.Loop() {
			block.Chain = sha256.Sum256(entry)
			dst = eventcodec.AppendBlock(dst[:0], block)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(block.Count), "ns/event")
	})
	b.Run("entries and events", func(b *testing.B) {
		for b.Loop() {
			block.Digest = sha256.Sum256(entry)
			dst = eventcodec.Seal(dst[:0], block, [32]byte{1})
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(block.Count), "ns/event")
	})
}
