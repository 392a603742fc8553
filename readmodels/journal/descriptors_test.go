package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// descriptors counts this process's open files in a folder.
func descriptors(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("no list of open files here: %v", err)
	}
	count := 0
	for _, fd := range all {
		if to, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name())); err == nil && strings.HasPrefix(to, dir) {
			count++
		}
	}
	return count
}

// TestDescriptors shows that a journal of many segments keeps few files open,
// while it grows, when it is opened, and under readers of all of it at once.
func TestDescriptors(t *testing.T) {
	const bound = 4
	// Beside the sealed ones: the lock, the tail, and the folder of a sync.
	const others = 3
	options := journal.Options{Dir: t.TempDir(), SegmentBytes: 4 << 10, RecentBytes: 1 << 10, SealedFiles: bound}
	j, err := journal.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	blocks := made(300)
	for i, b := range blocks {
		appendAll(t, j, []*event.Block{b})
		if i%20 == 19 {
			if err := j.Sync(); err != nil {
				t.Fatal(err)
			}
			if got := descriptors(t, options.Dir); got > bound+others {
				t.Fatalf("after %d blocks %d files are open, want at most %d", i+1, got, bound+others)
			}
		}
	}
	closing(t, j)
	if j, err = journal.Open(options); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(options.Dir, "*.journal"))
	if err != nil || len(segments) < 4*bound {
		t.Fatalf("%d segments, %v: too few to show anything", len(segments), err)
	}
	if got := descriptors(t, options.Dir); got > bound+others {
		t.Errorf("just opened, %d files are open, want at most %d", got, bound+others)
	}
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			var read int
			if err := j.Read(0, func(*event.Block) bool { read++; return true }); err != nil {
				t.Error(err)
			}
			for _, b := range blocks {
				if b.Count == 0 {
					continue
				}
				if got, err := j.Block(b.Last()); err != nil || got.Index != b.Index {
					t.Errorf("block of sequence %d: %v", b.Last(), err)
					return
				}
			}
		})
	}
	readers.Wait()
	if got := descriptors(t, options.Dir); got > bound+others {
		t.Errorf("after reading, %d files are open, want at most %d", got, bound+others)
	}
	closing(t, j)
	if got := descriptors(t, options.Dir); got != 0 {
		t.Errorf("%d files are open after Close", got)
	}
}

// TestDescriptorsWithoutSync shows that also what nobody syncs (a gap that is
// being filled) keeps a bounded number of files open, and none is lost.
func TestDescriptorsWithoutSync(t *testing.T) {
	const bound, unsynced, others = 1, 64, 2 // the lock and the tail
	options := journal.Options{Dir: t.TempDir(), SegmentBytes: 1 << 10, SealedFiles: bound}
	j, err := journal.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	blocks := made(400)
	appendAll(t, j, blocks)
	segments, err := filepath.Glob(filepath.Join(options.Dir, "*.journal"))
	if err != nil || len(segments) < unsynced+others+bound {
		t.Fatalf("%d segments, %v: too few to show anything", len(segments), err)
	}
	if got := descriptors(t, options.Dir); got > unsynced+others {
		t.Errorf("%d files are open, want at most %d", got, unsynced+others)
	}
	// As after a crash: nothing was recorded as durable.
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(options.Dir)); err != nil {
		t.Fatal(err)
	}
	closing(t, j)
	options.Dir = copied
	if j, err = journal.Open(options); err != nil {
		t.Fatal(err)
	}
	if got := descriptors(t, options.Dir); got > unsynced+others {
		t.Errorf("opened again, %d files are open, want at most %d", got, unsynced+others)
	}
	if last := blocks[len(blocks)-1]; j.Index() != last.Index {
		t.Errorf("the journal ends at entry %d, want %d", j.Index(), last.Index)
	}
	closing(t, j)
}
