package journal

import (
	"errors"
	"os"
	"sync"

	"github.com/rialto-exchange/rialto/node/world"
)

// A journal has a segment for every 32 MiB that the venue ever said, and must
// not keep a descriptor for each. The segment that is written to, and sealed
// ones that are not durable yet, keep theirs (a later one would not be told
// that the kernel failed to write a page); the others are opened when they are
// read, and the last few that were read stay open.
const (
	// defaultSealedFiles is how many sealed and durable segments stay open.
	defaultSealedFiles = 64
	// maxUnsynced is how many sealed segments wait for a sync with their
	// files open. One more makes the oldest durable first: a snapshot syncs
	// long before, but a gap that is being filled knows none.
	maxUnsynced = 64
)

// files are the open descriptors of sealed segments, the last used at the end.
type files struct {
	disk     world.Files
	bound    int
	suspects *suspects

	mu     sync.Mutex
	open   []openFile // at most bound
	closed bool
}

type openFile struct {
	segment *segment
	file    *opened
}

// opened is an open file: a place for it that can be swapped.
type opened struct{ world.File }

// of returns the file of a sealed segment. It may be closed by the time it is
// read from: then the reader asks again.
func (f *files) of(s *segment) (*opened, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	for i, o := range f.open {
		if o.segment == s {
			copy(f.open[i:], f.open[i+1:])
			f.open[len(f.open)-1] = o
			return o.file, nil
		}
	}
	inner, err := world.Open(f.disk, s.path)
	if err != nil {
		return nil, err
	}
	file := &opened{inner}
	if len(f.open) >= f.bound {
		_ = f.open[0].file.Close() // it was only read from
		f.open = append(f.open[:0], f.open[1:]...)
	}
	f.open = append(f.open, openFile{s, file})
	return file, nil
}

// drop closes the file of a segment if it is open.
func (f *files) drop(s *segment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, o := range f.open {
		if o.segment == s {
			_ = o.file.Close() // it was only read from
			f.open = append(f.open[:i], f.open[i+1:]...)
			return
		}
	}
}

// close closes all; nothing is opened any more.
func (f *files) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, o := range f.open {
		_ = o.file.Close() // it was only read from
	}
	f.open = nil
}

// ReadAt implements io.ReaderAt, with whichever descriptor there is.
func (s *segment) ReadAt(b []byte, offset int64) (int, error) {
	for {
		f := s.file.Load()
		if f == nil {
			var err error
			if f, err = s.files.of(s); err != nil {
				return 0, err
			}
		}
		n, err := f.ReadAt(b, offset)
		if errors.Is(err, os.ErrClosed) && s.file.Load() != f {
			continue // released or evicted beside us
		}
		return n, err
	}
}

// writable returns the file to write to; the segment keeps it open.
func (s *segment) writable() (*opened, error) {
	if f := s.file.Load(); f != nil {
		return f, nil
	}
	inner, err := s.files.disk.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	f := &opened{inner}
	s.file.Store(f)
	return f, nil
}

// sync makes durable what was written through the segment's own descriptor;
// one that was released is durable.
func (s *segment) sync() error {
	f := s.file.Load()
	if f == nil {
		return nil
	}
	err := f.Sync()
	if errors.Is(err, os.ErrClosed) && s.file.Load() == nil {
		return nil
	}
	return err
}

// release gives the segment's own descriptor back: it is sealed and durable.
func (s *segment) release() error {
	if f := s.file.Swap(nil); f != nil {
		return f.Close()
	}
	return nil
}

// close gives back whatever the segment holds.
func (s *segment) close() error {
	s.files.drop(s)
	return s.release()
}
