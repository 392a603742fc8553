package journal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
)

// A node that got a snapshot installed lacks the events between its last one
// and the snapshot's. Meanwhile new blocks go to a chain beside; readers see
// the main chain, which ends at the gap; Fill appends what a peer sends to the
// main chain and, when it has reached the snapshot, joins the two.

// Rebase says that the machine goes on from a snapshot with this last
// sequence. If the journal does not reach it, a gap opens.
func (j *Journal) Rebase(sequence market.Sequence, index uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	if err := j.dropBeside(); err != nil {
		return err
	}
	if sequence <= j.last.Sequence {
		return nil
	}
	beside, err := openChain(besideDir(j.options.Dir), j.options.SegmentBytes, j.files)
	if err != nil {
		return fmt.Errorf("open journal beside the gap: %w", err)
	}
	// mark: the journal begins again behind a snapshot
	beside.based = true
	// The chain beside begins right after the snapshot.
	beside.last = place{index: index, first: sequence + 1}
	j.target, j.targetIndex, j.beside = sequence, index, beside
	return nil
}

func besideDir(dir string) string { return filepath.Join(dir, "beside") }

func removeBeside(files world.Files, dir string) error {
	if err := files.RemoveAll(besideDir(dir)); err != nil {
		return fmt.Errorf("remove journal beside a gap: %w", err)
	}
	return nil
}

func (j *Journal) dropBeside() error {
	if j.beside == nil {
		return nil
	}
	err := errors.Join(j.beside.close(), removeBeside(j.options.Files, j.options.Dir))
	j.beside, j.target = nil, 0
	return err
}

// Missing returns the range of events (after, through] that a peer must send,
// and whether there is one.
func (j *Journal) Missing() (after, through market.Sequence, open bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	after, through = j.missing()
	return after, through, j.beside != nil
}

func (j *Journal) missing() (after, through market.Sequence) {
	if j.beside == nil {
		return j.last.Sequence, j.last.Sequence
	}
	return j.last.Sequence, j.target
}

func (j *Journal) segmentOf(sequence market.Sequence) (view, error) {
	j.mu.RLock()
	i := j.main.holding(sequence)
	if j.closed || sequence > j.last.Sequence || i < 0 {
		defer j.mu.RUnlock()
		if j.closed {
			return view{}, ErrClosed
		}
		return view{}, nil
	}
	v := j.main.view(i)
	j.mu.RUnlock()
	return v.loaded()
}

func readFrame(r io.Reader) ([]byte, error) {
	frame := make([]byte, frameBytes)
	if _, err := io.ReadFull(r, frame); err != nil {
		return nil, err
	}
	p := parsePlace(frame)
	if p.size > maxPayload {
		return nil, fmt.Errorf("frame of %d bytes from a peer: %w", p.size, ErrCorrupt)
	}
	frame = append(frame, make([]byte, p.size)...)
	if _, err := io.ReadFull(r, frame[frameBytes:]); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if frameSum(frame) != p.sum {
		return nil, fmt.Errorf("frame from a peer: checksum: %w", ErrCorrupt)
	}
	return frame, nil
}

// finish ends a Fill: the gap may have been full before, with a join that
// failed.
func (j *Journal) finish() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	return j.joinIfFull()
}

// joinIfFull closes a gap that is full.
func (j *Journal) joinIfFull() error {
	if j.beside == nil || j.last.Sequence < j.target {
		return nil
	}
	if err := j.continued(); err != nil {
		return err
	}
	return j.join()
}

// continued holds what a peer sent against the first block beside the gap.
func (j *Journal) continued() error {
	if len(j.beside.segments) == 0 || j.main.last.index != j.targetIndex {
		return nil // or the peer has not all blocks without events
	}
	_, frame, err := j.beside.segments[0].read(headerBytes, j.beside.segments[0].size)
	if err != nil {
		return err
	}
	b, err := decode(frame)
	if err != nil || b.Digest == [32]byte{} || j.head.index != j.main.last.index {
		return err
	}
	if !eventcodec.Proves(frame[frameBytes:], j.head.chain) {
		return fmt.Errorf("block of entry %d does not continue the chain of what a peer sent: %w", b.Index, ErrDiverged)
	}
	return nil
}

// join appends the chain beside to the main one. Only blocks that will stay
// decoded in memory are decoded. After an error the gap stays open, and the
// next join goes on where this one ended.
func (j *Journal) join() error {
	var left int64
	for _, s := range j.beside.segments {
		left += s.size
	}
	var failed error
	for i := range j.beside.segments {
		v, err := j.beside.view(i).loaded()
		if err != nil {
			return err
		}
		_, err = v.scan(headerBytes, v.end, func(p place, _ int64, frame []byte) bool {
			failed = j.joinFrame(p, frame, v.history, left <= int64(j.options.RecentBytes))
			left -= p.bytes()
			return failed == nil
		})
		if err = errors.Join(err, failed); err != nil {
			return fmt.Errorf("join journal: %w", err)
		}
	}
	j.wake()
	return j.dropBeside()
}

func (j *Journal) joinFrame(p place, frame []byte, history uint64, keep bool) error {
	before := j.main.last.index
	if err := j.main.put(frame, history); err != nil || j.main.last.index == before {
		return err
	}
	j.last = p.pin()
	if !keep {
		j.recent.clear()
		return nil
	}
	b, err := decode(frame)
	if err != nil {
		return err
	}
	j.recent.add(b, len(frame), j.options.Now())
	return nil
}
