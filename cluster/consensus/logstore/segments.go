package logstore

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"

	"github.com/rialto-exchange/rialto/node/world"
)

// segmentFiles are the files of raft-wal's segments. They do what the library's
// own do, but for how a segment is synced: the library does it by fsync after
// each append, and so has the file's times written with every entry, by a second
// write that the disk does after the first one. A segment has its whole length
// from the beginning: once that is durable, fdatasync has nothing to write but
// the entry.
type segmentFiles struct{ files world.Files }

var _ types.VFS = segmentFiles{}

func newSegments(files world.Files, dir string) *segment.Filer {
	return segment.NewFiler(dir, segmentFiles{files})
}

// ListDir returns the names of the files in a folder, in order.
func (s segmentFiles) ListDir(dir string) ([]string, error) {
	entries, err := s.files.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Create makes a segment of a length, which must not be there. Neither its
// content nor its name is durable before its first sync.
func (s segmentFiles) Create(dir, name string, size uint64) (types.WritableFile, error) {
	if size > math.MaxInt32 {
		return nil, fmt.Errorf("a segment of %d bytes, and %d at most", size, math.MaxInt32)
	}
	f, err := s.files.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := allocate(f, int64(size)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &segmentFile{File: f, name: func() error { return s.files.SyncDir(dir) }}, nil
}

// allocate gives a new file its length, and its room where the file system can.
func allocate(f world.File, size int64) error {
	if size == 0 {
		return nil
	}
	err := f.Allocate(0, size)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINTR) {
		return f.Truncate(size)
	}
	return err
}

// Delete removes a segment, and returns once that is durable.
func (s segmentFiles) Delete(dir, name string) error {
	if err := s.files.Remove(filepath.Join(dir, name)); err != nil {
		return err
	}
	return s.files.SyncDir(dir)
}

// OpenReader opens a segment that is there, for reading.
func (s segmentFiles) OpenReader(dir, name string) (types.ReadableFile, error) {
	return world.Open(s.files, filepath.Join(dir, name))
}

// OpenWriter opens a segment that is there, and returns once all that is in it
// is durable, with its length and its name. It may be of a process that ended
// before it synced what it wrote: whoever reads that as the end of the log would
// note it as synced, and tell a leader that sends it again that it is there, and
// a power cut would take it.
func (s segmentFiles) OpenWriter(dir, name string) (types.WritableFile, error) {
	f, err := s.files.OpenFile(filepath.Join(dir, name), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	w := &segmentFile{File: f, name: func() error { return s.files.SyncDir(dir) }}
	if err := w.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// segmentFile is synced whole once, its name too if it is new, and by its data
// from then on. One goroutine writes.
type segmentFile struct {
	world.File
	name  func() error // makes its name durable
	whole bool         // it was synced whole
}

// Sync returns once what was written, and the length, is durable.
func (f *segmentFile) Sync() error {
	if f.whole {
		return f.Datasync()
	}
	if err := f.File.Sync(); err != nil {
		return err
	}
	if err := f.name(); err != nil {
		return err
	}
	f.whole = true
	return nil
}
