package journal_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// chained gives blocks the chain of the second feature level.
func chained(blocks []*event.Block) []*event.Block {
	var head [32]byte
	for i, b := range blocks {
		b.Digest = [32]byte{byte(i), byte(i >> 8), 1}
		eventcodec.Seal(nil, b, head)
		head = b.Chain
	}
	return blocks
}

// spoil turns a bit of a file in many places, one after the other, and calls
// then with each place.
func spoil(t *testing.T, path string, then func(at int)) {
	t.Helper()
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	places := []int{0, 13, 38, 41, 45, 49, 57, 65, 73, 79, len(image) - 1, len(image) - 200}
	for at := 80; at < len(image); at += len(image)/7 + 1 {
		places = append(places, at)
	}
	for _, at := range places {
		b := bytes.Clone(image)
		b[at] ^= 4
		write(t, path, b)
		then(at)
	}
	write(t, path, image)
}

// TestCorrupt shows that a bit that turned in what was durable, at any place
// of any segment, never keeps the journal from opening and is never served: a
// read gives what was written, or ErrCorrupt, or ends earlier if it was in the
// journal's last blocks, which the machine makes again.
func TestCorrupt(t *testing.T) {
	dir, blocks := t.TempDir(), made(300)
	for _, path := range written(t, dir, blocks) {
		spoil(t, path, func(at int) {
			j := open(t, dir)
			defer closing(t, j)
			err := readsRight(t, j, blocks)
			if err != nil && (!errors.Is(err, journal.ErrCorrupt) || !errors.Is(err, readmodels.ErrRepairing)) {
				t.Errorf("%s spoiled at %d: %v, want %v", filepath.Base(path), at, err, journal.ErrCorrupt)
			}
			for _, b := range blocks {
				s, err := j.SequenceAt(b.At)
				if err == nil && s != b.Last() && s != j.Last().Sequence {
					t.Fatalf("%s spoiled at %d: sequence at %d is %d, want %d", filepath.Base(path), at, b.At, s, b.Last())
				}
			}
		})
	}
}

// written writes blocks to a journal and returns its segments, at least three.
func written(t *testing.T, dir string, blocks []*event.Block) []string {
	t.Helper()
	j := open(t, dir)
	appendAll(t, j, blocks)
	closing(t, j)
	paths, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d segments, %v", len(paths), err)
	}
	return paths
}

// readsRight compares what a journal reads with what was written to it.
func readsRight(t *testing.T, j *journal.Journal, blocks []*event.Block) error {
	t.Helper()
	i := 0
	return j.Read(0, func(got *event.Block) bool {
		for blocks[i].Count == 0 {
			i++
		}
		if !bytes.Equal(eventcodec.AppendBlock(nil, got), eventcodec.AppendBlock(nil, blocks[i])) {
			t.Fatalf("read block %d, which is not the %d that was written", got.Index, blocks[i].Index)
		}
		i++
		return true
	})
}

// TestMend shows that any damage is found by scrubbing, and filled with the
// blocks of another node, which the chain proves, to the very bytes that were
// there; and that neither a block that is not proven nor one that does not fit
// is taken.
func TestMend(t *testing.T) {
	dir, blocks := t.TempDir(), chained(made(300))
	healthy := open(t, t.TempDir())
	defer closing(t, healthy)
	appendAll(t, healthy, blocks)
	for _, path := range written(t, dir, blocks) {
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		spoil(t, path, func(at int) {
			j := open(t, dir)
			defer closing(t, j)
			if err := j.Scrub(context.Background(), nil); err == nil {
				catchUp(t, j, blocks) // mended, or cut off at its end, when it was opened
			} else {
				mendAll(t, j, healthy)
			}
			if err := readsRight(t, j, blocks); err != nil {
				t.Fatalf("%s spoiled at %d: %v after mending", filepath.Base(path), at, err)
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, good) {
				t.Fatalf("%s spoiled at %d: other bytes after mending, %v", filepath.Base(path), at, err)
			}
		})
	}
}

// catchUp appends what a journal lacks at its end.
func catchUp(t *testing.T, j *journal.Journal, blocks []*event.Block) {
	t.Helper()
	for _, b := range blocks {
		if b.Index > j.Index() {
			appendAll(t, j, []*event.Block{b})
		}
	}
}

func mendAll(t *testing.T, j, healthy *journal.Journal) {
	t.Helper()
	holes, err := j.Holes()
	if err != nil || len(holes) != 1 {
		t.Fatalf("holes %v, %v, want one", holes, err)
	}
	h := holes[0]
	frames := between(t, healthy, h)
	if err := j.Mend(h, forged(t, frames), false); !errors.Is(err, journal.ErrUnproven) && !errors.Is(err, journal.ErrDiverged) {
		t.Fatalf("%v: a forged block: %v", h, err)
	}
	if err := j.Mend(h, frames[1:], false); !errors.Is(err, journal.ErrDiverged) {
		t.Fatalf("%v: a block too few: %v", h, err)
	}
	if err := j.Mend(h, frames, false); err != nil {
		t.Fatalf("%v: %v", h, err)
	}
	if holes, err := j.Holes(); len(holes) != 0 || err != nil || j.Damaged() != 0 {
		t.Fatalf("holes %v, %v after mending", holes, err)
	}
}

// forged is the first block with another term, sealed over again: it fits and
// is well-formed.
func forged(t *testing.T, frames []journal.Frame) []journal.Frame {
	t.Helper()
	b, err := eventcodec.DecodeBlock(frames[0].Encoded)
	if err != nil {
		t.Fatal(err)
	}
	b.Term ^= 2
	other := append([]journal.Frame(nil), frames...)
	other[0].Encoded = eventcodec.Seal(nil, b, [32]byte{9})
	return other
}

func between(t *testing.T, j *journal.Journal, h journal.Hole) []journal.Frame {
	t.Helper()
	all, err := j.Frames(h.After, 1<<20, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range all {
		if h.Before != 0 && f.Index >= h.Before {
			return all[:i]
		}
	}
	return all
}

// TestMendAgreed shows that blocks of the first feature level, which no chain
// proves, are taken when they are agreed upon, and not otherwise.
func TestMendAgreed(t *testing.T) {
	dir, blocks := t.TempDir(), made(300)
	healthy := open(t, t.TempDir())
	defer closing(t, healthy)
	appendAll(t, healthy, blocks)
	path := written(t, dir, blocks)[1]
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.Clone(image)
	b[len(b)/2] ^= 1
	write(t, path, b)
	j := open(t, dir)
	defer closing(t, j)
	if err := j.Verify(context.Background()); !errors.Is(err, journal.ErrCorrupt) {
		t.Fatalf("verify: %v", err)
	}
	holes, err := j.Holes()
	if err != nil || len(holes) != 1 {
		t.Fatalf("holes %v, %v", holes, err)
	}
	frames := between(t, healthy, holes[0])
	if err := j.Mend(holes[0], frames, false); !errors.Is(err, journal.ErrUnproven) {
		t.Errorf("not agreed: %v, want %v", err, journal.ErrUnproven)
	}
	if err := j.Mend(holes[0], frames, true); err != nil {
		t.Errorf("agreed: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, image) {
		t.Errorf("other bytes after mending, %v", err)
	}
}

// TestReplayHeals shows that a machine which makes its blocks again writes them
// over those that do not verify any more, and is not stopped by them.
func TestReplayHeals(t *testing.T) {
	dir, blocks := t.TempDir(), made(300)
	for _, path := range written(t, dir, blocks) {
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		spoil(t, path, func(at int) {
			j := open(t, dir)
			defer closing(t, j)
			appendAll(t, j, blocks)
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, good) {
				t.Fatalf("%s spoiled at %d: other bytes after the replay, %v", filepath.Base(path), at, err)
			}
		})
	}
}

// TestDurableRecord shows that a record of what is durable which cannot be
// read, or says too much, does no harm: the journal opens whole, and what is
// appended next is made durable.
func TestDurableRecord(t *testing.T) {
	for _, record := range []string{"", "{", `{"segment":99999999,"offset":1}`, `{"segment":2,"offset":0}`} {
		dir, blocks := t.TempDir(), made(300)
		written(t, dir, blocks[:290])
		path := filepath.Join(dir, "durable.json")
		write(t, path, []byte(record))
		j := open(t, dir)
		if err := readsRight(t, j, blocks); err != nil {
			t.Errorf("record %q: %v", record, err)
		}
		catchUp(t, j, blocks)
		if err := j.Sync(); err != nil {
			t.Errorf("record %q: sync: %v", record, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) == record {
			t.Errorf("record %q: it is still there after a sync, %v", record, err)
		}
		closing(t, j)
	}
}
