package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// chain is a row of segments without a gap. It has one writer; readers take
// views of it under the journal's lock.
type chain struct {
	dir      string
	cut      int64
	files    *files
	segments []*segment
	last     place
	// based says that the chain may begin anywhere: beside an open gap, or
	// filled from a peer that no longer has the beginning.
	based bool
	// durable is the position that the last sync reached.
	durable position
}

// position is a place in a chain.
type position struct {
	Segment uint64 `json:"segment"` // the index in its name
	Offset  int64  `json:"offset"`
}

func (p position) before(q position) bool {
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

func openChain(dir string, cut int64, files *files) (*chain, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make journal folder: %w", err)
	}
	c := &chain{dir: dir, cut: cut, files: files}
	var err error
	if c.durable, err = readDurable(dir); err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	sort.Strings(paths)
	if err := c.openSegments(paths); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// openSegments opens what was sealed and made durable as it is, and verifies
// the rest.
func (c *chain) openSegments(paths []string) error {
	for i, path := range paths {
		s, err := openSegment(path, c.files)
		if err != nil {
			if position := (position{Segment: indexOf(path)}); !position.before(c.durable) {
				return c.drop(paths[i:]) // made just before the end
			}
			return err
		}
		c.segments = append(c.segments, s)
		sealed := i+1 < len(paths) && indexOf(paths[i+1]) <= c.durable.Segment
		if sealed {
			if err := s.release(); err != nil {
				return fmt.Errorf("close %s: %w", path, err)
			}
			continue
		}
		whole, err := c.verify(s)
		if err != nil {
			return err
		}
		if !whole {
			return c.drop(paths[i+1:])
		}
		if err := c.syncOldest(); err != nil {
			return err
		}
	}
	return c.dropEmpty()
}

// indexOf reads the index in a segment's name; a strange name sorts last.
func indexOf(path string) uint64 {
	var index uint64
	if _, err := fmt.Sscanf(filepath.Base(path), "%d.journal", &index); err != nil {
		return 1<<64 - 1
	}
	return index
}

// verify steps through a segment. What doesn't verify beyond the durable
// position is cut off, with everything after it: the machine makes it again.
func (c *chain) verify(s *segment) (whole bool, err error) {
	s.loaded = true
	follows := true
	end, err := s.scan(headerBytes, s.size, func(p place, offset int64, _ []byte) bool {
		if follows = c.follows(p); follows {
			c.last = p
			s.note(p, offset)
		}
		return follows
	})
	if err == nil && follows {
		return true, nil
	}
	if err == nil {
		err = s.corrupt(end, "block does not follow")
	}
	if (position{s.index, end}).before(c.durable) || !errors.Is(err, ErrCorrupt) {
		return false, err
	}
	f, err := s.writable()
	if err == nil {
		err = f.Truncate(end)
	}
	if err != nil {
		return false, fmt.Errorf("cut off torn end: %w", err)
	}
	s.size = end
	return false, nil
}

func (c *chain) follows(p place) bool {
	if c.last.first == 0 {
		return true
	}
	return p.index > c.last.index && p.first == c.last.last()+1
}

func (c *chain) drop(paths []string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("drop segment: %w", err)
		}
	}
	return c.dropEmpty()
}

// dropEmpty removes last segments that hold nothing, so that the last block
// is in the last segment.
func (c *chain) dropEmpty() error {
	for n := len(c.segments); n > 0; n = len(c.segments) {
		s := c.segments[n-1]
		if s.size > headerBytes {
			if c.last.first != 0 {
				return nil
			}
			_, err := c.verify(s)
			return err
		}
		if err := errors.Join(s.close(), os.Remove(s.path)); err != nil {
			return fmt.Errorf("drop empty segment: %w", err)
		}
		c.segments = c.segments[:n-1]
	}
	return nil
}

func (c *chain) empty() bool { return c.last.first == 0 }

// put appends a frame, or compares it with the one that is there.
func (c *chain) put(frame []byte, history uint64) error {
	p := parsePlace(frame)
	if !c.empty() && p.index <= c.last.index {
		return c.compare(p.index, frame)
	}
	if !c.follows(p) || c.empty() && !c.based && p.first != 1 {
		return fmt.Errorf("block of sequence %d after %d: %w", p.first, c.last.pin().Sequence, ErrGap)
	}
	s, err := c.tail(header{history: history, first: p.first, index: p.index})
	if err != nil {
		return err
	}
	if err := s.add(p, frame); err != nil {
		return err
	}
	c.last = p
	return nil
}

// tail returns the segment that takes the next block.
func (c *chain) tail(h header) (*segment, error) {
	if n := len(c.segments); n > 0 {
		if s := c.segments[n-1]; s.size < c.cut && s.history == h.history {
			return s, nil
		}
	}
	if err := c.syncOldest(); err != nil {
		return nil, err
	}
	s, err := createSegment(c.dir, h, c.files)
	if err != nil {
		return nil, err
	}
	c.segments = append(c.segments, s)
	return s, nil
}

// syncOldest keeps the number of files bounded that wait for a sync, beside
// the one that is written to.
func (c *chain) syncOldest() error {
	i := len(c.segments) - maxUnsynced - 1
	if i < 0 {
		return nil
	}
	s := c.segments[i]
	if err := s.sync(); err != nil {
		return fmt.Errorf("sync %s: %w", s.path, err)
	}
	return s.release()
}

// compare checks that a frame is the one that is there.
func (c *chain) compare(index uint64, frame []byte) error {
	n := c.holdingIndex(index)
	if n < 0 {
		return nil // below the floor: nothing to compare with
	}
	v, err := c.view(n).loaded()
	if err != nil {
		return err
	}
	same := false
	start := v.from(func(p place) bool { return p.index <= index })
	_, err = v.scan(start, v.end, func(p place, _ int64, there []byte) bool {
		same = p.index == index && bytes.Equal(there, frame)
		return p.index < index
	})
	if err == nil && !same {
		err = fmt.Errorf("entry %d: %w", index, ErrDiverged)
	}
	return err
}

// view returns what is in a segment now. The caller holds the journal's lock;
// loaded, which reads the disk, is for afterwards.
func (c *chain) view(i int) view {
	s := c.segments[i]
	if i < len(c.segments)-1 {
		return view{segment: s, end: s.size}
	}
	return view{segment: s, posts: s.signposts, end: s.size}
}

func (v view) loaded() (view, error) {
	if v.posts != nil {
		return v, nil
	}
	if err := v.load(); err != nil {
		return v, err
	}
	v.posts = v.signposts
	return v, nil
}

// holding returns the segment that holds a sequence, −1 if it lies before.
func (c *chain) holding(sequence market.Sequence) int {
	return sort.Search(len(c.segments), func(i int) bool { return c.segments[i].first > sequence }) - 1
}

// holdingIndex returns the segment that holds a log index, −1 if it lies
// before.
func (c *chain) holdingIndex(index uint64) int {
	return sort.Search(len(c.segments), func(i int) bool { return c.segments[i].index > index }) - 1
}

// holdingTime returns the segment that holds an instant, −1 if it lies before.
func (c *chain) holdingTime(at market.Nanos) int {
	return sort.Search(len(c.segments), func(i int) bool { return c.segments[i].begin.at > at }) - 1
}

func (c *chain) floor() event.Pin {
	if len(c.segments) == 0 {
		return event.Pin{}
	}
	b := c.segments[0].begin
	return event.Pin{Sequence: b.first, At: b.at}
}

func (c *chain) close() error {
	var errs []error
	for _, s := range c.segments {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}
