package consensus

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/node/world"
)

// Entries yields the machine's entries from the first index through the last, in
// order, of a node that runs: those that left the log from the archive, the rest
// from the log. last is at most what the node has applied. archive.ErrGap if this
// node has not all of them (one that was given a snapshot lacks what came
// before), archive.ErrCorrupt if one does not verify; either ends it.
func (n *Node) Entries(first, last cluster.Index) iter.Seq2[cluster.Entry, error] {
	return func(yield func(cluster.Entry, error) bool) {
		if last > n.appliedIndex() {
			yield(cluster.Entry{}, fmt.Errorf("entries through %d are wanted, and %d are applied", last, n.appliedIndex()))
			return
		}
		for next, from := max(first, 1), cluster.Index(0); next <= last; {
			reached, more, err := n.someEntries(next, last, yield)
			if err == nil && reached == next && from == next {
				err = fmt.Errorf("%w: no file covers entry %d, and the log begins after it", archive.ErrGap, next)
			}
			if err != nil {
				yield(cluster.Entry{}, err)
			}
			if err != nil || !more {
				return
			}
			next, from = reached, next // twice at one place: the log was compacted between the two looks
		}
	}
}

// someEntries yields from the log if it holds the next one, else from the
// archive, and returns what comes after it.
func (n *Node) someEntries(next, last cluster.Index, yield func(cluster.Entry, error) bool) (reached cluster.Index, more bool, err error) {
	low, high, err := bounds(n.logs)
	if err != nil {
		return next, false, err
	}
	if uint64(next) >= low && uint64(next) <= high {
		return n.entriesOfLog(next, min(last, cluster.Index(high)), yield)
	}
	kept, err := archive.Open(n.config.World.Files, n.config.ArchiveDir)
	if err != nil {
		return next, false, err
	}
	if kept.Last() < next {
		return next, true, nil
	}
	for entry, err := range kept.Entries(next) {
		if err != nil {
			return next, false, err
		}
		if entry.Index > last {
			return last + 1, false, nil
		}
		if !yield(entry, nil) {
			return next, false, nil
		}
	}
	return kept.Last() + 1, true, nil
}

func (n *Node) entriesOfLog(next, last cluster.Index, yield func(cluster.Entry, error) bool) (cluster.Index, bool, error) {
	for ; next <= last; next++ {
		var log raft.Log
		err := n.logs.GetLog(uint64(next), &log)
		if low, _, again := bounds(n.logs); again != nil || uint64(next) < low {
			return next, true, again // compacted meanwhile: the archive has it
		}
		if err != nil {
			return next, false, fmt.Errorf("read log: %w", err)
		}
		if isCommand(&log) && !yield(entryOf(&log), nil) {
			return next, false, nil
		}
	}
	return next, true, nil
}

// EntriesFrom returns the first index from which on this node has every entry
// through its log.
func (n *Node) EntriesFrom() (cluster.Index, error) {
	low, _, err := bounds(n.logs)
	if err != nil {
		return 0, err
	}
	kept, err := archive.Open(n.config.World.Files, n.config.ArchiveDir)
	if err != nil {
		return 0, err
	}
	if low == 0 { // an empty log goes on from its snapshot
		low = uint64(n.appliedIndex()) + 1
	}
	return kept.ReachesBack(cluster.Index(low)), nil
}

// OpenSnapshot opens the newest snapshot's stream, as it is on disk; ok is false
// if there is none.
func (n *Node) OpenSnapshot() (index cluster.Index, stream io.ReadCloser, ok bool, err error) {
	metas, err := n.snapshots.List()
	if err != nil {
		return 0, nil, false, fmt.Errorf("list snapshots: %w", err)
	}
	if len(metas) == 0 {
		return 0, nil, false, nil
	}
	f, err := world.Open(n.config.World.Files, filepath.Join(n.config.Dir, snapshotsFolder, metas[0].ID, stateName))
	if err != nil {
		return 0, nil, false, fmt.Errorf("open snapshot: %w", err)
	}
	return cluster.Index(metas[0].Index), f, true, nil
}

// ReadSnapshot hands the machine's state in a snapshot's stream to restore, and
// returns of which entry it is. No byte reaches restore that does not verify, and
// the stream is verified to its end, also with a nil restore.
func ReadSnapshot(stream io.Reader, restore func(io.Reader) error) (index cluster.Index, term cluster.Term, err error) {
	buffered := bufio.NewReaderSize(stream, chunkBytes)
	in, err := openSnapshot(buffered)
	if err == nil && restore != nil {
		err = restore(in)
	}
	if err == nil {
		err = in.finish()
	}
	if err == nil {
		if _, more := buffered.ReadByte(); !errors.Is(more, io.EOF) {
			err = fmt.Errorf("%w: bytes after its end", errSnapshotCorrupt)
		}
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read snapshot: %w", err)
	}
	return cluster.Index(in.index), cluster.Term(in.term), nil
}
