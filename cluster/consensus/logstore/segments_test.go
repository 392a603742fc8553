package logstore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/raft-wal/types"
)

// counted counts whole syncs, and fails them while it is told to.
type counted struct {
	types.WritableFile
	whole int
	err   error
}

func (c *counted) Sync() error {
	c.whole++
	return c.err
}

// TestSegmentsAreSyncedWholeOnce shows that a segment's length and name are made
// durable with the first append that succeeds, and that later ones sync the data
// alone.
func TestSegmentsAreSyncedWholeOnce(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "segment"))
	if err != nil {
		t.Fatal(err)
	}
	below := &counted{WritableFile: file, err: errors.New("input/output error")}
	s := &segmentFile{WritableFile: below, file: file}
	if err := s.Sync(); !errors.Is(err, below.err) {
		t.Errorf("got %v, want %v", err, below.err)
	}
	below.err = nil
	for range 3 {
		if err := s.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if below.whole != 2 {
		t.Errorf("synced whole %d times, want once and the one that failed", below.whole)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); err == nil {
		t.Error("a sync of a closed file succeeded")
	}
}

// TestSegmentsOfTheLibrary shows that both ways in which the library opens a
// segment for writing give one that is synced so.
func TestSegmentsOfTheLibrary(t *testing.T) {
	dir := t.TempDir()
	files := segmentFiles{}
	made, err := files.Create(dir, "a", 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := files.OpenWriter(dir, "a")
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]types.WritableFile{"made": made, "opened": opened} {
		if _, ok := f.(*segmentFile); !ok {
			t.Errorf("%s: %T", name, f)
		}
		if err := errors.Join(f.Sync(), f.Sync(), f.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
