package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// shipBytes is how much of a journal is read, sent, verified or written at once
// when one node ships it to another. A frame may be larger.
const shipBytes = 256 << 10

// shipped is a frame on its way into the journal, by its head alone.
type shipped struct {
	place
	history uint64
	chain   [32]byte
	// sealed: it is of a level whose chain covers its events, and so can be
	// proven. follows: the one before it in the batch proves it.
	sealed, follows bool
}

// batch are frames one behind the other.
type batch struct {
	frames []shipped
	bytes  []byte
}

func (b *batch) clear() { b.frames, b.bytes = b.frames[:0], b.bytes[:0] }

// read reads and verifies frames until there are enough, or none is there at the
// moment. With an error come the frames before it.
func (b *batch) read(in *bufio.Reader) error {
	b.clear()
	for {
		if err := b.readFrame(in); err != nil {
			return err
		}
		if len(b.bytes) >= shipBytes || in.Buffered() == 0 {
			return nil
		}
	}
}

// readFrame appends the next frame; io.EOF between two.
func (b *batch) readFrame(in *bufio.Reader) error {
	start := len(b.bytes)
	head, err := in.Peek(frameBytes)
	if err != nil {
		if errors.Is(err, io.EOF) && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	p := parsePlace(head)
	if p.size > maxPayload {
		return fmt.Errorf("frame of %d bytes from a peer: %w", p.size, ErrCorrupt)
	}
	b.bytes = append(b.bytes, make([]byte, p.bytes())...)
	frame := b.bytes[start:]
	if _, err := io.ReadFull(in, frame); err != nil {
		b.bytes = b.bytes[:start]
		return io.ErrUnexpectedEOF
	}
	f, err := b.verify(p, frame)
	if err != nil {
		b.bytes = b.bytes[:start]
		return err
	}
	b.frames = append(b.frames, f)
	return nil
}

// verify looks at a frame as it came: at its checksum, its head, and whether it
// continues the chain of the one before it. One that no chain proves is decoded.
func (b *batch) verify(p place, frame []byte) (shipped, error) {
	if frameSum(frame) != p.sum {
		return shipped{}, fmt.Errorf("frame from a peer: checksum: %w", ErrCorrupt)
	}
	head, err := eventcodec.Head(frame[frameBytes:])
	if err != nil {
		return shipped{}, fmt.Errorf("frame from a peer: %w: %w", ErrCorrupt, err)
	}
	if head.Index != p.index || head.First != p.first || head.Count != p.count || head.At != p.at {
		return shipped{}, fmt.Errorf("frame from a peer: its head is another block's: %w", ErrCorrupt)
	}
	f := shipped{place: p, history: head.History, chain: head.Chain, sealed: head.Digest != [32]byte{}}
	if !f.sealed {
		_, err := decode(frame)
		return f, err
	}
	if n := len(b.frames); n > 0 {
		f.follows = eventcodec.Proves(frame[frameBytes:], b.frames[n-1].chain)
	}
	return f, nil
}

// Fill reads what a peer's ServeRange wrote and closes the gap as far as that
// reaches. It verifies each frame, and that it continues the chain; a stream that
// ends within a frame is io.ErrUnexpectedEOF, and what came before it is kept.
func (j *Journal) Fill(r io.Reader) error {
	in := bufio.NewReaderSize(r, shipBytes)
	var b batch
	for {
		failed := b.read(in)
		done, err := j.fill(&b)
		if done || err != nil {
			return err
		}
		if errors.Is(failed, io.EOF) {
			return j.finish()
		}
		if failed != nil {
			return failed
		}
	}
}

// fill takes a batch, and reports whether the gap is closed.
func (j *Journal) fill(b *batch) (bool, error) {
	if len(b.frames) == 0 {
		return false, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return false, ErrClosed
	}
	if j.beside == nil {
		return true, nil
	}
	frames, bytes := b.frames, b.bytes
	for n := len(frames); n > 0 && frames[n-1].index > j.targetIndex; n-- {
		bytes = bytes[:len(bytes)-int(frames[n-1].bytes())]
		frames = frames[:n-1]
	}
	beyond := len(frames) < len(b.frames)
	if len(frames) > 0 {
		if err := j.takeRun(frames, bytes); err != nil {
			return false, err
		}
	}
	if !beyond && j.main.last.index < j.targetIndex {
		return false, nil // blocks without events may follow the last event
	}
	// mark: the journal is filled by a peer
	return true, j.joinIfFull()
}

// takeRun appends frames to the main chain. What of them is good before one that
// is not is kept.
func (j *Journal) takeRun(frames []shipped, bytes []byte) error {
	good, kept := len(frames), len(bytes)
	var wrong error
	for i, size := 0, 0; i < len(frames); i++ {
		if err := j.believes(frames, i, bytes[size:size+int(frames[i].bytes())]); err != nil {
			good, kept, wrong = i, size, err
			break
		}
		size += int(frames[i].bytes())
	}
	before := j.main.last.index
	j.main.based = j.main.empty()
	err := j.main.putRun(frames[:good], bytes[:kept])
	if j.main.last.index != before {
		j.shippedThrough(frames[:good])
	}
	return errors.Join(err, wrong)
}

// shippedThrough notes what the main chain has come to. Blocks that were shipped
// are not kept decoded: who reads them reads all of them.
func (j *Journal) shippedThrough(frames []shipped) {
	j.recent.clear()
	j.last = j.main.last.pin()
	for i := range frames {
		if f := &frames[i]; f.index == j.main.last.index {
			j.head.index, j.head.chain = f.index, f.chain
		}
	}
	j.wake()
}

// believes refuses a peer's block that the chain does not prove after the one
// before it, where both are of a level whose chain covers events. Whether the
// last of them all is the venue's the first block beside the gap tells, whose
// head was made here.
func (j *Journal) believes(frames []shipped, i int, frame []byte) error {
	f := &frames[i]
	if !f.sealed || f.index <= j.main.last.index {
		return nil
	}
	proven := f.follows
	if i == 0 {
		proven = j.head.index == 0 || j.head.index != j.main.last.index || eventcodec.Proves(frame[frameBytes:], j.head.chain)
	}
	if !proven {
		return fmt.Errorf("block of entry %d from a peer does not continue the chain: %w", f.index, ErrDiverged)
	}
	return nil
}

// putRun appends frames that lie one behind the other, each segment's with one
// write, or compares them with those that are there.
func (c *chain) putRun(frames []shipped, bytes []byte) error {
	for len(frames) > 0 {
		p := frames[0].place
		if !c.empty() && p.index <= c.last.index || !c.follows(p) || c.empty() && !c.based && p.first != 1 {
			if err := c.put(bytes[:p.bytes()], frames[0].history); err != nil {
				return err
			}
			frames, bytes = frames[1:], bytes[p.bytes():]
			continue
		}
		s, err := c.tail(header{history: frames[0].history, first: p.first, index: p.index})
		if err != nil {
			return err
		}
		n, size := c.fitting(s, frames)
		if err := s.addRun(frames[:n], bytes[:size]); err != nil {
			return err
		}
		c.last = frames[n-1].place
		frames, bytes = frames[n:], bytes[size:]
	}
	return nil
}

// fitting is how many frames, at least one, go on in a segment: all of one
// history, without a gap, until it is to be cut.
func (c *chain) fitting(s *segment, frames []shipped) (n int, size int64) {
	for i := range frames {
		f := &frames[i]
		if i > 0 && (s.size+size >= c.cut || f.history != frames[0].history ||
			f.index <= frames[i-1].index || f.first != frames[i-1].last()+1) {
			break
		}
		n, size = n+1, size+f.bytes()
	}
	return n, size
}

// addRun writes frames at the end.
func (s *segment) addRun(frames []shipped, bytes []byte) error {
	f, err := s.writable()
	if err == nil {
		_, err = f.WriteAt(bytes, s.size)
	}
	if err != nil {
		return fmt.Errorf("append to %s: %w", s.path, err)
	}
	for i := range frames {
		p := frames[i].place
		if s.begin.first == 0 {
			s.begin = p
		}
		s.note(p, s.size, false)
		s.size += p.bytes()
	}
	return nil
}

// ServeRange writes the frames of the blocks with events after a sequence
// until max bytes are exceeded or the journal ends: what a peer's Fill reads.
// After 0 means from the floor.
func (j *Journal) ServeRange(w io.Writer, after market.Sequence, max int64) (int64, error) {
	next := after + 1
	if after == 0 {
		next = j.Floor().Sequence
	}
	out := &shipment{to: w, next: next, left: max}
	for {
		v, err := j.segmentOf(out.next)
		if err != nil || v.segment == nil || out.left < 0 {
			return out.sent, err
		}
		before := out.next
		if err := out.segment(v); err != nil || out.next == before {
			return out.sent, err
		}
	}
}

// shipment is what of a journal is on its way to a peer.
type shipment struct {
	to     io.Writer
	next   market.Sequence // the first that was not sent
	left   int64           // negative: enough
	sent   int64
	buffer []byte
}

// segment sends what a segment holds from next on.
func (o *shipment) segment(v view) error {
	next := o.next
	for offset := v.from(func(p place) bool { return p.first <= next }); offset < v.end && o.left >= 0; {
		whole, err := o.read(v, offset)
		if werr := o.write(whole); werr != nil {
			return werr
		}
		if err != nil {
			return err
		}
		offset += int64(whole)
	}
	return nil
}

// read reads frames from an offset on and returns how many bytes of them verify.
func (o *shipment) read(v view, offset int64) (whole int, err error) {
	want := min(v.end-offset, shipBytes, o.left+frameBytes)
	for {
		if int64(cap(o.buffer)) < want {
			o.buffer = make([]byte, want)
		}
		o.buffer = o.buffer[:want]
		if _, err := v.ReadAt(o.buffer, offset); err != nil {
			return 0, fmt.Errorf("read %s at %d: %w", v.path, offset, err)
		}
		whole, need, err := v.wholeFrames(o.buffer, offset)
		if err != nil || whole > 0 {
			return whole, err
		}
		want = need // one frame is larger than what was read
	}
}

// wholeFrames returns how many bytes of whole frames a piece of a segment begins
// with, and of the first how long it is. They are verified.
func (v view) wholeFrames(piece []byte, offset int64) (whole int, need int64, err error) {
	for whole < len(piece) {
		rest, left := piece[whole:], v.end-offset-int64(whole)
		if left < frameBytes {
			return whole, 0, v.corrupt(offset+int64(whole), "frame is cut off")
		}
		if len(rest) < frameBytes {
			return whole, frameBytes, nil
		}
		p := parsePlace(rest)
		if p.size > maxPayload || p.bytes() > left {
			return whole, 0, v.corrupt(offset+int64(whole), "frame is cut off")
		}
		if int64(len(rest)) < p.bytes() {
			return whole, p.bytes(), nil
		}
		if frameSum(rest[:p.bytes()]) != p.sum {
			return whole, 0, v.corrupt(offset+int64(whole), "checksum")
		}
		whole += int(p.bytes())
	}
	return whole, 0, nil
}

// write sends verified frames but those that the peer has.
func (o *shipment) write(whole int) error {
	from := 0
	for at := 0; at < whole; {
		p := parsePlace(o.buffer[at:])
		at += int(p.bytes())
		if p.last() < o.next && (p.count > 0 || p.first < o.next) {
			from = at
			continue
		}
		o.next = p.last() + 1
	}
	n, err := o.to.Write(o.buffer[from:whole])
	o.sent += int64(n)
	o.left -= int64(n)
	return err
}
