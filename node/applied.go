package node

import (
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// Applied is an entry that the node's machine has just executed, before its block
// goes to the journal and anybody can read of it, and while nothing else happens
// to the machine.
type Applied struct {
	// Block is what happened, and Encoded the same as the journal gets it. Both
	// are the callee's only until it returns.
	Block   *event.Block
	Encoded []byte

	machine *fsm.Machine
}

// Hash is the hash of the whole state after the entry: see fsm.Machine.Hash.
func (a Applied) Hash() uint64 { return a.machine.Hash() }

// Audit goes through the whole state: see fsm.Machine.Audit.
func (a Applied) Audit() error { return a.machine.Audit() }

// WithApplied has the node call f after each entry, in its turn, before anybody
// hears of it and before the next entry is executed. For simulators, which check
// what must hold after each; it costs what f takes.
func WithApplied(f func(Applied)) Option { return func(n *Node) { n.applied = f } }

// Bounds are bounds of a node that may lie far below what a configuration can
// say, so that a simulator reaches them within seconds. What is 0 stays as the
// configuration has it.
type Bounds struct {
	// SnapshotEntries is how many entries lie between snapshots at most.
	SnapshotEntries uint64
	// TrailingEntries stay in the log behind a snapshot.
	TrailingEntries uint64
	// JournalSegmentBytes is where a segment of the event journal is cut.
	JournalSegmentBytes int64
	// LogSegmentBytes is how long a segment of the log is.
	LogSegmentBytes int
	// DedupCapacity is how many command ids are remembered; the same on every
	// node.
	DedupCapacity uint32
}

// WithBounds sets such bounds.
func WithBounds(b Bounds) Option { return func(n *Node) { n.bounds = b } }
