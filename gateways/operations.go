package gateways

import (
	"context"
	"io"
)

// Operations is what an operator can ask of a node.
type Operations interface {
	// Twin returns the cluster as this node sees it.
	Twin() Twin
	// Ready says whether what this node takes is being committed and its views
	// are fresh, and if not why. It may put a marker through the log, and waits
	// a second for it at most.
	Ready() error
	// ReadyForReads says whether the node's views are fresh, and if not why.
	ReadyForReads() error
	// Intake is what the venue takes now.
	Intake() Intake
	TransferLeader(ctx context.Context, to string) error
	// Drain makes this node hand leadership over, stand for none, and say that
	// it is not ready, until it is started again. It goes on serving.
	Drain(ctx context.Context) error
	Snapshot(ctx context.Context) error
	// Backup writes what a backup that has this much lacks, as one stream, and
	// takes as long as its reader. ErrDegraded: nothing was written; an error
	// after that is told in the stream too.
	Backup(ctx context.Context, have BackupHave, w io.Writer) error
	RemoveNode(ctx context.Context, id string) error
	// RebuildReadModel drops a read model of this node and folds it anew.
	RebuildReadModel(ctx context.Context, name string) error
	// Support writes one thing that a search for a cause needs of this node; nothing
	// of it is secret. ErrNotFound: it has no such thing.
	Support(ctx context.Context, what Support, w io.Writer) error
	// Demo reports whether loopback callers without credentials act as
	// administrators (rialto dev only).
	Demo() bool
}

// Support is what a search for a cause may need of a node.
type Support string

// The kinds of it.
const (
	// SupportLog is the end of the node's log, a mebibyte at most.
	SupportLog Support = "log"
	// SupportSettings are its settings as JSON, name to value.
	SupportSettings Support = "settings"
	// SupportHeap and SupportProcessor are profiles of Go's, SupportProcessor of two
	// seconds; SupportGoroutines is text.
	SupportHeap       Support = "heap"
	SupportProcessor  Support = "processor"
	SupportGoroutines Support = "goroutines"
)

// BackupHave is what a backup holds already, as log indexes; 0 = nothing.
type BackupHave struct{ Entries, Blocks, Snapshot uint64 }
