package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
)

// stride is how many bytes lie between two signposts at least: what a look-up
// steps over at most, beside one block.
const stride = 64 << 10

// signpost says where a block lies in its segment.
type signpost struct {
	place
	offset int64
}

// segment is one file. Its size and signposts grow only by the journal's one
// writer; readers take what they see under the journal's lock.
type segment struct {
	header
	path string
	// file is the segment's own descriptor while it is written to or not
	// durable; nil after that.
	file  atomic.Pointer[opened]
	files *files
	begin place // of the first block; zero without one
	size  int64
	// signposts are sparse and ascending. A sealed segment's are read when
	// first needed: opening a long journal must not read all of it.
	signposts []signpost
	loaded    bool
	loading   sync.Mutex
}

func segmentPath(dir string, index uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%020d.journal", index))
}

func createSegment(dir string, h header, files *files) (*segment, error) {
	path := segmentPath(dir, h.index)
	f, err := files.disk.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create segment: %w", err)
	}
	if _, err := f.Write(h.append(nil)); err != nil {
		return nil, errors.Join(fmt.Errorf("write segment header: %w", err), f.Close())
	}
	s := &segment{header: h, path: path, files: files, size: headerBytes, loaded: true}
	s.file.Store(&opened{f})
	return s, nil
}

// openSegment opens a file. A header that does not verify is made anew from the
// first block if that does; else it is ErrCorrupt, beside a segment of which
// only the index is known.
func openSegment(path string, files *files) (*segment, error) {
	f, err := files.disk.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	s := &segment{path: path, files: files}
	s.file.Store(&opened{f})
	err = s.readHeader(f)
	if errors.Is(err, ErrCorrupt) {
		err = s.mendHeader(f)
	}
	if errors.Is(err, ErrCorrupt) {
		return s, fmt.Errorf("open %s: %w", path, err)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), f.Close())
	}
	return s, nil
}

func (s *segment) readHeader(f world.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.size = info.Size()
	b := make([]byte, headerBytes)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	s.header, err = parseHeader(b)
	return err
}

// mendHeader makes the header anew: it says nothing that the first block and
// the file's name do not.
func (s *segment) mendHeader(f world.File) error {
	s.index = indexOf(s.path)
	p, frame, err := s.read(headerBytes, s.size)
	if err != nil {
		return err
	}
	b, err := decode(frame)
	if err != nil {
		return err
	}
	if p.index != s.index {
		return s.corrupt(headerBytes, "first block is not the one in the file's name")
	}
	s.header = header{history: b.History, first: b.First, index: b.Index}
	_, err = f.WriteAt(s.header.append(nil), 0)
	return err
}

// readBegin reads the place of the first block, which says when the segment
// begins.
func (s *segment) readBegin() error {
	if s.size <= headerBytes {
		return nil
	}
	p, _, err := s.read(headerBytes, s.size)
	if err == nil {
		s.begin = p
	}
	return err
}

// add writes one frame at the end.
func (s *segment) add(p place, frame []byte) error {
	f, err := s.writable()
	if err == nil {
		_, err = f.WriteAt(frame, s.size)
	}
	if err != nil {
		return fmt.Errorf("append to %s: %w", s.path, err)
	}
	if s.begin.first == 0 {
		s.begin = p
	}
	s.note(p, s.size, false)
	s.size += int64(len(frame))
	return nil
}

func (s *segment) note(p place, offset int64, always bool) {
	if n := len(s.signposts); n == 0 || always || offset-s.signposts[n-1].offset >= stride {
		s.signposts = append(s.signposts, signpost{p, offset})
	}
}

// read returns the verified frame at an offset.
func (s *segment) read(offset, end int64) (place, []byte, error) {
	var head [frameBytes]byte
	if end-offset < frameBytes {
		return place{}, nil, s.corrupt(offset, "frame is cut off")
	}
	if _, err := s.ReadAt(head[:], offset); err != nil {
		return place{}, nil, fmt.Errorf("read %s at %d: %w", s.path, offset, err)
	}
	p := parsePlace(head[:])
	if p.size > maxPayload || p.bytes() > end-offset {
		return place{}, nil, s.corrupt(offset, "frame is cut off")
	}
	frame := make([]byte, p.bytes())
	if _, err := s.ReadAt(frame, offset); err != nil {
		return place{}, nil, fmt.Errorf("read %s at %d: %w", s.path, offset, err)
	}
	if frameSum(frame) != p.sum {
		return place{}, nil, s.corrupt(offset, "checksum")
	}
	return p, frame, nil
}

func (s *segment) corrupt(offset int64, what string) error {
	s.files.suspects.add(s)
	return fmt.Errorf("%s at offset %d: %s: %w: %w", s.path, offset, what, ErrCorrupt, readmodels.ErrRepairing)
}

// scan verifies the frames from an offset on and calls yield with each, until
// yield returns false. It returns where it stopped.
func (s *segment) scan(offset, end int64, yield func(p place, offset int64, frame []byte) bool) (int64, error) {
	for offset < end {
		p, frame, err := s.read(offset, end)
		if err != nil {
			return offset, err
		}
		if !yield(p, offset, frame) {
			return offset, nil
		}
		offset += p.bytes()
	}
	return offset, nil
}

// load reads the signposts of a sealed segment, once.
func (s *segment) load() error {
	s.loading.Lock()
	defer s.loading.Unlock()
	if s.loaded {
		return nil
	}
	var sparse segment
	after := false // a hole: what follows it must be found without it
	err := s.scanAround(s.size, func(p place, offset int64, _ []byte) {
		sparse.note(p, offset, after)
		after = false
	}, func(int64, int64) { after = true })
	if err != nil {
		return err
	}
	s.signposts, s.loaded = sparse.signposts, true
	return nil
}

// view is what a reader sees of a segment: what was there when it began.
type view struct {
	*segment
	posts []signpost
	end   int64
}

// from returns the offset of the last signpost for which before holds.
func (v view) from(before func(place) bool) int64 {
	n := sort.Search(len(v.posts), func(i int) bool { return !before(v.posts[i].place) })
	if n == 0 {
		return headerBytes
	}
	return v.posts[n-1].offset
}

// find returns the frame of the block that holds a sequence.
func (v view) find(sequence market.Sequence) (frame []byte, err error) {
	start := v.from(func(p place) bool { return p.first <= sequence })
	_, err = v.scan(start, v.end, func(p place, _ int64, f []byte) bool {
		if p.count > 0 && p.first <= sequence && sequence <= p.last() {
			frame = f
		}
		return frame == nil && p.first <= sequence
	})
	return frame, err
}

func decode(frame []byte) (*event.Block, error) {
	b, err := eventcodec.DecodeBlock(frame[frameBytes:])
	if err != nil {
		return nil, fmt.Errorf("decode block: %w: %w", ErrCorrupt, err)
	}
	return b, nil
}
