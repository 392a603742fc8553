package sequencer

import (
	"errors"
	"fmt"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/internal/batch"
)

// submission is what one Enqueue brought.
//
//	answered <= cut <= len(commands)
type submission struct {
	commands [][]byte
	bytes    int
	cut      int // commands that are in entries
	answered int // commands of those whose entries are answered
	outcomes []cluster.Outcome
	// err is the first failure; executed says that a part may have been
	// executed, so that the whole is unknown.
	err      error
	executed bool
	done     func([]cluster.Outcome, error)
	next     *submission // in a list of finished ones
}

// queue holds submissions that are not wholly cut into entries, in order.
type queue struct {
	subs     []*submission
	head     int
	commands int // not cut yet
	bytes    int // of those
}

func (q *queue) push(sub *submission) {
	if q.head > 64 && q.head*2 > len(q.subs) {
		n := copy(q.subs, q.subs[q.head:])
		clear(q.subs[n:])
		q.subs, q.head = q.subs[:n], 0
	}
	q.subs = append(q.subs, sub)
	q.commands += len(sub.commands)
	q.bytes += sub.bytes
}

func (q *queue) empty() bool { return q.head == len(q.subs) }

func (q *queue) pop() *submission {
	sub := q.subs[q.head]
	q.subs[q.head] = nil
	if q.head++; q.head == len(q.subs) {
		q.subs, q.head = q.subs[:0], 0
	}
	return sub
}

// cut moves commands from the front of the queue into f, as many as one entry
// holds.
func (q *queue) cut(f *flight) {
	for !q.empty() {
		sub := q.subs[q.head]
		before := f.batch.Bytes
		n, all := f.batch.Add(sub, sub.commands[sub.cut:])
		sub.cut += n
		q.commands -= n
		q.bytes -= f.batch.Bytes - before
		if !all {
			return
		}
		q.pop()
	}
}

// flight is an entry under way.
type flight struct {
	proposal cluster.Proposal
	term     cluster.Term
	reign    cluster.Reign
	opening  bool // it opens the term
	batch    batch.Batch[*submission]
}

// reset makes f fit for another entry without new memory.
func (f *flight) reset() {
	f.batch.Reset()
	*f = flight{batch: f.batch}
}

// settle books the outcomes of the next count of sub's commands, or their
// failure, and reports whether all of its commands are settled now.
func (sub *submission) settle(index cluster.Index, outcomes [][]byte, count int, err error) bool {
	sub.answered += count
	switch {
	case err == nil:
		sub.executed = true
		sub.keep(index, outcomes)
	case sub.err == nil:
		sub.err = err
		fallthrough
	default:
		sub.executed = sub.executed || errors.Is(err, cluster.ErrUnknownOutcome)
	}
	return sub.answered == len(sub.commands)
}

func (sub *submission) keep(index cluster.Index, outcomes [][]byte) {
	if sub.outcomes == nil {
		sub.outcomes = make([]cluster.Outcome, 0, len(sub.commands))
	}
	for _, data := range outcomes {
		sub.outcomes = append(sub.outcomes, cluster.Outcome{Index: index, Data: data})
	}
}

// finished is a list of submissions whose done is to be called, once the lock
// is released.
type finished struct{ first, last *submission }

func (l *finished) add(sub *submission) {
	if l.first == nil {
		l.first = sub
	} else {
		l.last.next = sub
	}
	l.last = sub
}

func (l *finished) join(other finished) {
	if other.first == nil {
		return
	}
	if l.first == nil {
		*l = other
		return
	}
	l.last.next = other.first
	l.last = other.last
}

func (l *finished) call() {
	for sub := l.first; sub != nil; sub = sub.next {
		sub.done(sub.result())
	}
}

// answer is a result on its way to a Submit.
type answer struct {
	outcomes []cluster.Outcome
	err      error
}

func answerTo(ch chan<- answer) func([]cluster.Outcome, error) {
	return func(outcomes []cluster.Outcome, err error) { ch <- answer{outcomes, err} }
}

// unknown makes ErrUnknownOutcome of another failure and keeps its text, but
// not its identity: ErrNotLeader says "not executed" to who looks for it.
func unknown(cause error) error {
	if errors.Is(cause, cluster.ErrUnknownOutcome) {
		return cause
	}
	return fmt.Errorf("%w: %v", cluster.ErrUnknownOutcome, cause) //nolint:errorlint // see above
}

// result is what the submitter is told.
func (sub *submission) result() ([]cluster.Outcome, error) {
	switch {
	case sub.err == nil:
		return sub.outcomes, nil
	case sub.executed:
		return nil, unknown(sub.err)
	default:
		return nil, sub.err
	}
}
