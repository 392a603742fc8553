package journal

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Block implements readmodels.Journal.
func (j *Journal) Block(sequence market.Sequence) (*event.Block, error) {
	found, v, err := j.locate(sequence, 1)
	switch {
	case err != nil:
		return nil, err
	case len(found) > 0:
		return found[0], nil
	case v.segment == nil:
		return nil, readmodels.ErrNotFound
	}
	if b := j.cache.get(sequence); b != nil {
		return b, nil
	}
	if v, err = v.loaded(); err != nil {
		return nil, err
	}
	frame, err := v.find(sequence)
	if err != nil {
		return nil, err
	}
	if frame == nil {
		return nil, v.corrupt(v.end, "a block is missing")
	}
	b, err := decode(frame)
	if err == nil {
		j.cache.add(b, len(frame))
	}
	return b, err
}

// readBatch is how many blocks are taken from memory at a time.
const readBatch = 64

// Read implements readmodels.Journal.
func (j *Journal) Read(after market.Sequence, yield func(*event.Block) bool) error {
	for next := after + 1; ; {
		found, v, err := j.locate(next, readBatch)
		if err != nil {
			return err
		}
		if len(found) == 0 && v.segment == nil {
			return nil
		}
		for _, b := range found {
			if !yield(b) {
				return nil
			}
			next = b.Last() + 1
		}
		if v.segment == nil {
			continue
		}
		more, err := readSegment(v, &next, yield)
		if err != nil || !more {
			return err
		}
	}
}

// readSegment yields the blocks of a segment from *next on, which it moves
// along, and reports whether to go on.
func readSegment(v view, next *market.Sequence, yield func(*event.Block) bool) (bool, error) {
	v, err := v.loaded()
	if err != nil {
		return false, err
	}
	more, before := true, *next
	var broken error
	start := v.from(func(p place) bool { return p.first <= *next })
	_, err = v.scan(start, v.end, func(p place, _ int64, frame []byte) bool {
		if p.count == 0 || p.last() < *next {
			return true
		}
		var b *event.Block
		if b, broken = decode(frame); broken != nil {
			return false
		}
		*next = p.last() + 1
		more = yield(b)
		return more
	})
	if err == nil {
		err = broken
	}
	if err == nil && more && *next == before {
		err = v.corrupt(v.end, "a block is missing")
	}
	return more, err
}

// locate returns decoded blocks from the one that holds a sequence on if they
// are in memory, else the segment that holds it, or neither past the end.
func (j *Journal) locate(sequence market.Sequence, limit int) ([]*event.Block, view, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return nil, view{}, ErrClosed
	}
	if sequence > j.last.Sequence {
		return nil, view{}, nil
	}
	if i, ok := j.recent.from(sequence); ok {
		end := min(len(j.recent.blocks), i+limit)
		found := make([]*event.Block, 0, end-i)
		for _, r := range j.recent.blocks[i:end] {
			found = append(found, r.block)
		}
		return found, view{}, nil
	}
	i := j.main.holding(sequence)
	if i < 0 || sequence == 0 {
		return nil, view{}, readmodels.ErrBeforeFloor
	}
	return nil, j.main.view(i), nil
}

// SequenceAt implements readmodels.Journal.
func (j *Journal) SequenceAt(at market.Nanos) (market.Sequence, error) {
	j.mu.RLock()
	if at >= j.last.At {
		defer j.mu.RUnlock()
		return j.last.Sequence, nil
	}
	i := j.main.holdingTime(at)
	if i < 0 {
		defer j.mu.RUnlock()
		if j.main.floor().Sequence > 1 {
			return 0, readmodels.ErrBeforeFloor
		}
		return 0, nil
	}
	v := j.main.view(i)
	j.mu.RUnlock()
	v, err := v.loaded()
	if err != nil {
		return 0, err
	}
	var found market.Sequence
	start := v.from(func(p place) bool { return p.at <= at })
	_, err = v.scan(start, v.end, func(p place, _ int64, _ []byte) bool {
		if p.at <= at {
			found = p.last()
		}
		return p.at <= at
	})
	return found, err
}
