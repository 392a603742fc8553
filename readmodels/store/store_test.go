package store_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	if o.Identity == "" {
		o.Identity = "test"
	}
	if o.FlushEvery == 0 {
		o.FlushEvery = time.Hour // only when full, or closed
	}
	s, err := store.Open(o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

// eachDisk runs a test with Badger on its files, and with Badger in memory beside
// a file of a node's world.
func eachDisk(t *testing.T, test func(t *testing.T, files world.Files)) {
	t.Run("files of Badger", func(t *testing.T) { test(t, world.System().Files) })
	t.Run("in memory", func(t *testing.T) { test(t, inWorld()) })
}

// inWorld are files that no library opens by itself.
func inWorld() world.Files { return struct{ world.Files }{world.System().Files} }

func commit(t testing.TB, s *store.Store, through market.Sequence, fold func(readmodels.Writer)) {
	t.Helper()
	err := s.Commit(through, func(w readmodels.Writer) error { fold(w); return nil })
	if err != nil {
		t.Fatalf("commit through %d: %v", through, err)
	}
}

// number is a value that says which sequence wrote it.
func number(s market.Sequence) []byte { return binary.BigEndian.AppendUint64(nil, uint64(s)) }

// fill commits sequences from+1 … to: each sets one of three keys and appends
// to one of two lists.
func fill(t testing.TB, s *store.Store, from, to market.Sequence) {
	t.Helper()
	for at := from + 1; at <= to; at++ {
		commit(t, s, at, func(w readmodels.Writer) {
			w.Set(key(at), number(at), at)
			w.Append(list(at), number(at), at)
		})
	}
}

func key(at market.Sequence) []byte  { return fmt.Appendf(nil, "key%d", at%3) }
func list(at market.Sequence) []byte { return fmt.Appendf(nil, "list%d", at%2) }

// check reads every point of 1 … last in every way.
func check(t *testing.T, s *store.Store, last market.Sequence) {
	t.Helper()
	for at := market.Sequence(3); at <= last; at++ {
		for back := range market.Sequence(3) {
			value, from, err := s.Get(key(at-back), at)
			if err != nil || from != at-back || binary.BigEndian.Uint64(value) != uint64(from) {
				t.Fatalf("get %s at %d: got %v of %d, %v; want %d", key(at-back), at, value, from, err, at-back)
			}
		}
	}
	for range 30 {
		at, after := 1+market.Sequence(rand.Uint64N(uint64(last))), market.Sequence(rand.Uint64N(uint64(last)))
		for _, descending := range []bool{false, true} {
			span := readmodels.Span{At: at, After: after, Descending: descending}
			checkWalk(t, span, 2, at%2, func(yield func([]byte, market.Sequence) bool) error { return s.List(list(at), span, yield) })
			checkWalk(t, span, 3, at%3, func(yield func([]byte, market.Sequence) bool) error { return s.Versions(key(at), span, yield) })
		}
	}
}

// checkWalk compares a walk with the sequences ≡ rest (mod step) in the span.
func checkWalk(t *testing.T, span readmodels.Span, step, rest market.Sequence, walk func(func([]byte, market.Sequence) bool) error) {
	t.Helper()
	var want, got []market.Sequence
	for at := market.Sequence(1); at <= span.At; at++ {
		within := at > span.After
		if span.Descending {
			within = span.After == 0 || at < span.After
		}
		if at%step == rest && within {
			want = append(want, at)
		}
	}
	if span.Descending {
		slices.Reverse(want)
	}
	err := walk(func(value []byte, at market.Sequence) bool {
		if binary.BigEndian.Uint64(value) != uint64(at) {
			t.Fatalf("%+v: value %v at %d", span, value, at)
		}
		got = append(got, at)
		return true
	})
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%+v: %v\n got %v\nwant %v", span, err, got, want)
	}
}

// TestPast shows that every key and list reads the same at every point, from
// memory, from disk and across both, before and after a restart.
func TestPast(t *testing.T) { eachDisk(t, testPast) }

func testPast(t *testing.T, files world.Files) {
	o := store.Options{Files: files, Dir: t.TempDir(), Generation: 20 << 10}
	s := open(t, o)
	fill(t, s, 0, 1500)
	check(t, s, 1500)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	defer s.Close()
	if got := s.Cursor(); got != 1500 {
		t.Fatalf("cursor after restart: got %d, want 1500", got)
	}
	check(t, s, 1500)
	fill(t, s, 1500, 1600)
	check(t, s, 1600)
}

// TestKilledBeforeCursor shows that runs of a flush whose cursor was never
// written do not hide what is folded again, however the generations are cut
// the second time.
func TestKilledBeforeCursor(t *testing.T) { eachDisk(t, testKilledBeforeCursor) }

func testKilledBeforeCursor(t *testing.T, files world.Files) {
	// With 28 KiB a run of the second time begins before the last one of the
	// first time and ends after it.
	for _, generation := range []int{1 << 10, 7 << 10, 28 << 10, 1 << 20} {
		o := store.Options{Files: files, Dir: t.TempDir(), Boot: "same", Generation: 1 << 20}
		s := open(t, o)
		fill(t, s, 0, 300)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, o)
		fill(t, s, 300, 1000)
		if err := s.FlushWithoutCursor(); err != nil {
			t.Fatal(err)
		}
		o.Generation = generation
		s = open(t, o)
		if got := s.Cursor(); got != 300 {
			t.Fatalf("cursor: got %d, want 300", got)
		}
		fill(t, s, 300, 1100)
		check(t, s, 1100)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, o)
		check(t, s, 1100)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTrust shows when a store is gone on from: after a clean close always,
// after an unclean one only within the same boot, never under another
// identity, and never when it is damaged.
func TestTrust(t *testing.T) { eachDisk(t, testTrust) }

func testTrust(t *testing.T, files world.Files) {
	for _, c := range []struct {
		name  string
		clean bool
		then  store.Options
		spoil bool
		want  market.Sequence
	}{
		{"clean, other boot", true, store.Options{Files: files, Identity: "a", Boot: "2"}, false, 50},
		{"killed, same boot", false, store.Options{Files: files, Identity: "a", Boot: "1"}, false, 40},
		{"power cut", false, store.Options{Files: files, Identity: "a", Boot: "2"}, false, 0},
		{"killed, no boot id", false, store.Options{Files: files, Identity: "a"}, false, 0},
		{"other identity", true, store.Options{Files: files, Identity: "b", Boot: "1"}, false, 0},
		{"damaged", true, store.Options{Files: files, Identity: "a", Boot: "1"}, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := store.Options{Files: files, Identity: "a", Boot: "1", Dir: t.TempDir()}
			s := open(t, first)
			fill(t, s, 0, 40)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, first)
			fill(t, s, 40, 50)
			end := s.Close
			if !c.clean {
				end = s.FlushWithoutCursor
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if c.spoil {
				spoil(t, files, first.Dir)
			}
			c.then.Dir = first.Dir
			s = open(t, c.then)
			defer s.Close()
			if got := s.Cursor(); got != c.want {
				t.Errorf("cursor: got %d, want %d", got, c.want)
			}
		})
	}
}

// spoil turns a bit in each table, or in the file beside.
func spoil(t *testing.T, files world.Files, dir string) {
	t.Helper()
	if !world.Native(files) {
		spoilFile(t, filepath.Join(dir, "values"))
		return
	}
	paths, err := filepath.Glob(filepath.Join(dir, "badger", "*.sst"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	for _, path := range paths {
		spoilFile(t, path)
	}
}

func spoilFile(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/3] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReset shows that nobody reads from a store that is folded anew, and that
// the one who folds does.
func TestReset(t *testing.T) { eachDisk(t, testReset) }

func testReset(t *testing.T, files world.Files) {
	s := open(t, store.Options{Files: files, Dir: t.TempDir()})
	defer s.Close()
	fill(t, s, 0, 30)
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 0, 20)
	if _, _, err := s.Get(key(1), 5); !errors.Is(err, readmodels.ErrRebuilding) {
		t.Errorf("get: got %v, want %v", err, readmodels.ErrRebuilding)
	}
	commit(t, s, 21, func(w readmodels.Writer) {
		if _, from, err := w.Past().Get(key(20), 20); from != 20 || err != nil {
			t.Errorf("past: got %d, %v; want 20", from, err)
		}
		w.Set(key(21), number(21), 21)
		w.Append(list(21), number(21), 21)
	})
	s.Serve()
	check(t, s, 21)
	if _, _, err := s.Get(key(1), 22); !errors.Is(err, readmodels.ErrNotCaughtUp) {
		t.Errorf("get beyond the watermark: got %v, want %v", err, readmodels.ErrNotCaughtUp)
	}
}

// TestLocked shows that a second process does not throw away what the first
// one is writing.
func TestLocked(t *testing.T) { eachDisk(t, testLocked) }

func testLocked(t *testing.T, files world.Files) {
	o := store.Options{Files: files, Dir: t.TempDir()}
	s := open(t, o)
	defer s.Close()
	if _, err := store.Open(o); !errors.Is(err, readmodels.ErrLocked) {
		t.Errorf("second open: got %v, want %v", err, readmodels.ErrLocked)
	}
	fill(t, s, 0, 20)
	check(t, s, 20)
}

// TestFailedFold shows that a fold that fails leaves nothing behind.
func TestFailedFold(t *testing.T) { eachDisk(t, testFailedFold) }

func testFailedFold(t *testing.T, files world.Files) {
	s := open(t, store.Options{Files: files, Dir: t.TempDir()})
	defer s.Close()
	fill(t, s, 0, 3)
	broken := errors.New("broken")
	err := s.Commit(4, func(w readmodels.Writer) error {
		w.Set(key(4), number(4), 4)
		return broken
	})
	if !errors.Is(err, broken) || s.Watermark() != 3 {
		t.Errorf("got %v, watermark %d; want %v, 3", err, s.Watermark(), broken)
	}
}

// TestMillionVersions shows that a point read of a key with a million versions
// takes microseconds at any point of the past.
func TestMillionVersions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := open(t, store.Options{Dir: t.TempDir()})
	defer s.Close()
	const versions, each = 1_000_000, 500
	for at := market.Sequence(0); at < versions; at += each {
		commit(t, s, at+each, func(w readmodels.Writer) {
			for i := at + 1; i <= at+each; i++ {
				w.Set([]byte("hot"), number(i), i)
			}
		})
	}
	const reads = 2000
	began := time.Now()
	for range reads {
		at := 1 + market.Sequence(rand.Uint64N(versions))
		if _, from, err := s.Get([]byte("hot"), at); from != at || err != nil {
			t.Fatalf("at %d: got %d, %v", at, from, err)
		}
	}
	if each := time.Since(began) / reads; each > 2*time.Millisecond {
		t.Errorf("a point read takes %v", each)
	}
}

// BenchmarkGet reports a point read at random points of the past of one key
// with a hundred thousand versions among as many other keys.
func BenchmarkGet(b *testing.B) {
	s := open(b, store.Options{Dir: b.TempDir()})
	defer s.Close()
	const versions = 100_000
	for at := market.Sequence(0); at < versions; at += 100 {
		commit(b, s, at+100, func(w readmodels.Writer) {
			for i := at + 1; i <= at+100; i++ {
				w.Set([]byte("hot"), number(i), i)
				w.Set(fmt.Appendf(nil, "cold%d", i), number(i), i)
			}
		})
	}
	for _, name := range []string{"hot", "cold"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				at := 1 + market.Sequence(rand.Uint64N(versions))
				k := []byte("hot")
				if name == "cold" {
					k = fmt.Appendf(nil, "cold%d", at)
				}
				if _, from, err := s.Get(k, at); from != at || err != nil {
					b.Fatal(from, err)
				}
			}
		})
	}
}
