package journal_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// Easing changes nothing that the journal holds or promises, whatever is
// appended, sealed, synced and read meanwhile; a closed journal says so.
func TestEase(t *testing.T) {
	dir := t.TempDir()
	j, err := journal.Open(journal.Options{Dir: dir, SegmentBytes: 600 << 10, RecentBytes: 8 << 10})
	if err != nil {
		t.Fatal(err)
	}
	blocks := made(20_000)
	stop := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := j.Ease(); err != nil {
				t.Errorf("ease: %v", err)
				return
			}
		}
	})
	for i := 0; i < len(blocks); i += 1000 {
		appendAll(t, j, blocks[i:min(i+1000, len(blocks))])
		if i%5000 == 0 {
			if err := j.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(stop)
	beside.Wait()
	if err := j.Ease(); err != nil {
		t.Fatal(err)
	}
	closing(t, j)
	if err := j.Ease(); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("easing a closed journal: %v", err)
	}
	again := open(t, dir)
	defer closing(t, again)
	if got, want := again.Last().Sequence, blocks[len(blocks)-1].Last(); got != want {
		t.Errorf("the journal ends at %d, want %d", got, want)
	}
	seen := 0
	for _, b := range blocks {
		if b.Count > 0 && b.Index%64 == 0 {
			if got, err := again.Block(b.First); err != nil || got.Index != b.Index {
				t.Fatalf("block %d: %v", b.Index, err)
			}
			seen++
		}
	}
	if seen == 0 {
		t.Error("no block was looked at")
	}
}
