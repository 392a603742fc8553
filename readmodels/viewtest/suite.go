package viewtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// Case is a view under test.
type Case struct {
	// New returns a new view over a journal.
	New func(j readmodels.Journal) readmodels.View
	// Dump returns everything that the view answers at a point, as text.
	Dump func(v readmodels.View, at event.Pin) (string, error)
	// Naive returns an empty model of the same: the plainest code that could
	// be right.
	Naive func() Naive
	// Blocks, when set, returns other blocks than those of the made-up venue: a
	// past of so many of them for a seed. The first sequence is 1.
	Blocks func(seed uint64, n int) []*event.Block
	// OpenStore opens the store in a folder, with generations so small that
	// most of a test's values go to disk. nil: the node's store, so.
	OpenStore func(dir string) (readmodels.Store, error)
}

func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// Naive is a model of a view.
type Naive interface {
	Event(e event.Public)
	// Dump returns what Case.Dump must return after these events.
	Dump(at event.Pin) (string, error)
}

// venueBlocks is how long the made-up venue runs in each test.
const venueBlocks = 150

// Run runs the suite.
func Run(t *testing.T, c Case) {
	if c.OpenStore == nil {
		c.OpenStore = openStore
	}
	t.Run("as of every sequence", func(t *testing.T) { asOf(t, c) })
	t.Run("after a restart", func(t *testing.T) { restart(t, c) })
	t.Run("folded again", func(t *testing.T) { again(t, c) })
	t.Run("after a rebuild", func(t *testing.T) { rebuild(t, c) })
	t.Run("a value that makes no sense", func(t *testing.T) { spoiled(t, c) })
	t.Run("while folding", func(t *testing.T) { whileFolding(t, c) })
}

// running is a view with its store, fed by hand.
type running struct {
	t       testing.TB
	c       Case
	store   readmodels.Store
	view    readmodels.View
	journal *Journal
	next    market.Sequence
}

func start(t testing.TB, c Case, j *Journal, dir string) *running {
	t.Helper()
	r := &running{t: t, c: c, journal: j, view: c.New(j)}
	var err error
	if r.store, err = c.OpenStore(dir); err != nil {
		t.Fatalf("open store: %v", err)
	}
	r.open()
	return r
}

func (r *running) open() {
	r.t.Helper()
	var err error
	if r.next, err = r.view.Open(r.store, r.store.Cursor()); err != nil {
		r.t.Fatalf("open view: %v", err)
	}
}

// fold folds the journal through a sequence.
func (r *running) fold(through market.Sequence) {
	r.t.Helper()
	err := r.journal.Read(r.next, func(b *event.Block) bool {
		if b.Last() > through {
			return false
		}
		if err := r.store.Commit(b.Last(), func(w readmodels.Writer) error { return r.view.Fold(b, w) }); err != nil {
			r.t.Fatalf("fold block %d: %v", b.Index, err)
		}
		r.next = b.Last()
		return true
	})
	if err != nil {
		r.t.Fatalf("read journal: %v", err)
	}
}

func (r *running) close() {
	r.t.Helper()
	if err := r.store.Close(); err != nil {
		r.t.Fatalf("close store: %v", err)
	}
}

// check compares the view with the model at every so many sequences.
func (r *running) check(want []string, every int) {
	r.t.Helper()
	for s := len(want) - 1; s > 0; s -= every {
		got, err := r.dump(market.Sequence(s))
		if err != nil {
			r.t.Fatalf("at %d: %v", s, err)
		}
		if got != want[s] {
			r.t.Fatalf("at %d\n got %s\nwant %s", s, got, want[s])
		}
	}
}

func (r *running) dump(s market.Sequence) (string, error) {
	b, err := r.journal.Block(s)
	if err != nil {
		return "", err
	}
	return r.c.Dump(r.view, event.Pin{Sequence: s, At: b.At})
}

func (c Case) blocks(seed uint64) []*event.Block {
	if c.Blocks != nil {
		return c.Blocks(seed, venueBlocks)
	}
	return NewGenerator(seed).Blocks(venueBlocks)
}

// history returns a journal and what the model says at each of its sequences.
func history(t testing.TB, c Case, seed uint64) (*Journal, []string) {
	t.Helper()
	blocks := c.blocks(seed)
	naive, want := c.Naive(), []string{""}
	for _, b := range blocks {
		b.Events(func(e event.Public) bool {
			naive.Event(e)
			text, err := naive.Dump(event.Pin{Sequence: e.Sequence, At: b.At})
			if err != nil {
				t.Fatalf("model at %d: %v", e.Sequence, err)
			}
			want = append(want, text)
			return true
		})
	}
	return NewJournal(blocks...), want
}

// asOf: at every sequence, also inside an entry, the view answers what the
// plain model answers.
func asOf(t *testing.T, c Case) {
	j, want := history(t, c, 1)
	r := start(t, c, j, t.TempDir())
	defer r.close()
	r.fold(j.Last().Sequence)
	r.check(want, 1)
}

// restart: a view that was closed goes on where it was.
func restart(t *testing.T, c Case) {
	j, want := history(t, c, 2)
	dir := t.TempDir()
	for _, part := range []int{4, 2, 1} {
		r := start(t, c, j, dir)
		r.fold(j.Last().Sequence / market.Sequence(part))
		r.close()
	}
	r := start(t, c, j, dir)
	defer r.close()
	r.fold(j.Last().Sequence)
	r.check(want, 5)
}

// again: a view whose store was left behind by what it had folded (as after a
// kill) folds some blocks again, to the same answers.
func again(t *testing.T, c Case) {
	j, want := history(t, c, 3)
	dir := t.TempDir()
	for part := market.Sequence(1); part <= 4; part++ {
		r := start(t, c, j, dir)
		r.fold(j.Last().Sequence * part / 5)
		r.close()
		behind := t.TempDir()
		if err := os.CopyFS(behind, os.DirFS(dir)); err != nil {
			t.Fatalf("copy store: %v", err)
		}
		r = start(t, c, j, dir)
		r.fold(j.Last().Sequence * (part + 1) / 5)
		r.close()
		dir = behind
	}
	r := start(t, c, j, dir)
	defer r.close()
	r.fold(j.Last().Sequence)
	r.check(want, 5)
}

// rebuild: a view folded anew answers the same, and nothing meanwhile.
func rebuild(t *testing.T, c Case) {
	j, want := history(t, c, 4)
	r := start(t, c, j, t.TempDir())
	defer r.close()
	r.fold(j.Last().Sequence)
	if err := r.store.Reset(); err != nil {
		t.Fatalf("reset: %v", err)
	}
	r.open()
	r.fold(j.Last().Sequence)
	if _, err := r.dump(1); !errors.Is(err, readmodels.ErrRebuilding) {
		t.Errorf("read while rebuilding: got %v, want %v", err, readmodels.ErrRebuilding)
	}
	r.store.Serve()
	r.check(want, 5)
}

// whileFolding: readers beside the folding see what the model says, at the
// newest point and at older ones.
func whileFolding(t *testing.T, c Case) {
	j, want := history(t, c, 5)
	r := start(t, c, j, t.TempDir())
	defer r.close()
	ctx, cancel := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	for back := range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				s := r.store.Watermark()
				s -= min(s, market.Sequence(back*40))
				if s == 0 {
					continue
				}
				got, err := r.dump(s)
				if err != nil || got != want[s] {
					t.Errorf("at %d: %v\n got %s\nwant %s", s, err, got, want[s])
					return
				}
			}
		})
	}
	r.fold(j.Last().Sequence)
	cancel()
	readers.Wait()
}
