package forward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/internal/batch"
)

// submission is what one call brought.
type submission struct {
	commands [][]byte
	bytes    int
	outcomes []cluster.Outcome // of its first commands; the answered ones
	deadline time.Time
	done     func([]cluster.Outcome, error)
	// flying is how many of its frames are on the link now; exposed says that
	// a frame of it was on a link that is gone, and its fate is unknown.
	flying  int
	exposed bool
	over    bool        // done was called, or is about to be
	err     error       // what done is told instead of the outcomes
	next    *submission // in a list of finished ones
}

// failure is what the submitter is told of the commands that have no outcome
// when they will not be sent any more: neverSent if surely none of them was or
// will be executed.
func (sub *submission) failure(neverSent error, cause error) error {
	err := neverSent
	if sub.exposed || sub.flying > 0 {
		err = cluster.ErrUnknownOutcome
	}
	if cause == nil || errors.Is(cause, err) {
		return err
	}
	return &verdict{error: err, cause: cause}
}

// verdict is what a submitter is told, with why. The cause may be an error of
// package cluster too, about a link and not about these commands: it is for
// people, and errors.Is must not find it. Only the submitter's own context is
// found there.
type verdict struct {
	error
	cause error
}

func (v *verdict) Error() string { return v.error.Error() + ": " + v.cause.Error() }
func (v *verdict) Unwrap() error { return v.error }

// Is finds the end of a context.
func (v *verdict) Is(target error) bool {
	return (target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(v.cause, target)
}

// frame is what goes to the leader at once: commands of one or several
// submissions, up to an entry's bounds.
type frame struct {
	id    uint64 // counts from 0 on each link
	batch batch.Batch[*submission]
}

// window holds what is unanswered, in the order in which it came, and knows
// what of it is on the link. It starts no goroutine and reads no clock; the
// Client guards it.
//
//	subs[head:]             unanswered, oldest first
//	subs[head:cursor]       wholly on the link, or over
//	subs[cursor][:from]     on the link or answered
//	frames                  on the link, oldest first, answered in order
//
// The order promise: a link carries the unanswered commands from the first
// on, without a gap. Each copy of command n+1 that the leader of a reign sees
// is thus preceded by one of command n, unless n has its answer.
type window struct {
	subs     []*submission
	head     int
	cursor   int
	from     int
	commands int // of subs[head:], bounded by the Client
	bytes    int
	link     uint64 // counts links; answers of an earlier one are ignored
	nextID   uint64
	frames   []*frame
	first    int // frames[first:] are on the link
	spare    []*frame
}

// add puts a submission at the end.
func (w *window) add(sub *submission) {
	w.compact()
	w.subs = append(w.subs, sub)
	w.commands += len(sub.commands)
	w.bytes += sub.bytes
}

// compact moves the live part to the front when half of the slice is dead.
func (w *window) compact() {
	if w.head < 64 || w.head*2 < len(w.subs) {
		return
	}
	n := copy(w.subs, w.subs[w.head:])
	clear(w.subs[n:])
	w.subs = w.subs[:n]
	w.cursor -= w.head
	w.head = 0
}

// attach begins a new link: everything unanswered is to be sent on it, from
// the first on. It returns the link's number.
func (w *window) attach() uint64 {
	w.link++
	w.nextID = 0
	w.rewind()
	return w.link
}

// detach ends the link. Frames from number unsent on were surely not
// executed; the fate of the others is unknown until they are sent again.
func (w *window) detach(unsent uint64) {
	for _, f := range w.frames[w.first:] {
		for _, p := range f.batch.Parts {
			p.Of.flying = 0
			p.Of.exposed = p.Of.exposed || f.id < unsent
		}
	}
	// The frames are not used again: a sequencer may still hold their slices.
	clear(w.frames)
	w.frames, w.first = w.frames[:0], 0
	w.link++
	w.rewind()
}

func (w *window) rewind() {
	w.cursor, w.from = w.head, 0
	if w.head < len(w.subs) {
		w.from = len(w.subs[w.head].outcomes)
	}
}

// inFlight is how many frames are on the link.
func (w *window) inFlight() int { return len(w.frames) - w.first }

// take returns the next frame to send, or nil when everything is sent.
func (w *window) take() *frame {
	f := w.fresh()
	for w.cursor < len(w.subs) {
		sub := w.subs[w.cursor]
		if sub.over {
			w.advance()
			continue
		}
		n, all := f.batch.Add(sub, sub.commands[w.from:])
		w.from += n
		sub.flying += min(n, 1)
		if !all {
			break
		}
		w.advance()
	}
	if f.batch.Empty() {
		w.spare = append(w.spare, f)
		return nil
	}
	f.id = w.nextID
	w.nextID++
	w.launch(f)
	return f
}

// launch puts a frame on the link, in memory that does not grow with time.
func (w *window) launch(f *frame) {
	if w.first >= 16 {
		n := copy(w.frames, w.frames[w.first:])
		clear(w.frames[n:])
		w.frames, w.first = w.frames[:n], 0
	}
	w.frames = append(w.frames, f)
}

func (w *window) advance() {
	w.cursor++
	w.from = 0
}

// fresh returns an empty frame, of used memory if there is some.
func (w *window) fresh() *frame {
	n := len(w.spare)
	if n == 0 {
		return new(frame)
	}
	f := w.spare[n-1]
	w.spare = w.spare[:n-1]
	return f
}

// answer books the outcomes of the oldest frame of a link and returns the
// submissions that are complete now. An answer from a link that is gone is
// ignored: those commands have been, or will be, sent again.
func (w *window) answer(link, id uint64, outcomes []cluster.Outcome) (done finished, err error) {
	f, err := w.oldest(link, id)
	if f == nil {
		return done, err
	}
	if want := len(f.batch.Commands); len(outcomes) != want {
		return done, fmt.Errorf("%d outcomes for %d commands: %w", len(outcomes), want, errFrame)
	}
	w.land(f)
	for _, p := range f.batch.Parts {
		p.Of.flying--
		if !p.Of.over {
			p.Of.keep(outcomes[:p.Count])
			if len(p.Of.outcomes) == len(p.Of.commands) {
				done.add(p.Of, nil)
			}
		}
		outcomes = outcomes[p.Count:]
	}
	w.recycle(f)
	w.trim()
	return done, nil
}

// fail ends the submissions of the oldest frame of a link with err, which is
// final: the leader will not execute this copy of them.
func (w *window) fail(link, id uint64, reason error) (done finished, err error) {
	f, err := w.oldest(link, id)
	if f == nil {
		return done, err
	}
	w.land(f)
	for _, p := range f.batch.Parts {
		p.Of.flying--
		if !p.Of.over {
			done.add(p.Of, p.Of.failure(reason, reason))
		}
	}
	w.recycle(f)
	w.trim()
	return done, nil
}

// oldest returns the frame that the next answer of the link must be for.
func (w *window) oldest(link, id uint64) (*frame, error) {
	if link != w.link {
		return nil, nil
	}
	if w.inFlight() == 0 || w.frames[w.first].id != id {
		return nil, fmt.Errorf("answer to frame %d out of turn: %w", id, errFrame)
	}
	return w.frames[w.first], nil
}

// land takes the oldest frame off the link.
func (w *window) land(f *frame) {
	w.frames[w.first] = nil
	if w.first++; w.first == len(w.frames) {
		w.frames, w.first = w.frames[:0], 0
	}
}

func (w *window) recycle(f *frame) {
	f.batch.Reset()
	w.spare = append(w.spare, f)
}

// expire ends what is older than its deadline. stalled says that some of it
// was on the link: a leader that took it and did not answer.
func (w *window) expire(now time.Time, cause error) (done finished, stalled bool) {
	for _, sub := range w.subs[w.head:] {
		if sub.over {
			continue
		}
		if sub.deadline.After(now) {
			break
		}
		stalled = stalled || sub.flying > 0
		done.add(sub, sub.failure(cluster.ErrNoLeader, cause))
	}
	w.trim()
	return done, stalled
}

// nextDeadline is the earliest there is.
func (w *window) nextDeadline() (time.Time, bool) {
	for _, sub := range w.subs[w.head:] {
		if !sub.over {
			return sub.deadline, true
		}
	}
	return time.Time{}, false
}

// abandon ends one submission whose caller no longer waits. Frames of it that
// are on the link stay there.
func (w *window) abandon(sub *submission, neverSent, cause error) (err error, was bool) {
	if sub.over {
		return nil, false
	}
	sub.over = true
	w.trim()
	return sub.failure(neverSent, cause), true
}

// drain ends everything.
func (w *window) drain(neverSent error) (done finished) {
	for _, sub := range w.subs[w.head:] {
		if !sub.over {
			done.add(sub, sub.failure(neverSent, nil))
		}
	}
	w.trim()
	return done
}

// trim drops what is over from the front.
func (w *window) trim() {
	for w.head < len(w.subs) && w.subs[w.head].over {
		sub := w.subs[w.head]
		w.commands -= len(sub.commands)
		w.bytes -= sub.bytes
		w.subs[w.head] = nil
		w.head++
	}
	if w.cursor < w.head {
		w.cursor, w.from = w.head, 0
	}
}

func (sub *submission) keep(outcomes []cluster.Outcome) {
	if sub.outcomes == nil {
		sub.outcomes = make([]cluster.Outcome, 0, len(sub.commands))
	}
	sub.outcomes = append(sub.outcomes, outcomes...)
}

// finished is a list of submissions whose done is to be called once the lock
// is released.
type finished struct{ first, last *submission }

func (l *finished) add(sub *submission, err error) {
	sub.over = true
	sub.err = err
	if l.first == nil {
		l.first = sub
	} else {
		l.last.next = sub
	}
	l.last = sub
}

func (l *finished) call() {
	for sub := l.first; sub != nil; {
		next := sub.next // done may let the submission be used again
		sub.done(sub.outcomes, sub.err)
		sub = next
	}
}
