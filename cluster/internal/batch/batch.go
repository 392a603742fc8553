// Package batch cuts what waits into what goes at once: forwarding's frames on
// their way to the leader, and the sequencer's entries on their way into the
// log, have the same bounds, so that a frame is never cut again.
package batch

import (
	"fmt"

	"github.com/rialto-exchange/rialto/cluster"
)

// Batch is commands of one or several submissions, in their order, within the
// bounds of an entry (cluster.MaxEntryCommands, cluster.MaxEntryBytes). S is
// what a submission is to its owner. The zero value is empty.
type Batch[S any] struct {
	Commands [][]byte
	Bytes    int // of the commands
	Parts    []Part[S]
}

// Part is a run of one submission's commands in a batch.
type Part[S any] struct {
	Of    S
	Count int
}

// Add takes commands of a submission, as many as fit, and reports how many and
// whether that was all. A submission is divided only if it is over the bounds by
// itself: one that does not fit behind another is not begun. After an Add that
// took less than all a batch takes nothing more.
func (b *Batch[S]) Add(of S, commands [][]byte) (n int, all bool) {
	n, bytes := fit(commands, cluster.MaxEntryCommands-len(b.Commands), cluster.MaxEntryBytes-b.Bytes)
	all = n == len(commands)
	if n == 0 || !all && len(b.Commands) > 0 {
		return 0, all
	}
	b.Commands = append(b.Commands, commands[:n]...)
	b.Bytes += bytes
	b.Parts = append(b.Parts, Part[S]{Of: of, Count: n})
	return n, all
}

// fit counts how many commands from the first on are within both bounds.
func fit(commands [][]byte, maxCommands, maxBytes int) (n, bytes int) {
	for n < len(commands) && n < maxCommands && bytes+len(commands[n]) <= maxBytes {
		bytes += len(commands[n])
		n++
	}
	return n, bytes
}

// Empty reports whether nothing was added.
func (b *Batch[S]) Empty() bool { return len(b.Commands) == 0 }

// Reset empties the batch and keeps its memory.
func (b *Batch[S]) Reset() {
	clear(b.Commands)
	clear(b.Parts)
	*b = Batch[S]{Commands: b.Commands[:0], Parts: b.Parts[:0]}
}

// Measure sums the commands' bytes. It refuses one over cluster.MaxCommandBytes
// with cluster.ErrTooLarge, so that whatever was measured fits a batch.
func Measure(commands [][]byte) (bytes int, err error) {
	for i, c := range commands {
		if len(c) > cluster.MaxCommandBytes {
			return 0, fmt.Errorf("command %d of %d bytes: %w", i, len(c), cluster.ErrTooLarge)
		}
		bytes += len(c)
	}
	return bytes, nil
}
