package journal

import (
	"errors"
	"fmt"
	"io"
)

// Frame is a block as it is in the journal: what a peer compares and what the
// node compares with its log.
type Frame struct {
	Index uint64
	// Encoded is the block's encoding.
	Encoded []byte
	frame   []byte // with what goes before it on disk
}

// ServeFrames writes the blocks with an index after one and before another (0 =
// the end), as they are on disk, until max bytes are exceeded: what a peer's
// ReadFrames reads.
func (j *Journal) ServeFrames(w io.Writer, after, before uint64, max int) error {
	const batch = 64
	for written := 0; written <= max; {
		frames, err := j.Frames(after, batch, max)
		if err != nil || len(frames) == 0 {
			return err
		}
		for _, f := range frames {
			if before != 0 && f.Index >= before {
				return nil
			}
			n, err := w.Write(f.frame)
			if err != nil {
				return fmt.Errorf("serve frames: %w", err)
			}
			written, after = written+n, f.Index
		}
	}
	return nil
}

// ReadFrames reads what a peer's ServeFrames wrote, at most about max bytes.
// It verifies their checksums and nothing else.
func ReadFrames(r io.Reader, max int) ([]Frame, error) {
	var frames []Frame
	for bytes := 0; bytes <= max; {
		frame, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return nil, err
		}
		frames = append(frames, Frame{parsePlace(frame).index, frame[frameBytes:], frame})
		bytes += len(frame)
	}
	return frames, nil
}

// Frames returns the blocks with an index after the given one, those without
// events included, in order: at most so many, and no more once their bytes
// exceed maxBytes. None is the end of the journal. What follows a gap is not
// returned. ErrCorrupt if one does not verify.
func (j *Journal) Frames(after uint64, limit, maxBytes int) ([]Frame, error) {
	var frames []Frame
	bytes := 0
	for i := j.segmentHolding(after); len(frames) < limit && bytes <= maxBytes; i++ {
		v, ok, err := j.segmentAt(i)
		if err != nil || !ok {
			return frames, err
		}
		start := v.from(func(p place) bool { return p.index <= after })
		_, err = v.scan(start, v.end, func(p place, _ int64, frame []byte) bool {
			if p.index > after {
				frames = append(frames, Frame{p.index, frame[frameBytes:], frame})
				bytes += len(frame)
			}
			return len(frames) < limit && bytes <= maxBytes
		})
		if err != nil {
			return frames, err
		}
	}
	return frames, nil
}

// segmentHolding returns the number of the segment that holds a log index, or
// of the first one.
func (j *Journal) segmentHolding(index uint64) int {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return max(j.main.holdingIndex(index), 0)
}

// segmentAt returns the i-th segment, and whether there is one.
func (j *Journal) segmentAt(i int) (view, bool, error) {
	j.mu.RLock()
	if j.closed || i >= len(j.main.segments) {
		defer j.mu.RUnlock()
		if j.closed {
			return view{}, false, ErrClosed
		}
		return view{}, false, nil
	}
	v := j.main.view(i)
	j.mu.RUnlock()
	v, err := v.loaded()
	return v, err == nil, err
}
