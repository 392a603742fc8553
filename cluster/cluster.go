// Package cluster (no promise) is the port between a replicated machine and the
// machinery that replicates it: what consensus, the sequencer, forwarding and
// membership promise to the rest of the node, and what they ask of it.
//
// It knows bytes, not trades. A command is a byte string that means nothing
// here; an entry is what the Sealer makes of several commands; an outcome is
// what the machine answers to one of them.
package cluster

import (
	"context"
	"errors"
	"io"
	"time"
)

// The bounds of an entry. A Submit that exceeds MaxCommandBytes is refused;
// the sequencer cuts entries so that neither of the others is exceeded.
const (
	// MaxEntryCommands is the largest number of commands in one entry.
	MaxEntryCommands = 1000
	// MaxEntryBytes is the largest sum of the commands' bytes in one entry.
	MaxEntryBytes = 256 << 10
	// MaxCommandBytes is the largest command.
	MaxCommandBytes = 16 << 10
)

// Index is a position in the Raft log, from 1.
type Index uint64

// Term is a Raft term.
type Term uint64

// NodeID names a member of the cluster. It is kept on disk with its data: a
// node that lost its disk comes back under a new one.
type NodeID string

// Entry is one committed command entry.
type Entry struct {
	Index Index
	Term  Term
	// Data is what Sealer.Seal returned. The machine may keep a reference
	// until Apply returns, and no longer.
	Data []byte
}

// Outcome is what the machine answered to one command: an encoding that only
// the submitter understands, and the index of the entry that held it.
type Outcome struct {
	Index Index
	Data  []byte
}

// Machine is what the cluster replicates.
//
// Apply, Snapshot and Restore are called from one goroutine at a time. A
// panic in Apply ends the process: wrong state must not go on. A panic with an
// error of KindSickMachine says that the machine could not be served (no room,
// no memory): it ends the process too, and nothing is held against the entry.
type Machine interface {
	// Apply applies committed entries in index order and returns, for each
	// entry, one outcome encoding per command of it in the entry's order. The
	// returned slices belong to the caller.
	Apply(entries []Entry) [][][]byte
	// Snapshot captures the state as of the last applied entry, in well under
	// a millisecond; writing it out happens later, beside Apply.
	Snapshot() (Snapshot, error)
	// Restore replaces the state by one that Snapshot.WriteTo wrote. On error
	// the state is undefined and the process must end.
	Restore(r io.Reader) error
}

// Preparer is a Machine that can read a state beside its own.
type Preparer interface {
	// Prepare reads what Snapshot.WriteTo wrote. It may run while Apply does,
	// and more than once at a time, and changes nothing. The caller calls one
	// method of what it returns, once.
	Prepare(r io.Reader) (Prepared, error)
}

// Prepared is a state that was read.
type Prepared interface {
	// Install makes it the machine's, as Restore does, in the place of Apply. On
	// error the state is undefined and the process must end.
	Install() error
	// Discard gives it up.
	Discard()
}

// Culprit is a Machine that can say which entry it is at, so that a panic of
// Apply is laid at the right one's door.
type Culprit interface {
	// Applying is the index of the entry that Apply has in hand, or had when it
	// panicked.
	Applying() Index
}

// Witness is a Machine that keeps a record of what it applied beside its
// snapshots. What it vouches for is known to be committed: a node applies it
// from its own log before it takes part, so that its peers don't wait for it.
type Witness interface {
	// Witnessed returns how many of the entries, which follow the last applied
	// one in index order, the machine has applied in an earlier life: the very
	// same bytes at the same index and term, after the same past. The first
	// one that it cannot vouch for ends the count. An error is that its record
	// cannot be read.
	Witnessed(entries []Entry) (int, error)
}

// Snapshot is a captured state.
type Snapshot interface {
	// WriteTo writes the state; it may run while Apply does. It returns only
	// once everything the snapshot stands for (the event journal up to it) is
	// durable, or with an error, which cancels the snapshot and nothing else.
	WriteTo(w io.Writer) (int64, error)
	// Release is called once, after WriteTo or instead of it.
	Release()
}

// Sealer makes entries of commands: the envelope's format is the machine's.
type Sealer interface {
	// Seal appends to dst one entry with the commands in their order, stamped
	// with the leader's time (nanoseconds since the epoch).
	Seal(dst []byte, stamp int64, commands [][]byte) ([]byte, error)
	// TermStart returns the command that opens a leader's term: the first
	// entry of each term holds it and nothing else.
	TermStart(term Term, leader NodeID) []byte
}

// Schedule is what the machine wants from the leader beside the clients'
// commands. Its methods may be called at any time from any goroutine.
type Schedule interface {
	// NextDeadline returns the instant (nanoseconds since the epoch) at which
	// the leader is to propose an empty entry, and whether there is one.
	NextDeadline() (at int64, ok bool)
	// Pending reports whether work is left that only more entries can do.
	Pending() bool
}

// Errors of Submit. Every other error is a refusal of the call itself and
// nothing has been executed.
var (
	// ErrNotLeader: this node cannot order commands now. Not executed here.
	ErrNotLeader = errors.New("not the leader")
	// ErrNoLeader: no leader was found within the allowed time, and none of
	// the commands ever left this node: they were not executed and never will
	// be.
	ErrNoLeader = errors.New("no leader")
	// ErrUnknownOutcome: the commands may or may not have been executed, now
	// or until their deadline. The same commands sent again settle it.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrOverloaded: the queue is full. Not executed.
	ErrOverloaded = errors.New("too many commands waiting")
	// ErrTooLarge: a command is over MaxCommandBytes. Not executed.
	ErrTooLarge = errors.New("command too large")
	// ErrClosed: the node is shutting down. Not executed by this call.
	ErrClosed = errors.New("node is closing")
)

// Errors of changes of membership.
var (
	// ErrNoMember: the committed configuration has no such member.
	ErrNoMember = errors.New("no such member")
	// ErrUnsafe: the change would leave fewer healthy voters than a majority.
	// Nothing was changed.
	ErrUnsafe = errors.New("change of membership refused")
)

// Submitter orders commands.
//
// Commands of one call are executed in their order. Calls that do not overlap
// in time are executed in the order of the calls: command n+1 of one
// connection is never committed before command n, also when both are sent
// again after a change of leader. A call returns when all its commands are
// committed by a majority and applied by the leader; when ctx ends earlier
// the commands may still be executed (ErrUnknownOutcome).
//
// With an error come the outcomes of the first commands, as many as are known:
// the error is of the others.
type Submitter interface {
	Submit(ctx context.Context, commands [][]byte) ([]Outcome, error)
}

// Role of a node in the Raft configuration.
type Role string

// The roles.
const (
	RoleLeader   Role = "leader"
	RoleFollower Role = "follower"
	// RoleReader is a non-voter: joining, or a reader by choice.
	RoleReader Role = "reader"
	// RoleOutside is a node that the configuration does not name.
	RoleOutside Role = "outside"
)

// Status is what a node's consensus says of itself.
type Status struct {
	Role         Role
	Term         Term
	Leader       NodeID // "" while unknown
	CommitIndex  Index
	AppliedIndex Index
	LastIndex    Index
	// LastContact is how long ago the leader was heard; 0 on the leader.
	LastContact time.Duration
	// Fsync latency of the log's last appends.
	LogSync time.Duration
}

// Member is one server of the Raft configuration.
type Member struct {
	ID      NodeID
	Address string // peer address, host:port
	Voter   bool
}

// Clock is the time that comes in as a value.
type Clock interface {
	Now() time.Time
	// NewTimer returns a channel that receives once after d, and a stop.
	NewTimer(d time.Duration) (fired <-chan time.Time, stop func() bool)
}

// SystemClock is the machine's own clock.
type SystemClock struct{}

// Now returns time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// NewTimer starts a time.Timer.
func (SystemClock) NewTimer(d time.Duration) (<-chan time.Time, func() bool) {
	t := time.NewTimer(d)
	return t.C, t.Stop
}

var _ Clock = SystemClock{}
