// Package backup (no promise) keeps a venue's past in a folder: snapshots, the
// entries of the log and the blocks of the event journal, each proven by the
// hash chain, and a manifest of them all. A running node fills it, again and
// again with what is new; a new venue is made from it. A stopped node's data
// folder is laid out alike, so what reads the one reads the other.
package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// The rooms of a backup.
const (
	snapshotsRoom = "snapshots"
	archiveRoom   = "archive"
	journalRoom   = "journal"
)

// Folder is a backup to read from.
type Folder struct {
	Dir string
	// Manifest is the zero value where there is none: the folder is a bare
	// archive, or journal, and proves itself.
	Manifest Manifest
	archive  *archive.Reader
}

// Open opens a backup for reading. A folder without a manifest must hold an
// archive at least.
func Open(dir string) (*Folder, error) {
	f := &Folder{Dir: dir}
	var err error
	if f.Manifest, err = ReadManifest(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	missing := err
	if f.archive, err = archive.Open(world.System().Files, filepath.Join(dir, archiveRoom)); err != nil {
		return nil, err
	}
	if missing != nil && len(f.archive.Ranges()) == 0 {
		return nil, fmt.Errorf("%s is no backup: %w", dir, missing)
	}
	return f, nil
}

var _ Past = (*Folder)(nil)

// Entries implements Past.
func (f *Folder) Entries(first, last cluster.Index) iter.Seq2[cluster.Entry, error] {
	return func(yield func(cluster.Entry, error) bool) {
		for entry, err := range f.archive.Entries(first) {
			if err == nil && entry.Index > last || !yield(entry, err) {
				return
			}
		}
	}
}

// Reach implements Past. What a backup that broke off has added does not count.
func (f *Folder) Reach() (first, last cluster.Index) {
	last = f.archive.Last()
	first = f.archive.ReachesBack(last + 1)
	if end := cluster.Index(f.Manifest.Last.Index); end != 0 {
		last = end
	}
	return first, last
}

// Blocks yields the blocks of the journal through the manifest's last.
func (f *Folder) Blocks(yield func(journal.Frame) error) error {
	enough := errors.New("enough")
	err := journal.ReadDir(world.System().Files, filepath.Join(f.Dir, journalRoom), func(b journal.Frame) error {
		if last := f.Manifest.Last.Index; last != 0 && b.Index > last {
			return enough
		}
		return yield(b)
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// Snapshots returns the log indexes of the snapshots, the newest first.
func (f *Folder) Snapshots() ([]cluster.Index, error) {
	paths, err := filepath.Glob(filepath.Join(f.Dir, snapshotsRoom, "*.snapshot"))
	if err != nil {
		return nil, err
	}
	var indexes []cluster.Index
	for _, path := range paths {
		var index uint64
		if _, err := fmt.Sscanf(filepath.Base(path), "%d.snapshot", &index); err == nil {
			indexes = append(indexes, cluster.Index(index))
		}
	}
	slices.Sort(indexes)
	slices.Reverse(indexes)
	return indexes, nil
}

// Restore hands the machine's state in a snapshot to restore.
func (f *Folder) Restore(index cluster.Index, restore func(io.Reader) error) error {
	in, err := os.Open(snapshotPath(f.Dir, index))
	if err != nil {
		return err
	}
	defer in.Close()
	got, _, err := consensus.ReadSnapshot(in, restore)
	if err == nil && got != index {
		err = fmt.Errorf("%w: snapshot %d is of entry %d", ErrChanged, index, got)
	}
	return err
}

func snapshotPath(dir string, index cluster.Index) string {
	return filepath.Join(dir, snapshotsRoom, fmt.Sprintf("%020d.snapshot", index))
}

// Verify reads all of a backup: each file against its hash, each snapshot, each
// file of entries, and blocks and entries along the hash chain to the head that
// the manifest names. head is Prove's.
func (f *Folder) Verify(head string) (Proof, error) {
	for _, file := range f.Manifest.Files {
		sum, err := hashOf(f.Dir, file)
		if err != nil {
			return Proof{}, fmt.Errorf("%w: %w", ErrChanged, err)
		}
		if sum != file.SHA256 {
			return Proof{}, fmt.Errorf("%w: %s has another hash than the manifest says", ErrChanged, file.Name)
		}
	}
	snapshots, err := f.Snapshots()
	if err != nil {
		return Proof{}, err
	}
	for _, index := range snapshots {
		if err := f.Restore(index, nil); err != nil {
			return Proof{}, err
		}
	}
	proof, err := f.prove(head)
	if err == nil && f.Manifest.Last.Head != "" && proof.Last != f.Manifest.Last {
		err = fmt.Errorf("%w: it ends with head %s of entry %d, and the manifest says %s of entry %d", ErrChanged,
			proof.Last.Head, proof.Last.Index, f.Manifest.Last.Head, f.Manifest.Last.Index)
	}
	return proof, err
}

func (f *Folder) prove(head string) (Proof, error) {
	for _, r := range f.archive.Ranges() {
		if err := f.archive.VerifyFile(r); err != nil {
			return Proof{}, err
		}
	}
	return Prove(f, head)
}
