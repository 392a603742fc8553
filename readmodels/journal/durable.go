package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/rialto-exchange/rialto/node/world"
)

// mark is what a sync is to make durable.
type mark struct {
	segments []*segment
	end      position
}

// mark returns what was appended and may not be durable. The caller holds the
// journal's lock.
func (c *chain) mark() mark {
	n := len(c.segments)
	if n == 0 {
		return mark{}
	}
	tail := c.segments[n-1]
	m := mark{end: position{tail.index, tail.size}}
	for _, s := range c.segments {
		if s.index >= c.durable.Segment {
			m.segments = append(m.segments, s)
		}
	}
	return m
}

// sync makes a mark durable, files first, then the record of it.
func (c *chain) sync(m mark) error {
	if !c.durable.before(m.end) {
		return nil
	}
	for _, s := range m.segments {
		if err := s.sync(); err != nil {
			return fmt.Errorf("%w: sync %s: %w", errPagesLost, s.path, err)
		}
	}
	b, err := json.Marshal(m.end)
	if err != nil {
		return fmt.Errorf("encode durable position: %w", err)
	}
	path := durablePath(c.dir)
	if err := writeSynced(c.files.disk, path+".new", b); err != nil {
		return fmt.Errorf("write durable position: %w", err)
	}
	if err := c.files.disk.Rename(path+".new", path); err != nil {
		return fmt.Errorf("replace durable position: %w", err)
	}
	if err := c.files.disk.SyncDir(c.dir); err != nil {
		return fmt.Errorf("sync journal folder: %w", err)
	}
	c.durable = m.end
	return m.release()
}

// errPagesLost: an fsync of a segment failed.
var errPagesLost = errors.New("what was appended may not be on the disk")

// syncAgain is sync after one that was lost, nil for none. The kernel reports a
// page that it could not write once, and takes it for clean from then on: a later
// fsync that succeeds proves nothing of it. So all since the last sync that held
// is verified and written once more, which makes its pages dirty again.
func (c *chain) syncAgain(m mark, lost error) error {
	if lost != nil {
		if err := c.writeAgain(m); err != nil {
			return fmt.Errorf("%w; it can't be written once more: %w", lost, err)
		}
	}
	return c.sync(m)
}

func (c *chain) writeAgain(m mark) error {
	for _, s := range m.segments {
		from := int64(0)
		if s.index == c.durable.Segment {
			from = c.durable.Offset
		}
		if err := s.writeAgain(from, s.sizeIn(m)); err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
	}
	return nil
}

// writeAgain writes what verifies of a range over itself, beside appends after
// it; ErrCorrupt if some of it does not. A segment that was released is durable.
func (s *segment) writeAgain(from, to int64) error {
	f := s.file.Load()
	if f == nil {
		return nil
	}
	if from < headerBytes {
		if _, err := f.WriteAt(s.header.append(nil), 0); err != nil {
			return err
		}
		from = headerBytes
	}
	var failed error
	_, err := s.scan(from, to, func(_ place, at int64, frame []byte) bool {
		_, failed = f.WriteAt(frame, at)
		return failed == nil
	})
	return errors.Join(failed, err)
}

// release closes the files of the segments that are sealed and durable now.
func (m mark) release() error {
	var errs []error
	for _, s := range m.segments {
		if s.index < m.end.Segment {
			errs = append(errs, s.release())
		}
	}
	return errors.Join(errs...)
}

func durablePath(dir string) string { return filepath.Join(dir, "durable.json") }

// readDurable returns the durable position; without a record, or with one that
// cannot be read, nothing is, and everything is verified.
func readDurable(files world.Files, dir string) (position, error) {
	var p position
	b, err := world.ReadFile(files, durablePath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("read durable position: %w", err)
	}
	if json.Unmarshal(b, &p) != nil {
		return position{}, nil
	}
	return p, nil
}

func writeSynced(files world.Files, path string, b []byte) error {
	f, err := world.Create(files, path)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
