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
	"io"
	"time"

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
	// ErrRepairing: a part of the journal does not verify and is being fetched
	// anew. What is asked for again later is there.
	ErrRepairing = errors.New("journal is being repaired")
	// ErrDamaged: what is stored does not verify; the view is to be rebuilt.
	ErrDamaged = errors.New("read model is damaged")
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
	// AppendedAt returns when this node took the block that holds a sequence
	// into its journal, if that is recent enough to be known.
	AppendedAt(sequence market.Sequence) (time.Time, bool)
}

// Verifier is a Journal that can tell whether it is whole.
type Verifier interface {
	// Verify reads all of it: ErrRepairing if a part does not verify.
	Verify(ctx context.Context) error
}

// View is one read model.
//
// Open is called once before the first Fold and again after a rebuild has
// emptied the store, with the same reader: the view loads what it keeps in
// memory and returns the sequence after which it wants to be folded, at most
// the store's cursor. Queries may run beside it, except the first time.
//
// Fold is called for each block in order from one goroutine, with a writer
// that is valid until it returns. It may be called again with blocks that it
// has folded before (after an unclean stop): the same values at the same
// sequences change nothing.
type View interface {
	// Name is the view's name in configuration, metrics and the rebuild
	// command.
	Name() string
	// Format numbers the meaning of the view's bytes. A store with another
	// format is thrown away and folded anew.
	Format() uint32
	Open(r Reader, cursor market.Sequence) (resume market.Sequence, err error)
	Fold(b *event.Block, w Writer) error
}

// Writer takes what a view wants to keep. Keys, values and items are copied.
// Sequences never fall within one key or list.
type Writer interface {
	// Set writes a value that holds from the given sequence on. A later Set of
	// the same key and sequence replaces it.
	Set(key, value []byte, from market.Sequence)
	// Append adds an item to the end of a list; one item a sequence.
	Append(list, item []byte, at market.Sequence)
	// Past reads what was committed before this fold, also while the store is
	// being rebuilt.
	Past() Reader
}

// Span says which part of a key's history or of a list is wanted.
type Span struct {
	// At is the point of the past: nothing later is seen.
	At market.Sequence
	// After is exclusive; 0 = from the beginning (or, descending, from At).
	After      market.Sequence
	Descending bool
}

// Reader reads a view's values as they were at any point of the past. Its
// methods may be called from any goroutine, also while the view is folded.
// Each fails with ErrRebuilding while the store is being folded anew and with
// ErrNotCaughtUp at a point that it has not reached.
//
// What yield is given is valid until yield returns. Yield may call other
// methods of the reader.
type Reader interface {
	// Serving returns nil if the point can be read.
	Serving(at market.Sequence) error
	// Get returns the value in force at the point and the sequence it has
	// been in force from; ErrNotFound if there was none.
	Get(key []byte, at market.Sequence) (value []byte, from market.Sequence, err error)
	// Versions calls yield with the values that the key has had, in order of
	// their sequences, until yield returns false. Ascending, it steps over
	// the versions before span.After.
	Versions(key []byte, span Span, yield func(value []byte, from market.Sequence) bool) error
	// List calls yield with the items of a list in order of their sequences
	// until yield returns false.
	List(list []byte, span Span, yield func(item []byte, at market.Sequence) bool) error
	// Noticed passes an error on. A view calls it with what it finds when it
	// decodes what it read: if that is ErrDamaged, what is stored makes no
	// sense though its checksum is good, and the store is thrown away as
	// OnDamage says.
	Noticed(err error) error
}

// Store keeps one view's values. One goroutine writes.
type Store interface {
	Reader
	// Commit makes what fold writes readable, all at once, together with
	// through as the new watermark. If fold fails nothing is kept.
	Commit(through market.Sequence, fold func(Writer) error) error
	// Watermark returns the last sequence that can be read.
	Watermark() market.Sequence
	// Cursor returns the last sequence that survives the end of the process.
	Cursor() market.Sequence
	// Reset throws everything away; readers get ErrRebuilding until Serve.
	Reset() error
	// Serve ends what Reset began.
	Serve()
	// OnDamage sets who is told when what is stored turns out not to verify,
	// at most once between two Resets, from any goroutine. From then on readers
	// get ErrRebuilding, and the past that is folded with ErrDamaged.
	OnDamage(tell func(error))
	// Close keeps everything that was committed.
	Close() error
}

// Shipped is a Store that can be taken over from another node.
type Shipped interface {
	// Checkpoint writes the store as it is at its cursor.
	Checkpoint(ctx context.Context, w io.Writer) error
	// Load begins the store anew with what another node's Checkpoint wrote;
	// readers get ErrRebuilding until Serve. reaches is asked as soon as it is
	// known through which sequence that goes, and may wait, or refuse it: then
	// nothing was changed. After any later error the store is empty.
	Load(r io.Reader, reaches func(cursor market.Sequence) error) error
}
