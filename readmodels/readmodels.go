// Package readmodels is the port of the read models: what a view is given,
// what it may write, and what its readers may rely on.
//
// A view is a fold of the event journal with a cursor of its own. It decides
// nothing, may lag, and can be dropped and rebuilt from the journal at any
// time. Views know events; they know neither the machine nor the log.
package readmodels

import (
	"context"
	"errors"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Errors of reads. Callers branch on them.
var (
	// ErrNotFound: the thing did not exist at that point.
	ErrNotFound = errors.New("not found")
	// ErrBeforeFloor: the point lies below the retention floor.
	ErrBeforeFloor = errors.New("before retention floor")
	// ErrNotCaughtUp: the point was not reached within the allowed time.
	ErrNotCaughtUp = errors.New("not caught up")
	// ErrRebuilding: the view is being rebuilt and serves nothing yet.
	ErrRebuilding = errors.New("read model is being rebuilt")
)

// Journal is the append-only store of blocks that views fold and readers
// read. Blocks are contiguous by sequence. All methods may be called from any
// goroutine.
type Journal interface {
	// Last returns the point that the journal reaches.
	Last() event.Pin
	// Floor returns the first event that is still there.
	Floor() event.Pin
	// Block returns the block that holds a sequence: ErrBeforeFloor or
	// ErrNotFound if there is none.
	Block(sequence market.Sequence) (*event.Block, error)
	// Read calls yield with each block that has an event after the given
	// sequence, in order, until the end of the journal or yield returns false.
	Read(after market.Sequence, yield func(*event.Block) bool) error
	// SequenceAt returns the last sequence whose time is at or before the
	// instant, 0 if there is none.
	SequenceAt(at market.Nanos) (market.Sequence, error)
	// Wait returns once Last().Sequence >= sequence, or with ctx's error.
	Wait(ctx context.Context, sequence market.Sequence) error
}

// View is one read model.
//
// Fold is called for each block in order from one goroutine. It may be called
// again with blocks that it has folded before (after an unclean stop): writing
// the same values at the same versions must change nothing.
type View interface {
	// Name is the view's name in configuration, metrics and the rebuild
	// command.
	Name() string
	// Fold writes what the block changes.
	Fold(b *event.Block, w Writer) error
}

// Writer takes a view's versioned values. Keys and values are copied.
type Writer interface {
	// Set writes a value that holds from the given sequence on. Within one
	// block a later Set of a key replaces an earlier one: only the last
	// version of an entry is stored.
	Set(key, value []byte, from market.Sequence)
}

// Reader reads a view's values at one point of the past.
type Reader interface {
	// Get returns the value in force at the point and the sequence it has
	// been in force from; ErrNotFound if there was none.
	Get(key []byte, at market.Sequence) (value []byte, from market.Sequence, err error)
	// Scan calls yield with the keys of a prefix that existed at the point, in
	// key order (or reverse), beginning at start (inclusive; nil = the
	// prefix's end). It is for keys with few versions only: it steps over
	// every version of each.
	Scan(prefix, start []byte, reverse bool, at market.Sequence, yield func(key, value []byte) bool) error
}
