// Package logstore (no promise) is the Raft log and the Raft term and vote on
// disk, with the promises that consensus needs and the libraries below do not
// make.
//
// The log is a stack of layers, each a raft.LogStore over the next:
//
//	cache      the newest entries in memory, bounded by bytes
//	anchored   what Raft must find at a snapshot's end and after an install
//	failstop   an error ends the node and is never seen by Raft
//	archived   what a compaction drops is archived first
//	synced     remembers how far the log reached, and measures its writes
//	checksum   a checksum with each entry, verified when it is read
//	raft-wal or raft-boltdb
//
// Raft calls the writing methods from one goroutine at a time, save that a
// prefix is deleted beside appends; the reading ones come from any.
package logstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/node/world"
)

// Kind is the library that holds the log.
type Kind string

// The kinds.
const (
	WAL  Kind = "wal"
	Bolt Kind = "bolt"
)

// Errors of Open and of reading.
var (
	// ErrTruncated: the log ends before an index that was synced to it. The
	// node may have acknowledged what is missing and must not vote with what
	// is left.
	ErrTruncated = errors.New("log is shorter than what was synced to it")
	// ErrCorrupt: an entry is not what was stored.
	ErrCorrupt = errors.New("log entry is corrupt")
	// ErrOtherKind: the directory holds a log of the other kind.
	ErrOtherKind = errors.New("directory holds a log of another kind")
)

// Options of Open.
type Options struct {
	// Files are what Dir is in; nil = the system's.
	Files world.Files
	// Dir is the node's directory; the log is a file or folder in it.
	Dir  string
	Kind Kind
	// SegmentBytes is how long a segment of raft-wal is; 0 = 64 MiB, the
	// library's. It may differ from life to life.
	SegmentBytes int
	// CacheBytes bounds the entries kept in memory.
	CacheBytes int
	// Archive receives what compaction drops, as far as Proven knows it to be
	// committed.
	Archive *archive.Writer
	Proven  *Proven
	// Anchor knows the newest snapshot.
	Anchor *Anchor
	// Halt is called with an error that the node must not survive. It returns
	// only when the node is being closed.
	Halt func(error)
	// Watch watches the writes of the log; nil = nobody does.
	Watch *Watch
	// Incarnation is what the log's files name; zero: nothing. With Birth they
	// may name none yet and are given it, without it that is
	// cluster.ErrForgotten.
	Incarnation cluster.Incarnation
	Birth       bool
	// Logger is the library's.
	Logger hclog.Logger
}

// Log is an open log.
type Log struct {
	raft.LogStore
	cache  *cache
	synced *synced
	voids  *Voids
	close  func() error
}

var (
	_ raft.LogStore          = (*Log)(nil)
	_ raft.MonotonicLogStore = (*Log)(nil)
)

// Open opens or makes the log and verifies every entry of it. It refuses one
// that is corrupt, shorter than it was, or of another kind.
func Open(o Options) (log *Log, err error) {
	defer contained(&err)
	defer faultsPanic()()
	if o.Files == nil {
		o.Files = world.System().Files
	}
	base, closeBase, err := openBase(o)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", unreadable(err))
	}
	if err := claim(base, o); err != nil {
		return nil, errors.Join(err, closeBase())
	}
	checked := &checksum{store: base}
	synced, err := openSynced(checked, o.Files, filepath.Join(o.Dir, "log.synced"), o.Incarnation, o.Birth)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open log: %w", err), closeBase())
	}
	closeAll := func() error { return errors.Join(closeBase(), synced.close()) }
	if err := verify(checked); err != nil {
		return nil, errors.Join(fmt.Errorf("verify log: %w", unreadable(err)), closeAll())
	}
	voids, err := openVoids(o.Files, o.Dir)
	if err != nil {
		return nil, errors.Join(err, closeAll())
	}
	readable := withVoids(&watched{synced, o.Watch}, voids)
	archived := &archived{LogStore: readable, archive: o.Archive, proven: o.Proven}
	stopping := &failStop{store: archived, halt: o.Halt}
	anchored := &anchored{LogStore: stopping, anchor: o.Anchor, proven: o.Proven}
	cache := newCache(anchored, o.CacheBytes)
	// Once more, above the cache: a leader that does not know of a void may send
	// the entry again.
	top := withVoids(cache, voids)
	return &Log{LogStore: top, cache: cache, synced: synced, voids: voids, close: closeAll}, nil
}

// Voids are the entries in whose place something else stands, or is to stand.
func (l *Log) Voids() *Voids { return l.voids }

// IsMonotonic reports that the log cannot hold gaps, for either kind: Raft
// then empties it when a snapshot is installed. raft-boltdb could hold them,
// but would keep entries from before the snapshot of which nobody knows
// whether they were committed.
func (l *Log) IsMonotonic() bool { return true }

// Forget says that nobody will ask for entries up to an index soon: they need
// not be kept in memory. Who asks all the same reads the disk.
func (l *Log) Forget(through cluster.Index) { l.cache.forget(uint64(through)) }

// InMemory returns how many bytes of entries are kept in memory.
func (l *Log) InMemory() int { return l.cache.held() }

// LastSync returns how long the last append took, to the disk.
func (l *Log) LastSync() time.Duration { return time.Duration(l.synced.took.Load()) }

// Close closes the files. No other method may run or follow.
func (l *Log) Close() error { return l.close() }

// verify reads every entry: a node finds out that its log is bad before it
// takes part, not when the entry is needed.
func verify(store raft.LogStore) error {
	first, err := store.FirstIndex()
	if err != nil {
		return err
	}
	last, err := store.LastIndex()
	if err != nil {
		return err
	}
	for index := first; index != 0 && index <= last; index++ {
		var entry raft.Log
		if err := store.GetLog(index, &entry); err != nil {
			return fmt.Errorf("index %d: %w", index, err)
		}
	}
	return nil
}
