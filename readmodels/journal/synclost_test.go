package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
)

// forgetfulDisk forgets, as a kernel does, what it could not write: a sync that
// fails takes the pages for clean, and the next one writes only what was written
// to the files after that.
type forgetfulDisk struct {
	world.Files
	mu    sync.Mutex
	fails int // so many syncs of segments
	dirty map[string]map[int]bool
	disk  map[string]map[int]bool // bytes that are durable
}

func (d *forgetfulDisk) OpenFile(name string, flag int, perm os.FileMode) (world.File, error) {
	f, err := d.Files.OpenFile(name, flag, perm)
	if err != nil || !strings.HasSuffix(name, ".journal") {
		return f, err
	}
	return &forgetfulFile{f, d}, nil
}

type forgetfulFile struct {
	world.File
	disk *forgetfulDisk
}

func (f *forgetfulFile) wrote(at int64, n int) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.dirty[f.Name()] == nil {
		f.disk.dirty[f.Name()] = map[int]bool{}
	}
	for i := range n {
		f.disk.dirty[f.Name()][int(at)+i] = true
	}
}

func (f *forgetfulFile) Write(b []byte) (int, error) {
	at, err := f.Seek(0, 1)
	if err != nil {
		return 0, err
	}
	f.wrote(at, len(b))
	return f.File.Write(b)
}

func (f *forgetfulFile) WriteAt(b []byte, at int64) (int, error) {
	f.wrote(at, len(b))
	return f.File.WriteAt(b, at)
}

func (f *forgetfulFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	dirty := f.disk.dirty[f.Name()]
	delete(f.disk.dirty, f.Name())
	if f.disk.fails > 0 {
		f.disk.fails--
		return &os.PathError{Op: "fsync", Path: f.Name(), Err: syscall.EIO}
	}
	if f.disk.disk[f.Name()] == nil {
		f.disk.disk[f.Name()] = map[int]bool{}
	}
	for at := range dirty {
		f.disk.disk[f.Name()][at] = true
	}
	return f.File.Sync()
}

// TestFailedSyncHeals shows that after an fsync has failed nothing counts as
// durable until all that it may have lost was verified and written once more: the
// kernel reports a lost page once, and the next fsync alone proves nothing.
func TestFailedSyncHeals(t *testing.T) {
	disk := &forgetfulDisk{Files: world.System().Files, dirty: map[string]map[int]bool{}, disk: map[string]map[int]bool{}}
	dir := t.TempDir()
	j, err := Open(Options{Dir: dir, Files: disk, SegmentBytes: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	appended := uint64(0)
	add := func(n int) {
		for range n {
			appended++
			b := &event.Block{Index: appended, Term: 1, At: 1, History: 1, First: market.Sequence(appended), Count: 1, Groups: []event.Group{{
				First: market.Sequence(appended), Count: 1, Records: []event.Record{&event.LeaderStarted{Term: 1, Leader: "n1", Sequence: 1}},
			}}}
			if err := j.Append(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(3)
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	add(30) // more than one segment
	disk.fails = 2
	for range 2 { // at first, and when it was written once more
		if err := j.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatalf("a sync that failed: %v", err)
		}
	}
	add(1)
	if err := j.Sync(); err != nil {
		t.Fatalf("what was lost was not written once more: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d segments: %v", len(files), err)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := range int(info.Size()) {
			if !disk.disk[name][at] {
				t.Fatalf("byte %d of %s counts as durable and is on no disk", at, filepath.Base(name))
			}
		}
	}
	// What no longer verifies can't be written once more: it counts as lost.
	add(1)
	disk.fails = 1
	if err := j.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	last := files[len(files)-1]
	good, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1
	for _, content := range [][]byte{bad, good} {
		if err := os.WriteFile(last, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := j.Sync(); (err != nil) != bytes.Equal(content, bad) {
			t.Errorf("a sync of bytes that verify %t: %v", bytes.Equal(content, good), err)
		}
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
