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
	"github.com/rialto-exchange/rialto/node/world"
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
	// compared is the last block that was compared, and where it ends: a replay
	// goes through the blocks in order, and need not look for each.
	compared compared
}

type compared struct {
	place
	*segment
	end int64
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
	if err := files.disk.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make journal folder: %w", err)
	}
	c := &chain{dir: dir, cut: cut, files: files}
	var err error
	if c.durable, err = readDurable(files.disk, dir); err != nil {
		return nil, err
	}
	paths, err := world.Names(files.disk, dir, ".journal")
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	if err := c.openSegments(paths); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// openSegments opens what was sealed and made durable as it is, and verifies
// the rest.
func (c *chain) openSegments(paths []string) error {
	defer c.clampDurable()
	for i, path := range paths {
		sealed := i+1 < len(paths) && indexOf(paths[i+1]) <= c.durable.Segment
		s, err := openSegment(path, c.files)
		if errors.Is(err, ErrCorrupt) {
			if sealed {
				err = c.adopt(s)
			} else {
				return errors.Join(s.close(), c.drop(paths[i:])) // the machine makes it again
			}
		}
		if err != nil {
			return err
		}
		c.segments = append(c.segments, s)
		if sealed {
			if err := c.openSealed(s); err != nil {
				return err
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

// openSealed looks at when a sealed segment begins. If its first block does not
// verify it seems to begin with the one before it: then a search for an instant
// finds the damage, and not a wrong block.
func (c *chain) openSealed(s *segment) error {
	err := s.readBegin()
	if errors.Is(err, ErrCorrupt) {
		s.begin = place{index: s.index, first: s.first}
		if n := len(c.segments); n > 1 {
			s.begin.at = c.segments[n-2].begin.at
		}
		err = nil
	}
	if err = errors.Join(err, s.release()); err != nil {
		return fmt.Errorf("open %s: %w", s.path, err)
	}
	return nil
}

// adopt takes a sealed segment whose header and first block do not verify: it
// follows the one before it.
func (c *chain) adopt(s *segment) error {
	s.first = 1
	if n := len(c.segments); n > 0 {
		before := c.segments[n-1]
		s.first, s.history = before.first, before.history
		err := before.scanAround(before.size, func(p place, _ int64, _ []byte) { s.first = p.last() + 1 }, func(int64, int64) {})
		if err != nil {
			return err
		}
	}
	f, err := s.writable()
	if err == nil {
		_, err = f.WriteAt(s.header.append(nil), 0)
	}
	if err != nil {
		return fmt.Errorf("mend header of %s: %w", s.path, err)
	}
	return nil
}

// clampDurable lowers the durable position to the end: a record that says more
// would make the next sync believe that there is nothing to do.
func (c *chain) clampDurable() {
	end := position{}
	if n := len(c.segments); n > 0 {
		end = position{c.segments[n-1].index, c.segments[n-1].size}
	}
	if end.before(c.durable) {
		c.durable = end
	}
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
// position is cut off, with everything after it, and so is a durable end that
// doesn't verify: the machine makes it again. A hole before that stays one.
func (c *chain) verify(s *segment) (whole bool, err error) {
	s.loaded = true
	for offset, holes := int64(headerBytes), 0; ; holes++ {
		bad, err := c.verifyFrom(s, offset, holes > 0)
		if err != nil || bad == s.size {
			if holes == 0 {
				s.files.suspects.drop(s)
			}
			return true, err
		}
		if (position{s.index, bad}).before(c.durable) {
			if offset, err = s.nextGood(bad, s.size, c.last); err != nil {
				return false, err
			}
			if offset < s.size {
				// mark: the journal opens with a hole
				continue
			}
		}
		if holes == 0 {
			s.files.suspects.drop(s)
		}
		// mark: the journal's torn end is cut off
		return false, s.truncate(bad)
	}
}

// verifyFrom verifies the frames from an offset on and returns where the first
// bad one begins, or the end.
func (c *chain) verifyFrom(s *segment, offset int64, afterHole bool) (int64, error) {
	end, err := s.scan(offset, s.size, func(p place, at int64, _ []byte) bool {
		if !afterHole && !c.follows(p) {
			return false
		}
		c.last = p
		if s.begin.first == 0 {
			s.begin = p
		}
		s.note(p, at, afterHole)
		afterHole = false
		return true
	})
	if errors.Is(err, ErrCorrupt) {
		err = nil
	}
	return end, err
}

func (s *segment) truncate(end int64) error {
	f, err := s.writable()
	if err == nil {
		err = f.Truncate(end)
	}
	if err != nil {
		return fmt.Errorf("cut off torn end: %w", err)
	}
	s.size = end
	return nil
}

func (c *chain) follows(p place) bool {
	if c.last.first == 0 {
		return true
	}
	return p.index > c.last.index && p.first == c.last.last()+1
}

func (c *chain) drop(paths []string) error {
	for _, path := range paths {
		if err := c.files.disk.Remove(path); err != nil {
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
		if err := errors.Join(s.close(), c.files.disk.Remove(s.path)); err != nil {
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
	var before place
	start := v.from(func(p place) bool { return p.index <= index })
	if last := c.compared; last.segment == v.segment && last.index < index {
		start, before = max(start, last.end), last.place
	}
	stopped, err := v.scan(start, v.end, func(p place, at int64, there []byte) bool {
		same = p.index == index && bytes.Equal(there, frame)
		if p.index < index {
			before = p
		}
		if same {
			c.compared = compared{p, v.segment, at + p.bytes()}
		}
		return p.index < index
	})
	if errors.Is(err, ErrCorrupt) {
		return v.heal(stopped, before, frame)
	}
	if err == nil && !same {
		err = fmt.Errorf("entry %d: %w", index, ErrDiverged)
	}
	return err
}

// heal writes a block that the machine has made again over one that does not
// verify, if it is that one: it follows the block before the damage and what
// follows it verifies, or is the damage's next part. What it cannot tell stays
// a hole.
func (v view) heal(offset int64, before place, frame []byte) error {
	p := parsePlace(frame)
	if offset != headerBytes && (before.first == 0 || p.first != before.last()+1 || p.index <= before.index) ||
		offset == headerBytes && p.index != v.index {
		return nil
	}
	next, err := v.nextGood(offset, v.end, before)
	if err != nil {
		return err
	}
	if left := next - offset - p.bytes(); left < 0 || left > 0 && left < frameBytes {
		return nil
	}
	f, err := v.files.disk.OpenFile(v.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("mend journal: %w", err)
	}
	_, err = f.WriteAt(frame, offset)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("mend journal: %w", err)
	}
	return nil
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
