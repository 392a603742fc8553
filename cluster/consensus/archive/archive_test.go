package archive_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/node/world"
)

// commands yields an entry for each index but the multiples of ten.
func commands(r archive.Range) iter.Seq2[cluster.Entry, error] {
	return func(yield func(cluster.Entry, error) bool) {
		for i := r.First; i <= r.Last; i++ {
			if i%10 != 0 && !yield(cluster.Entry{Index: i, Term: 3, Data: fmt.Appendf(nil, "entry %d", i)}, nil) {
				return
			}
		}
	}
}

func write(t *testing.T, dir string, ranges ...archive.Range) {
	t.Helper()
	w, err := archive.NewWriter(world.System().Files, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range ranges {
		if err := w.Write(r, commands); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns the indexes from an archive.
func read(t *testing.T, dir string, from cluster.Index) (got []cluster.Index, err error) {
	t.Helper()
	a, err := archive.Open(world.System().Files, dir)
	if err != nil {
		t.Fatal(err)
	}
	for entry, err := range a.Entries(from) {
		if err != nil {
			return got, err
		}
		if want := fmt.Sprintf("entry %d", entry.Index); string(entry.Data) != want || entry.Term != 3 {
			t.Fatalf("entry %d of term %d is %q", entry.Index, entry.Term, entry.Data)
		}
		got = append(got, entry.Index)
	}
	return got, nil
}

func want(first, last cluster.Index) (indexes []cluster.Index) {
	for entry := range commands(archive.Range{First: first, Last: last}) {
		indexes = append(indexes, entry.Index)
	}
	return indexes
}

// What was written is read back in order, cut into files at the block's ends,
// whatever the range began and ended at.
func TestCutsAtBlocks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, archive.Range{First: 4000, Last: 9000})
	a, err := archive.Open(world.System().Files, dir)
	if err != nil {
		t.Fatal(err)
	}
	files := []archive.Range{{First: 4000, Last: 4096}, {First: 4097, Last: 8192}, {First: 8193, Last: 9000}}
	if got := a.Ranges(); !slices.Equal(got, files) {
		t.Errorf("files %v, want %v", got, files)
	}
	if a.Last() != 9000 {
		t.Errorf("last = %d", a.Last())
	}
	if got, err := read(t, dir, 4000); err != nil || !slices.Equal(got, want(4000, 9000)) {
		t.Errorf("read %d entries, %v", len(got), err)
	}
	if got, err := read(t, dir, 5000); err != nil || !slices.Equal(got, want(5000, 9000)) {
		t.Errorf("from 5000: %d entries, %v", len(got), err)
	}
}

// Two nodes make the same bytes of a block, also when one of them came to it
// by another range; and a file that exists is not written again.
func TestBlocksAreTheSameEverywhere(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	write(t, one, archive.Range{First: 1, Last: 8192})
	write(t, two, archive.Range{First: 1, Last: 4096}, archive.Range{First: 4097, Last: 8192}, archive.Range{First: 1, Last: 8192})
	block := archive.Range{First: 4097, Last: 8192}.Name()
	a, err1 := os.ReadFile(filepath.Join(one, block))
	b, err2 := os.ReadFile(filepath.Join(two, block))
	if err := errors.Join(err1, err2); err != nil || string(a) != string(b) {
		t.Errorf("blocks differ, %v", err)
	}
}

// Files that overlap yield each entry once; a hole between files is an error
// that names it, after everything before the hole.
func TestOverlapsAndGaps(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, archive.Range{First: 1, Last: 3000}, archive.Range{First: 1, Last: 4096}, archive.Range{First: 2500, Last: 4096})
	if got, err := read(t, dir, 1); err != nil || !slices.Equal(got, want(1, 4096)) {
		t.Errorf("read %d entries, %v", len(got), err)
	}
	write(t, dir, archive.Range{First: 4099, Last: 5000})
	if got, err := read(t, dir, 1); !errors.Is(err, archive.ErrGap) || !slices.Equal(got, want(1, 4096)) {
		t.Errorf("over the gap: %d entries, %v", len(got), err)
	}
}

// Any bit of a file that changes is found before an entry of it is yielded,
// and so is a file that was cut or given another's name.
func TestFindsDamage(t *testing.T) {
	dir := t.TempDir()
	r := archive.Range{First: 1, Last: 40}
	write(t, dir, r)
	path := filepath.Join(dir, r.Name())
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := read(t, dir, 1); !errors.Is(err, archive.ErrCorrupt) || len(got) != 0 {
			t.Errorf("%s: %d entries, %v", what, len(got), err)
		}
	}
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		check(fmt.Sprintf("bit of byte %d", i), bad)
	}
	for _, n := range []int{0, 31, 32, 100, len(good) - 1} {
		check(fmt.Sprintf("cut at %d", n), good[:n])
	}
	check("bytes after the end", append(slices.Clone(good), 0))
	if err := errors.Join(os.WriteFile(path, good, 0o644), os.Rename(path, filepath.Join(dir, archive.Range{First: 1, Last: 41}.Name()))); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, dir, 1); !errors.Is(err, archive.ErrCorrupt) {
		t.Errorf("under another name: %v", err)
	}
}

// An entry of the largest size is archived, one byte more is refused and
// leaves no file; so is an entry from outside the range.
func TestBounds(t *testing.T) {
	w, err := archive.NewWriter(world.System().Files, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	one := func(e cluster.Entry) func(archive.Range) iter.Seq2[cluster.Entry, error] {
		return func(archive.Range) iter.Seq2[cluster.Entry, error] {
			return func(yield func(cluster.Entry, error) bool) { yield(e, nil) }
		}
	}
	big := make([]byte, archive.MaxDataBytes+1)
	if err := w.Write(archive.Range{First: 1, Last: 1}, one(cluster.Entry{Index: 1, Data: big})); err == nil {
		t.Error("an entry past the bound was taken")
	}
	if err := w.Write(archive.Range{First: 1, Last: 1}, one(cluster.Entry{Index: 1, Data: big[1:]})); err != nil {
		t.Errorf("an entry at the bound: %v", err)
	}
	if err := w.Write(archive.Range{First: 2, Last: 2}, one(cluster.Entry{Index: 1})); err == nil {
		t.Error("an entry from outside was taken")
	}
}

// The bytes of a file are frozen: an archive outlives every version of this
// program.
func TestGolden(t *testing.T) {
	dir := t.TempDir()
	r := archive.Range{First: 1, Last: 5}
	write(t, dir, r)
	got, err := os.ReadFile(filepath.Join(dir, r.Name()))
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "v1.entries")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden, got, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	wanted, err := os.ReadFile(golden)
	if err != nil || string(got) != string(wanted) {
		t.Errorf("file is\n%x\nwant\n%x (%v)", got, wanted, err)
	}
}
