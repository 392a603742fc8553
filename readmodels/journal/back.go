package journal

import (
	"sort"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// ReadBack calls yield with each block that has an event at or before a
// sequence, the newest first, until the floor or until yield returns false. It
// costs what Read costs: a segment is entered at its signposts from the last
// one on, and what lies between two of them (64 KiB, or one block) is read
// forwards and held meanwhile.
func (j *Journal) ReadBack(through market.Sequence, yield func(*event.Block) bool) error {
	for next := min(through, j.Last().Sequence); next > 0; {
		found, v, err := j.locateBack(next, readBatch)
		if err != nil {
			return err
		}
		for _, b := range found {
			if !yield(b) {
				return nil
			}
			next = b.First - 1
		}
		if v.segment == nil {
			if len(found) == 0 {
				return nil
			}
			continue
		}
		more, err := readSegmentBack(v, &next, yield)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// locateBack returns decoded blocks from the one that holds a sequence back if
// they are in memory, else the segment that holds it, or neither below the
// floor.
func (j *Journal) locateBack(sequence market.Sequence, limit int) ([]*event.Block, view, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return nil, view{}, ErrClosed
	}
	if i, ok := j.recent.from(sequence); ok {
		found := make([]*event.Block, 0, min(limit, i+1))
		for ; i >= 0 && len(found) < limit; i-- {
			found = append(found, j.recent.blocks[i].block)
		}
		return found, view{}, nil
	}
	i := j.main.holding(sequence)
	if i < 0 {
		return nil, view{}, nil
	}
	return nil, j.main.view(i), nil
}

// readSegmentBack yields the blocks of a segment from *next back, which it
// moves along, and reports whether to go on.
func readSegmentBack(v view, next *market.Sequence, yield func(*event.Block) bool) (bool, error) {
	v, err := v.loaded()
	if err != nil {
		return false, err
	}
	for *next >= v.first {
		before := *next
		frames, err := v.stretch(*next)
		if err != nil {
			return false, err
		}
		for i := len(frames) - 1; i >= 0; i-- {
			b, err := decode(frames[i])
			if err != nil {
				return false, err
			}
			*next = b.First - 1
			if !yield(b) {
				return false, nil
			}
		}
		if *next == before {
			return false, v.corrupt(v.end, "a block is missing")
		}
	}
	return true, nil
}

// stretch returns the frames with events from the last signpost at or before a
// sequence through the block that holds it.
func (v view) stretch(through market.Sequence) (frames [][]byte, err error) {
	n := sort.Search(len(v.posts), func(i int) bool { return v.posts[i].first > through })
	for len(frames) == 0 && err == nil {
		start := int64(headerBytes)
		if n > 0 {
			start = v.posts[n-1].offset
		}
		_, err = v.scan(start, v.end, func(p place, _ int64, frame []byte) bool {
			if p.first > through {
				return false
			}
			if p.count > 0 {
				frames = append(frames, frame)
			}
			return true
		})
		// Blocks without events share their sequence with the one that
		// follows: what is looked for may lie before the signpost.
		if n--; n < 0 {
			break
		}
	}
	return frames, err
}
