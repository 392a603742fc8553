package logstore

import (
	"os"

	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
)

// segmentFiles are raft-wal's own files, but for how they are synced. The
// library syncs a segment by fsync after each append, and so has the file's
// times written with every entry, by a second write that the disk does after the
// first one. A segment has its whole length from the beginning: once that is
// durable, fdatasync has nothing to write but the entry.
type segmentFiles struct{ *fs.FS }

var _ types.VFS = segmentFiles{}

func newSegments(dir string) *segment.Filer { return segment.NewFiler(dir, segmentFiles{fs.New()}) }

// Create makes a segment of a length.
func (s segmentFiles) Create(dir, name string, size uint64) (types.WritableFile, error) {
	w, err := s.FS.Create(dir, name, size)
	if err != nil {
		return nil, err
	}
	return datasynced(w), nil
}

// OpenWriter opens a segment that is there. Whether its length is durable nobody
// knows: it may be of a process that ended before its first sync.
func (s segmentFiles) OpenWriter(dir, name string) (types.WritableFile, error) {
	w, err := s.FS.OpenWriter(dir, name)
	if err != nil {
		return nil, err
	}
	return datasynced(w), nil
}

func datasynced(w types.WritableFile) types.WritableFile {
	switch f := w.(type) {
	case *fs.File:
		return &segmentFile{WritableFile: w, file: &f.File}
	case *os.File:
		return &segmentFile{WritableFile: w, file: f}
	}
	return w
}

// segmentFile is synced whole once, its name too if it is new, and by its data
// from then on. One goroutine writes.
type segmentFile struct {
	types.WritableFile
	file  *os.File
	whole bool // it was synced whole
}

// Sync returns once what was written, and the length, is durable.
func (f *segmentFile) Sync() error {
	if f.whole {
		return datasync(f.file)
	}
	if err := f.WritableFile.Sync(); err != nil {
		return err
	}
	f.whole = true
	return nil
}
