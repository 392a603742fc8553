package logstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// rig is a log in a directory, opened and opened again.
type rig struct {
	t      *testing.T
	files  world.Files // nil: the system's
	dir    string
	kind   logstore.Kind
	proven *logstore.Proven
	anchor *logstore.Anchor
	// born is the incarnation that the log is given; zero: none.
	born cluster.Incarnation
	*logstore.Log
}

// wrapped are files that nobody but the node knows: no library maps one into
// memory.
type wrapped struct{ world.Files }

func newRig(t *testing.T, kind logstore.Kind, files world.Files) *rig {
	r := &rig{t: t, files: files, dir: t.TempDir(), kind: kind}
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

func (r *rig) open() error {
	writer, err := archive.NewWriter(world.System().Files, filepath.Join(r.dir, "archive"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.proven = &logstore.Proven{}
	r.proven.Began(1, 0)
	r.anchor = &logstore.Anchor{}
	r.Log, err = logstore.Open(logstore.Options{
		Files: r.files, Dir: r.dir, Kind: r.kind, CacheBytes: 1 << 10,
		Archive: writer, Proven: r.proven, Anchor: r.anchor,
		Incarnation: r.born, Birth: true,
		Halt:   func(err error) { r.t.Errorf("halted: %v", err) },
		Logger: hclog.NewNullLogger(),
	})
	return err
}

func (r *rig) close() {
	if r.Log != nil {
		if err := r.Log.Close(); err != nil {
			r.t.Error(err)
		}
	}
	r.Log = nil
}

func (r *rig) reopen() {
	r.t.Helper()
	r.close()
	if err := r.open(); err != nil {
		r.t.Fatal(err)
	}
}

// store appends entries first to last, of a term.
func (r *rig) store(first, last, term uint64) {
	r.t.Helper()
	for ; first <= last; first += 512 {
		var entries []*raft.Log
		for i := first; i <= min(last, first+511); i++ {
			entries = append(entries, entry(i, term))
		}
		if err := r.StoreLogs(entries); err != nil {
			r.t.Fatal(err)
		}
	}
}

// entry is what is stored at index; every hundredth is Raft's own.
func entry(index, term uint64) *raft.Log {
	e := &raft.Log{Index: index, Term: term, Data: fmt.Appendf(nil, "entry %d of %d", index, term),
		AppendedAt: time.Unix(1, 2)}
	if index%100 == 0 {
		e.Type = raft.LogNoop
	}
	if index%7 == 0 {
		e.Extensions = []byte("extension")
	}
	return e
}

func (r *rig) wantBounds(first, last uint64) {
	r.t.Helper()
	gotFirst, err1 := r.FirstIndex()
	gotLast, err2 := r.LastIndex()
	if err := errors.Join(err1, err2); err != nil || gotFirst != first || gotLast != last {
		r.t.Fatalf("log holds %d to %d (%v), want %d to %d", gotFirst, gotLast, err, first, last)
	}
}

func (r *rig) wantEntries(first, last, term uint64) {
	r.t.Helper()
	for i := first; i <= last; i++ {
		var got raft.Log
		if err := r.GetLog(i, &got); err != nil {
			r.t.Fatal(err)
		}
		want := entry(i, term)
		if got.Index != i || got.Term != term || got.Type != want.Type ||
			string(got.Data) != string(want.Data) || string(got.Extensions) != string(want.Extensions) {
			r.t.Fatalf("entry %d = %+v, want %+v", i, got, *want)
		}
	}
}

// wantArchive checks what the archive's files cover, and that they hold each
// command of it once and verify.
func (r *rig) wantArchive(term uint64, ranges ...archive.Range) {
	r.t.Helper()
	a, err := archive.Open(world.System().Files, filepath.Join(r.dir, "archive"))
	if err != nil {
		r.t.Fatal(err)
	}
	if got := a.Ranges(); !slices.Equal(got, ranges) {
		r.t.Fatalf("archive covers %v, want %v", got, ranges)
	}
	if len(ranges) == 0 {
		return
	}
	next := uint64(ranges[0].First)
	for got, err := range a.Entries(ranges[0].First) {
		if err != nil {
			r.t.Fatal(err)
		}
		if next%100 == 0 {
			next++
		}
		if want := entry(next, term); got.Index != cluster.Index(next) || string(got.Data) != string(want.Data) {
			r.t.Fatalf("archived %+v, want %+v", got, *want)
		}
		next++
	}
	if end := uint64(ranges[len(ranges)-1].Last); next <= end && !(next == end && end%100 == 0) {
		r.t.Fatalf("archive ends at %d, want %d", next-1, end)
	}
}

// eachKind is the suite: a log store must pass all of it.
func eachKind(t *testing.T, test func(t *testing.T, r *rig)) {
	for _, kind := range []logstore.Kind{logstore.WAL, logstore.Bolt} {
		t.Run(string(kind), func(t *testing.T) { test(t, newRig(t, kind, nil)) })
	}
	t.Run("wal in a world", func(t *testing.T) { test(t, newRig(t, logstore.WAL, wrapped{world.System().Files})) })
}

// What was stored is read back, before and after the log is opened again, and
// the entries that were handed in are not changed by it.
func TestKeepsEntries(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		handed := entry(1, 3)
		if err := r.StoreLog(handed); err != nil {
			t.Fatal(err)
		}
		if len(handed.Extensions) != 0 {
			t.Errorf("extensions of the stored entry became %q", handed.Extensions)
		}
		r.store(2, 1000, 3)
		r.wantEntries(1, 1000, 3)
		r.reopen()
		r.wantBounds(1, 1000)
		r.wantEntries(1, 1000, 3)
		if err := r.GetLog(1001, &raft.Log{}); !errors.Is(err, raft.ErrLogNotFound) {
			t.Errorf("read past the end: %v", err)
		}
		if !r.IsMonotonic() {
			t.Error("log says that it can hold gaps")
		}
	})
}

// A compaction archives whole blocks of what was applied and then drops them;
// the rest stays for a later one. Doing it again does no harm.
func TestCompactionArchives(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 10000, 1)
		r.proven.Applied(9000)
		if err := r.DeleteRange(1, 4000); err != nil {
			t.Fatal(err)
		}
		r.wantBounds(1, 10000)
		if err := r.DeleteRange(1, 8999); err != nil {
			t.Fatal(err)
		}
		r.wantBounds(8193, 10000)
		r.wantEntries(8193, 10000, 1)
		if err := r.GetLog(8192, &raft.Log{}); !errors.Is(err, raft.ErrLogNotFound) {
			t.Errorf("a deleted entry reads as %v", err)
		}
		want := []archive.Range{{First: 1, Last: 4096}, {First: 4097, Last: 8192}}
		r.wantArchive(1, want...)
		if err := r.DeleteRange(8193, 9500); err != nil {
			t.Fatal(err)
		}
		r.wantBounds(8193, 10000)
		r.reopen()
		r.wantBounds(8193, 10000)
		r.wantArchive(1, want...)
	})
}

// A compaction never takes what was not applied, whatever Raft asks.
func TestCompactionStopsAtWhatIsProven(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 10000, 1)
		r.proven.Applied(5000)
		if err := r.DeleteRange(1, 9000); err != nil {
			t.Fatal(err)
		}
		r.wantBounds(4097, 10000)
		r.wantArchive(1, archive.Range{First: 1, Last: 4096})
	})
}

// A suffix that conflicts with the leader's log goes without a trace, and the
// log goes on from there, also when it is opened in between.
func TestConflictIsNotArchived(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 5000, 1)
		r.proven.Applied(300)
		if err := r.DeleteRange(301, 5000); err != nil {
			t.Fatal(err)
		}
		r.reopen()
		r.wantBounds(1, 300)
		r.store(301, 400, 2)
		r.wantEntries(1, 300, 1)
		r.wantEntries(301, 400, 2)
		r.wantArchive(1)
	})
}

// An installed snapshot empties the log: what was applied of it is archived,
// as part of a block at the end, and the log begins again beyond a gap.
func TestInstallEmptiesTheLog(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 5000, 1)
		r.proven.Applied(4500)
		r.proven.Began(9001, 9000)
		if err := r.DeleteRange(1, 5000); err != nil {
			t.Fatal(err)
		}
		r.wantBounds(0, 0)
		r.reopen()
		r.wantBounds(0, 0)
		r.store(9001, 9100, 2)
		r.wantBounds(9001, 9100)
		r.wantArchive(1, archive.Range{First: 1, Last: 4096}, archive.Range{First: 4097, Last: 4500})
	})
}

// A snapshot that ends inside a log that diverged empties it too, and the log
// begins again at an index that it had before.
func TestInstallOverLongerLog(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 5000, 1)
		if err := r.DeleteRange(1, 5000); err != nil {
			t.Fatal(err)
		}
		r.store(3001, 3100, 2)
		r.wantBounds(3001, 3100)
		r.wantEntries(3001, 3100, 2)
		r.reopen()
		r.wantEntries(3001, 3100, 2)
	})
}

// An archive that can't be written keeps the log as it is, and the node alive.
func TestFailedArchiveKeepsTheLog(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 5000, 1)
		r.proven.Applied(5000)
		blocked := archive.Range{First: 1, Last: 4096}
		if err := os.Mkdir(filepath.Join(r.dir, "archive", blocked.Name()+".tmp"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := r.DeleteRange(1, 4900); err == nil {
			t.Error("compaction reported no error")
		}
		r.wantBounds(1, 5000)
	})
}

// A directory holds a log of one kind.
func TestRefusesOtherKind(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.close()
		r.kind = map[logstore.Kind]logstore.Kind{logstore.WAL: logstore.Bolt, logstore.Bolt: logstore.WAL}[r.kind]
		if err := r.open(); !errors.Is(err, logstore.ErrOtherKind) {
			t.Errorf("open = %v, want %v", err, logstore.ErrOtherKind)
		}
	})
}
