package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/rialto-exchange/rialto/fsm/eventcodec"
)

// A block that does not verify is never served. Its segment is suspected, and
// whoever mends the journal (node) asks for the holes in it, fetches the blocks
// that belong there from peers, and has them written back in place: every node
// has the same bytes of the same block.

// suspects are the segments in which a block did not verify.
type suspects struct {
	mu       sync.Mutex
	segments map[*segment]bool
}

func newSuspects() *suspects { return &suspects{segments: map[*segment]bool{}} }

func (s *suspects) add(seg *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments[seg] = true
}

func (s *suspects) drop(seg *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.segments, seg)
}

func (s *suspects) all() []*segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*segment, 0, len(s.segments))
	for seg := range s.segments {
		all = append(all, seg)
	}
	return all
}

// Damaged counts the segments that wait to be mended.
func (j *Journal) Damaged() int { return len(j.files.suspects.all()) }

// scanAround is scan that steps over what does not verify: hole is told where
// it begins and where the next good frame does, or the end.
func (s *segment) scanAround(end int64, yield func(p place, offset int64, frame []byte), hole func(from, to int64)) error {
	var last place
	offset := int64(headerBytes)
	for offset < end {
		stopped, err := s.scan(offset, end, func(p place, at int64, frame []byte) bool {
			last = p
			yield(p, at, frame)
			return true
		})
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrCorrupt) {
			return err
		}
		next, err := s.nextGood(stopped, end, last)
		if err != nil {
			return err
		}
		hole(stopped, next)
		offset = next
	}
	return nil
}

// nextGood returns where the next frame begins that verifies and can follow a
// block (the zero place: there was none yet), or the end.
func (s *segment) nextGood(offset, end int64, last place) (int64, error) {
	rest := make([]byte, end-offset)
	if _, err := s.ReadAt(rest, offset); err != nil {
		return 0, fmt.Errorf("read %s at %d: %w", s.path, offset, err)
	}
	for i := 1; i+frameBytes <= len(rest); i++ {
		p := parsePlace(rest[i:])
		plausible := binary.LittleEndian.Uint32(rest[i+36:]) == 0 && p.index > last.index && p.index >= s.index &&
			p.first >= s.first && (last.first == 0 || p.first > last.last()) && p.size <= maxPayload && p.bytes() <= int64(len(rest)-i)
		if plausible && frameSum(rest[i:i+int(p.bytes())]) == p.sum {
			return offset + int64(i), nil
		}
	}
	return end, nil
}

// Hole is a part of a segment that does not verify.
type Hole struct {
	// After and Before are the log indexes of the blocks beside it; After is
	// that of the one before the segment's first if that is hit (0 = none),
	// Before 0 at the journal's end.
	After, Before uint64
	segment       *segment
	from, to      int64
	left, right   []byte    // encodings of the blocks beside it, nil if there is none
	head          *[32]byte // the last block's head, if it is known and right is nil
}

// String says where the hole is.
func (h Hole) String() string {
	return fmt.Sprintf("%s at %d to %d, entries after %d before %d", h.segment.path, h.from, h.to, h.After, h.Before)
}

// Holes looks for what is damaged in the segments in which a block did not
// verify. It reads them whole.
func (j *Journal) Holes() ([]Hole, error) {
	var holes []Hole
	for _, s := range j.files.suspects.all() {
		found, err := j.holesIn(s)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			j.files.suspects.drop(s)
		}
		holes = append(holes, found...)
	}
	return holes, nil
}

func (j *Journal) holesIn(s *segment) ([]Hole, error) {
	i, end, head := j.placeOf(s)
	if i < 0 {
		return nil, nil // dropped since
	}
	left, err := j.lastOf(i - 1)
	if err != nil {
		return nil, err
	}
	var holes []Hole
	err = s.scanAround(end, func(_ place, _ int64, frame []byte) {
		left = frame[frameBytes:]
		if n := len(holes); n > 0 && holes[n-1].right == nil {
			holes[n-1].right = left
		}
	}, func(from, to int64) {
		holes = append(holes, Hole{segment: s, from: from, to: to, left: left})
	})
	if err != nil {
		return nil, err
	}
	for n := range holes {
		h := &holes[n]
		if h.right == nil {
			if h.right, err = j.firstOf(i + 1); err != nil {
				return nil, err
			}
		}
		if h.right == nil {
			h.head = head
		}
		h.After, h.Before = indexIn(h.left), indexIn(h.right)
	}
	return holes, nil
}

func indexIn(encoded []byte) uint64 {
	if b, err := eventcodec.Head(encoded); encoded != nil && err == nil {
		return b.Index
	}
	return 0
}

// placeOf returns which segment of the chain it is, −1 for none, its end, and
// the head of the chain after the journal's last block if that is in memory.
func (j *Journal) placeOf(s *segment) (i int, end int64, head *[32]byte) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if n := len(j.recent.blocks); n > 0 && j.recent.blocks[n-1].block.Index == j.main.last.index {
		chain := j.recent.blocks[n-1].block.Chain
		head = &chain
	}
	for i, other := range j.main.segments {
		if other == s {
			return i, s.size, head
		}
	}
	return -1, 0, nil
}

// firstOf returns the first block of a segment, nil if there is none or it does
// not verify; lastOf the last one.
func (j *Journal) firstOf(i int) ([]byte, error) { return j.edgeOf(i, true) }
func (j *Journal) lastOf(i int) ([]byte, error)  { return j.edgeOf(i, false) }

func (j *Journal) edgeOf(i int, first bool) ([]byte, error) {
	if i < 0 {
		return nil, nil
	}
	v, ok, err := j.segmentAt(i)
	if err != nil || !ok {
		return nil, err
	}
	var found []byte
	_, err = v.scan(headerBytes, v.end, func(_ place, _ int64, frame []byte) bool {
		found = frame[frameBytes:]
		return !first
	})
	if errors.Is(err, ErrCorrupt) {
		return nil, nil
	}
	return found, err
}

// ErrUnproven: the chain does not prove blocks that are to fill a hole, because
// they are of the first feature level or have no neighbours left.
var ErrUnproven = errors.New("blocks are not proven by their neighbours")

// Mend fills a hole with the blocks that belong there, and returns once they
// are on disk. ErrUnproven if the chain does not prove them: agreed says that
// they are believed because two members have the same. Blocks that do not fit
// are ErrDiverged.
func (j *Journal) Mend(h Hole, blocks []Frame, agreed bool) error {
	frames, err := h.fit(blocks)
	if err != nil {
		return err
	}
	if !agreed && !h.proven(blocks) {
		return ErrUnproven
	}
	f, err := j.files.disk.OpenFile(h.segment.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("mend journal: %w", err)
	}
	// mark: a hole in the journal is mended
	_, err = f.WriteAt(frames, h.from)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("mend journal: %w", err)
	}
	return nil
}

// fit makes frames of blocks, which must fill the hole and follow one another.
func (h Hole) fit(blocks []Frame) ([]byte, error) {
	var frames []byte
	var last place
	if left, err := eventcodec.Head(h.left); h.left != nil && err == nil {
		last = place{index: left.Index, first: left.First, count: left.Count}
	}
	for _, f := range blocks {
		b, err := eventcodec.DecodeBlock(f.Encoded)
		if err != nil {
			return nil, fmt.Errorf("block of entry %d from a peer: %w: %w", f.Index, ErrDiverged, err)
		}
		if last.first != 0 && (b.Index <= last.index || b.First != last.last()+1) {
			return nil, fmt.Errorf("block of entry %d does not follow %d: %w", b.Index, last.index, ErrDiverged)
		}
		last = place{index: b.Index, first: b.First, count: b.Count}
		frames = appendFrame(frames, b, f.Encoded)
	}
	if right, err := eventcodec.Head(h.right); h.right != nil && err == nil &&
		(right.Index <= last.index || right.First != last.last()+1) {
		return nil, fmt.Errorf("block of entry %d does not follow %d: %w", right.Index, last.index, ErrDiverged)
	}
	if int64(len(frames)) != h.to-h.from {
		return nil, fmt.Errorf("%d bytes for a hole of %d: %w", len(frames), h.to-h.from, ErrDiverged)
	}
	return frames, nil
}

// proven reports whether the chain runs through the blocks from the one before
// the hole to the one after it.
func (h Hole) proven(blocks []Frame) bool {
	var head [32]byte // before the first block of all
	if left, err := eventcodec.Head(h.left); h.left != nil {
		if err != nil {
			return false
		}
		head = left.Chain
	} else if first, err := eventcodec.Head(blocks[0].Encoded); err != nil || first.First != 1 {
		return false
	}
	for _, f := range blocks {
		b, err := eventcodec.Head(f.Encoded)
		if err != nil || !eventcodec.Proves(f.Encoded, head) {
			return false
		}
		head = b.Chain
	}
	if h.right != nil {
		return eventcodec.Proves(h.right, head)
	}
	return h.head != nil && *h.head == head
}

// MendReplayed fills a hole with what a replay of the entries made, from the
// block before the hole (if there is one) to the one after it. Both of these
// must be there as the replay has them, which proves what lies between them on
// any feature level; ErrUnproven if nothing follows the hole. Blocks that do
// not fit are ErrDiverged.
func (j *Journal) MendReplayed(h Hole, blocks []Frame) error {
	if h.right == nil {
		return ErrUnproven
	}
	n := len(blocks) - 1
	if n < 0 || !bytes.Equal(blocks[n].Encoded, h.right) {
		return fmt.Errorf("block of entry %d: %w", h.Before, ErrDiverged)
	}
	blocks = blocks[:n]
	if h.left != nil {
		if n == 0 || !bytes.Equal(blocks[0].Encoded, h.left) {
			return fmt.Errorf("block of entry %d: %w", h.After, ErrDiverged)
		}
		blocks = blocks[1:]
	}
	return j.Mend(h, blocks, true)
}
