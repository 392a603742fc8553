package journal_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/journal"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// open opens a journal whose segments and memory are so small that most reads
// come from several files.
func open(t testing.TB, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(journal.Options{Dir: dir, SegmentBytes: 32 << 10, RecentBytes: 8 << 10})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return j
}

func closing(t testing.TB, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func appendAll(t testing.TB, j *journal.Journal, blocks []*event.Block) {
	t.Helper()
	for _, b := range blocks {
		if err := j.Append(b); err != nil {
			t.Fatalf("append block %d: %v", b.Index, err)
		}
	}
}

// made returns blocks of the made-up venue, with an empty one (a barrier, a
// repeated command) after each fifth.
func made(n int) []*event.Block {
	g := viewtest.NewGenerator(1)
	var blocks []*event.Block
	for len(blocks) < n {
		b := g.Next()
		b.Index = uint64(2 * (len(blocks) + 1)) // Raft has entries of its own between
		blocks = append(blocks, b)
		if len(blocks)%5 == 0 {
			blocks = append(blocks, &event.Block{Index: b.Index + 2, Term: 1, At: b.At + 1, History: 42, First: b.Last() + 1})
		}
	}
	return blocks
}

// check compares all that a journal answers with the blocks that are in it.
func check(t *testing.T, j *journal.Journal, blocks []*event.Block) {
	t.Helper()
	last := blocks[len(blocks)-1]
	if got, want := j.Last(), (event.Pin{Sequence: last.Last(), At: last.At}); got != want {
		t.Fatalf("last: got %v, want %v", got, want)
	}
	var full []*event.Block
	for _, b := range blocks {
		if s, err := j.SequenceAt(b.At); err != nil || s != b.Last() {
			t.Fatalf("sequence at %d: got %d, %v; want %d", b.At, s, err, b.Last())
		}
		if b.Count == 0 {
			continue
		}
		full = append(full, b)
		for _, s := range []market.Sequence{b.First, b.Last()} {
			if got, err := j.Block(s); err != nil || got.Index != b.Index || got.First != b.First {
				t.Fatalf("block of %d: got %+v, %v", s, got, err)
			}
		}
	}
	for _, from := range []int{0, len(full) / 3, len(full) - 2} {
		i := from
		err := j.Read(full[from].First, func(got *event.Block) bool {
			if full[i].Last() == full[from].First { // a block of one event: it is behind us
				i++
			}
			if got.Index != full[i].Index || !reflect.DeepEqual(got.Groups[0].Context, full[i].Groups[0].Context) {
				t.Fatalf("read from %d: got block %d, want %d", from, got.Index, full[i].Index)
			}
			i++
			return true
		})
		if err != nil || i != len(full) {
			t.Fatalf("read from %d: %v, %d of %d blocks", from, err, i, len(full))
		}
	}
}

// TestRoundTrip shows that what was appended reads the same from memory and
// files, before and after it is opened again.
func TestRoundTrip(t *testing.T) {
	dir, blocks := t.TempDir(), made(400)
	j := open(t, dir)
	appendAll(t, j, blocks[:300])
	check(t, j, blocks[:300])
	closing(t, j)
	j = open(t, dir)
	defer closing(t, j)
	check(t, j, blocks[:300])
	appendAll(t, j, blocks[200:]) // the machine replays the log from a snapshot
	check(t, j, blocks)
	if segments(t, dir) < 4 {
		t.Errorf("only %d segments: the test shows too little", segments(t, dir))
	}
}

func segments(t *testing.T, dir string) int {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil {
		t.Fatal(err)
	}
	return len(paths)
}

// TestAppendRefuses shows that a block that differs from the one that is there
// and one that does not follow are told from each other.
func TestAppendRefuses(t *testing.T) {
	blocks := made(60)
	j := open(t, t.TempDir())
	defer closing(t, j)
	if err := j.Append(blocks[1]); !errors.Is(err, journal.ErrGap) {
		t.Errorf("a first block in the middle: got %v, want %v", err, journal.ErrGap)
	}
	appendAll(t, j, blocks[:50])
	other := *blocks[20]
	other.Term++
	if err := j.Append(&other); !errors.Is(err, journal.ErrDiverged) {
		t.Errorf("another block: got %v, want %v", err, journal.ErrDiverged)
	}
	between := *blocks[20]
	between.Index++
	if err := j.Append(&between); !errors.Is(err, journal.ErrDiverged) {
		t.Errorf("a block where none was: got %v, want %v", err, journal.ErrDiverged)
	}
	if err := j.Append(blocks[53]); !errors.Is(err, journal.ErrGap) {
		t.Errorf("a block too far on: got %v, want %v", err, journal.ErrGap)
	}
	check(t, j, blocks[:50])
}

// TestTorn shows that an end cut off or spoiled after the last sync is dropped
// wherever it is cut, and that the blocks after it can be appended again.
func TestTorn(t *testing.T) {
	blocks := made(40)
	whole := t.TempDir()
	j, err := journal.Open(journal.Options{Dir: whole})
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, j, blocks[:20])
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(whole, "00000000000000000002.journal")
	durable := size(t, path)
	appendAll(t, j, blocks[20:])
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, j)
	mark, err := os.ReadFile(filepath.Join(whole, "durable.json"))
	if err != nil {
		t.Fatal(err)
	}
	for cut := durable; cut < int64(len(image)); cut += 97 {
		for _, spoiled := range []bool{false, true} {
			b := bytes.Clone(image)
			if spoiled {
				b[cut] ^= 0x40
			} else {
				b = b[:cut]
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, filepath.Base(path)), b)
			write(t, filepath.Join(dir, "durable.json"), mark)
			j, err := journal.Open(journal.Options{Dir: dir})
			if err != nil {
				t.Fatalf("cut at %d, spoiled %v: %v", cut, spoiled, err)
			}
			if j.Last().Sequence < blocks[19].Last() {
				t.Fatalf("cut at %d: lost what was durable", cut)
			}
			appendAll(t, j, blocks[10:])
			check(t, j, blocks)
			closing(t, j)
		}
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWait shows that one append wakes all who wait for it and nobody else.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blocks := made(4)
		j := open(t, t.TempDir())
		appendAll(t, j, blocks[:2])
		var early, late sync.WaitGroup
		for range 100 {
			early.Go(func() {
				if err := j.Wait(t.Context(), blocks[2].Last()); err != nil {
					t.Error(err)
				}
			})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		late.Go(func() {
			if err := j.Wait(ctx, blocks[3].Last()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
		})
		synctest.Wait()
		appendAll(t, j, blocks[2:3])
		early.Wait()
		late.Wait()
		closing(t, j)
		if err := j.Wait(t.Context(), 1_000_000); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("after close: got %v, want %v", err, journal.ErrClosed)
		}
	})
}

// TestLocked shows that a second process does not cut the end that the first
// one is writing.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer closing(t, j)
	if _, err := journal.Open(journal.Options{Dir: dir}); !errors.Is(err, readmodels.ErrLocked) {
		t.Errorf("second open: got %v, want %v", err, readmodels.ErrLocked)
	}
}

// TestNotThere shows what is answered about sequences that are not there.
func TestNotThere(t *testing.T) {
	blocks := made(10)
	j := open(t, t.TempDir())
	defer closing(t, j)
	if _, err := j.Block(1); !errors.Is(err, readmodels.ErrNotFound) {
		t.Errorf("block 1 of none: got %v", err)
	}
	appendAll(t, j, blocks)
	if _, err := j.Block(j.Last().Sequence + 1); !errors.Is(err, readmodels.ErrNotFound) {
		t.Errorf("block after the last: got %v", err)
	}
	if _, err := j.Block(0); !errors.Is(err, readmodels.ErrBeforeFloor) {
		t.Errorf("block 0: got %v", err)
	}
	if s, err := j.SequenceAt(blocks[0].At - 1); s != 0 || err != nil {
		t.Errorf("before all time: got %d, %v", s, err)
	}
}

// BenchmarkAppend reports what an entry of a hundred commands costs.
func BenchmarkAppend(b *testing.B) {
	g := viewtest.NewGenerator(1)
	g.Commands = 200
	blocks := g.Blocks(300)
	commands, size := 0, 0
	for _, block := range blocks {
		commands += len(block.Groups)
		size += len(eventcodec.AppendBlock(nil, block))
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		b.StopTimer()
		j, err := journal.Open(journal.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		appendAll(b, j, blocks)
		b.StopTimer()
		closing(b, j)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*commands), "ns/command")
}
