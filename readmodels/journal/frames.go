package journal

// Frame is a block as it is in the journal: what a peer compares and what the
// node compares with its log.
type Frame struct {
	Index uint64
	// Encoded is the block's encoding.
	Encoded []byte
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
				frames = append(frames, Frame{p.index, frame[frameBytes:]})
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
