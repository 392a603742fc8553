package journal

import (
	"errors"
	"fmt"
	"os"
)

// easeBytes is how much is appended before it is begun to be written out.
const easeBytes = 512 << 10

// Ease begins to write out what was appended, if it is enough to matter, and
// waits for none of it. It promises nothing: that is Sync's, which would find
// all of it to do at once, and stand in the way of the log's own writes for as
// long as that takes.
func (j *Journal) Ease() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.RLock()
	m, closed := j.main.mark(), j.closed
	j.mu.RUnlock()
	if closed {
		return ErrClosed
	}
	at := j.eased
	for _, s := range m.segments {
		if s.index < at.Segment {
			continue
		}
		from, to := int64(0), s.sizeIn(m)
		if s.index == at.Segment {
			from = at.Offset
		}
		if to-from < easeBytes && s.index == m.end.Segment {
			break // the tail, and little of it
		}
		if err := s.ease(from, to); err != nil {
			return err
		}
		at = position{s.index, to}
	}
	j.eased = at
	return nil
}

// sizeIn returns how long the segment is as of a mark: all of it, unless it is
// the one that is written to.
func (s *segment) sizeIn(m mark) int64 {
	if s.index == m.end.Segment {
		return m.end.Offset
	}
	return s.size
}

// ease begins to write out a range of the segment, unless it is durable.
func (s *segment) ease(from, to int64) error {
	f := s.file.Load()
	if f == nil {
		return nil
	}
	err := f.WriteOut(from, to-from, false)
	if errors.Is(err, os.ErrClosed) {
		return nil // meanwhile: it is durable
	}
	if err != nil {
		return fmt.Errorf("begin to write out: %w", err)
	}
	return nil
}
