package sequencer

import (
	"errors"
	"fmt"

	"github.com/rialto-exchange/rialto/cluster"
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
// holds. Only a submission that exceeds an entry by itself is divided.
func (q *queue) cut(f *flight) {
	for !q.empty() {
		sub := q.subs[q.head]
		n, bytes := fit(sub.commands[sub.cut:], cluster.MaxEntryCommands-len(f.commands), cluster.MaxEntryBytes-f.bytes)
		whole := sub.cut+n == len(sub.commands)
		if n == 0 || !whole && len(f.commands) > 0 {
			return
		}
		f.add(sub, n, bytes)
		q.commands -= n
		q.bytes -= bytes
		if !whole {
			return
		}
		q.pop()
	}
}

// fit counts how many commands from the first on are within both bounds.
func fit(commands [][]byte, maxCommands, maxBytes int) (n, bytes int) {
	for n < len(commands) && n < maxCommands && bytes+len(commands[n]) <= maxBytes {
		bytes += len(commands[n])
		n++
	}
	return n, bytes
}

// measure sums the commands and refuses one that is too large.
func measure(commands [][]byte) (bytes int, err error) {
	for i, c := range commands {
		if len(c) > cluster.MaxCommandBytes {
			return 0, fmt.Errorf("command %d of %d bytes: %w", i, len(c), cluster.ErrTooLarge)
		}
		bytes += len(c)
	}
	return bytes, nil
}

// flight is an entry under way.
type flight struct {
	proposal cluster.Proposal
	term     cluster.Term
	reign    cluster.Reign
	opening  bool // it opens the term
	commands [][]byte
	bytes    int
	parts    []part
}

// part is a run of one submission's commands in an entry.
type part struct {
	sub   *submission
	count int
}

func (f *flight) add(sub *submission, n, bytes int) {
	f.commands = append(f.commands, sub.commands[sub.cut:sub.cut+n]...)
	f.bytes += bytes
	f.parts = append(f.parts, part{sub: sub, count: n})
	sub.cut += n
}

// reset makes f fit for another entry without new memory.
func (f *flight) reset() {
	clear(f.commands)
	clear(f.parts)
	*f = flight{commands: f.commands[:0], parts: f.parts[:0]}
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
