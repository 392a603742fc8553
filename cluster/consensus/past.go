package consensus

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// Past is what a stopped node keeps of what the machine was given: its archive,
// its log, and its snapshots. It is used from one goroutine.
type Past struct {
	files   world.Files
	dir     string
	archive *archive.Reader
	log     *logstore.Past
}

// OpenPast opens the past in a node's directory, which nobody else may have
// open, and in its archive.
func OpenPast(files world.Files, dir, archiveDir string, log *slog.Logger) (*Past, error) {
	kept, err := archive.Open(files, archiveDir)
	if err != nil {
		return nil, err
	}
	entries, err := logstore.OpenPast(files, dir, newLibraryLogger(log))
	if err != nil {
		return nil, err
	}
	return &Past{files: files, dir: dir, archive: kept, log: entries}, nil
}

// Entries yields the machine's entries from the first index through the last,
// in order: those that left the log from the archive, the rest from the log.
// archive.ErrGap if neither has one of them, archive.ErrCorrupt or
// logstore.ErrCorrupt if one does not verify; either ends it. Nobody but the
// caller knows how far the log is committed.
func (p *Past) Entries(first, last cluster.Index) iter.Seq2[cluster.Entry, error] {
	return func(yield func(cluster.Entry, error) bool) {
		next := max(first, 1)
		if through := p.archive.Last(); next <= through {
			for entry, err := range p.archive.Entries(next) {
				if err == nil && entry.Index > last {
					return
				}
				if !yield(entry, err) || err != nil {
					return
				}
			}
			next = through + 1
		}
		if next <= last && (uint64(next) < p.log.First || uint64(last) > p.log.Last) {
			yield(cluster.Entry{}, fmt.Errorf("%w: entries %d to %d are wanted, the archive reaches to %d and the log from %d to %d",
				archive.ErrGap, next, last, p.archive.Last(), p.log.First, p.log.Last))
			return
		}
		for ; next <= last; next++ {
			entry, ok, err := p.log.Command(uint64(next))
			if (ok || err != nil) && (!yield(entry, err) || err != nil) {
				return
			}
		}
	}
}

// First is the first index from which on every entry is there through the log.
func (p *Past) First() cluster.Index {
	low := cluster.Index(p.log.First)
	if low == 0 { // an empty log goes on from its archive, or from its snapshot
		low = p.archive.Last() + 1
	}
	return p.archive.ReachesBack(low)
}

// Last is the last index in the log, which may not be committed; 0 if it is
// empty.
func (p *Past) Last() cluster.Index { return cluster.Index(p.log.Last) }

// Snapshots returns the indexes of the last entries in the snapshots that
// verify, the highest first.
func (p *Past) Snapshots() ([]cluster.Index, error) {
	good, _, err := sortSnapshots(p.files, p.dir)
	var indexes []cluster.Index
	for _, s := range good {
		indexes = append(indexes, cluster.Index(s.index))
	}
	slices.Sort(indexes)
	slices.Reverse(indexes)
	return slices.Compact(indexes), err
}

// Restore hands the machine's state in the snapshot at an index to restore.
func (p *Past) Restore(index cluster.Index, restore func(io.Reader) error) error {
	good, _, err := sortSnapshots(p.files, p.dir)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(good, func(s storedSnapshot) bool { return s.index == uint64(index) })
	if at < 0 {
		return fmt.Errorf("snapshot of entry %d: %w", index, os.ErrNotExist)
	}
	state, err := world.Open(p.files, filepath.Join(p.dir, snapshotsFolder, good[at].id, stateName))
	if err != nil {
		return fmt.Errorf("open snapshot: %w", err)
	}
	in, err := openSnapshot(state)
	if err == nil {
		err = restore(in)
	}
	if err == nil {
		err = in.finish()
	}
	return errors.Join(err, state.Close())
}

// Close closes the log.
func (p *Past) Close() error { return p.log.Close() }
