// Package journal (no promise) is a node's event journal: the blocks that the
// machine made of the log's entries, one after the other, in checksummed
// append-only segment files. Everything that is read, streamed, resent and
// archived comes from it.
//
// Appending writes to the page cache and nothing more: what a killed process
// wrote is there, and what a power cut took the machine makes again by
// replaying the log from the last snapshot. So a snapshot counts only once
// Sync has returned.
package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Errors of the journal. Callers branch on them.
var (
	// ErrCorrupt: a block that was written does not verify. The error names
	// file and offset, and is a readmodels.ErrRepairing: it is in the Holes.
	ErrCorrupt = errors.New("journal is corrupt")
	// ErrDiverged: a block differs from the one that is already there. One of
	// the two is wrong, and the node must stop.
	ErrDiverged = errors.New("block differs from the journal")
	// ErrGap: a block does not follow the last one, or (Sync) events of
	// before an installed snapshot are still missing.
	ErrGap = errors.New("gap in the journal")
	// ErrClosed: the journal is closed.
	ErrClosed = errors.New("journal is closed")
)

// Options of a journal.
type Options struct {
	// Files are what Dir is in; nil = the system's.
	Files world.Files
	Dir   string
	// SegmentBytes is where a segment is cut; 0 = 32 MiB.
	SegmentBytes int64
	// RecentBytes is how many encoded bytes of the last blocks stay decoded in
	// memory, about six times that; 0 = 2 MiB.
	RecentBytes int
	// SealedFiles is how many segments that are only read stay open; 0 = 64.
	SealedFiles int
	// Now is the wall clock that lag is measured with; nil = time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Files == nil {
		o.Files = world.System().Files
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 32 << 20
	}
	if o.RecentBytes == 0 {
		o.RecentBytes = 2 << 20
	}
	if o.SealedFiles == 0 {
		o.SealedFiles = defaultSealedFiles
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Journal implements readmodels.Journal. Append, Rebase and Fill are called
// from one goroutine at a time each; everything else from any.
type Journal struct {
	options Options
	lock    io.Closer // held while the journal is open
	files   *files    // of sealed segments

	mu     sync.RWMutex
	main   *chain
	recent recent
	last   event.Pin
	// head is the chain's head after a block of main: its last, as far as this
	// life of the journal has added it.
	head struct {
		index uint64
		chain [32]byte
	}
	// target is the sequence of an installed snapshot, and targetIndex the log
	// index, that main has not
	// reached; beside holds the blocks since. nil = no gap.
	target      market.Sequence
	targetIndex uint64
	beside      *chain
	closed      bool
	// syncLost is why nothing more is proven durable until it was written once
	// more; nil = all is well.
	syncLost error
	grown    chan struct{} // closed at the next append; nil = nobody waits
	frame    []byte        // reused by Append

	syncing sync.Mutex // one Sync or Ease at a time, beside appends
	eased   position   // up to where Ease has begun to write out; under syncing
	cache   *decoded   // old blocks that readers asked for
}

var _ readmodels.Journal = (*Journal)(nil)

// Open opens the journal in a folder, which it makes if it is not there. A
// torn end is cut off, and so is an end that was durable and does not verify:
// the machine makes it again, or it is a gap. What does not verify before that
// stays, as a hole. readmodels.ErrLocked if another process has it open.
func Open(o Options) (*Journal, error) {
	o = o.withDefaults()
	if err := o.Files.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make journal folder: %w", err)
	}
	lock, err := readmodels.Lock(o.Files, filepath.Join(o.Dir, "LOCK"))
	if err != nil {
		return nil, err
	}
	files := &files{disk: o.Files, bound: o.SealedFiles, suspects: newSuspects()}
	main, err := openChain(o.Dir, o.SegmentBytes, files)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	j := &Journal{options: o, lock: lock, files: files, main: main, cache: newDecoded()}
	j.recent.bound = o.RecentBytes
	j.last = main.last.pin()
	// No snapshot counts while there is a gap, so the machine makes again what
	// came after the one that opened it.
	if err := removeBeside(o.Files, o.Dir); err != nil {
		return nil, errors.Join(err, main.close(), lock.Close())
	}
	return j, nil
}

// Append adds the block of the next entry. The journal keeps b: nobody may
// change it any more. A block that is already there is compared with it.
func (j *Journal) Append(b *event.Block) error { return j.AppendEncoded(b, nil) }

// AppendEncoded is Append of a block whose encoding is known; it is copied.
func (j *Journal) AppendEncoded(b *event.Block, encoded []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	j.frame = appendFrame(j.frame[:0], b, encoded)
	if j.beside != nil && b.First > j.target {
		return j.beside.put(j.frame, b.History)
	}
	return j.add(b, j.frame)
}

// add adds a block to main, or compares it with what is there.
func (j *Journal) add(b *event.Block, frame []byte) error {
	before := j.main.last.index
	if err := j.main.put(frame, b.History); err != nil || j.main.last.index == before {
		return err
	}
	j.recent.add(b, len(frame), j.options.Now())
	j.last = event.Pin{Sequence: b.Last(), At: b.At}
	j.head.index, j.head.chain = b.Index, b.Chain
	j.wake()
	return nil
}

// wake tells everybody who waits, with one close however many there are.
func (j *Journal) wake() {
	if j.grown != nil {
		close(j.grown)
		j.grown = nil
	}
}

// Last implements readmodels.Journal.
func (j *Journal) Last() event.Pin {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.last
}

// Index returns the log index of the last block, 0 without any.
func (j *Journal) Index() uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.main.last.index
}

// Floor implements readmodels.Journal.
func (j *Journal) Floor() event.Pin {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.main.floor()
}

// Wait implements readmodels.Journal.
func (j *Journal) Wait(ctx context.Context, sequence market.Sequence) error {
	for {
		grown, err := j.waitFor(sequence)
		if grown == nil {
			return err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waitFor returns a channel that closes at the next append, or nil if the
// sequence is there or never comes.
func (j *Journal) waitFor(sequence market.Sequence) (<-chan struct{}, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.last.Sequence >= sequence {
		return nil, nil
	}
	if j.closed {
		return nil, ErrClosed
	}
	if j.grown == nil {
		j.grown = make(chan struct{})
	}
	return j.grown, nil
}

// AppendedAt returns when this node's journal took the block that holds a
// sequence, if that is recent enough to be known.
func (j *Journal) AppendedAt(sequence market.Sequence) (time.Time, bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.recent.appendedAt(sequence)
}

// Sync makes everything durable that was appended before the call: ErrGap
// while events are missing.
func (j *Journal) Sync() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.RLock()
	from, to := j.missing()
	main, closed, gap, lost := j.main, j.closed, j.beside != nil, j.syncLost
	mark := main.mark()
	j.mu.RUnlock()
	switch {
	case closed:
		return ErrClosed
	case gap: // also a full one: what is beside would be dropped at the next start
		return fmt.Errorf("events %d to %d are missing: %w", from+1, to, ErrGap)
	}
	err := main.syncAgain(mark, lost)
	if lost == nil && errors.Is(err, errPagesLost) {
		lost = fmt.Errorf("an earlier fsync failed: %w", err)
	} else if err == nil {
		lost = nil
	}
	j.mu.Lock()
	j.syncLost = lost
	j.mu.Unlock()
	return err
}

// Close closes the files. Nothing that was appended is lost unless the power
// fails before the kernel writes it.
func (j *Journal) Close() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	j.wake()
	err := j.main.sync(j.main.mark())
	if j.beside != nil {
		err = errors.Join(err, j.beside.close())
	}
	err = errors.Join(err, j.main.close())
	j.files.close()
	return errors.Join(err, j.lock.Close())
}
