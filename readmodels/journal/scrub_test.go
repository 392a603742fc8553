package journal_test

import (
	"context"
	"testing"

	"github.com/rialto-exchange/rialto/readmodels/journal"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// BenchmarkScrub reads a journal as fast as it can.
func BenchmarkScrub(b *testing.B) {
	j, err := journal.Open(journal.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	appendAll(b, j, viewtest.NewGenerator(1).Blocks(20_000))
	var bytes int
	for after := uint64(0); ; {
		frames, err := j.Frames(after, 1000, 1<<30)
		if err != nil {
			b.Fatal(err)
		}
		if len(frames) == 0 {
			break
		}
		for _, f := range frames {
			bytes += len(f.Encoded)
		}
		after = frames[len(frames)-1].Index
	}
	b.SetBytes(int64(bytes))
	for b.Loop() {
		if err := j.Scrub(context.Background(), nil); err != nil {
			b.Fatal(err)
		}
	}
}
