package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// ErrOther: the backup in the folder is of another venue, or of another history
// of this one.
var ErrOther = errors.New("the folder holds the backup of another past")

// Added is what a backup has added to a folder.
type Added struct {
	Entries, Blocks uint64
	Snapshot        uint64 // 0 = none was new
}

// Receive makes a backup in a folder, or adds what is new to the one that it
// holds: open asks a node for what follows what there is. A folder that holds
// anything else is refused. What came is proven along the hash chain, from the
// head that the folder ended with, before the manifest says that it counts.
func Receive(ctx context.Context, dir string, open func(context.Context, Have) (io.ReadCloser, error)) (Manifest, Added, error) {
	before, err := receivable(dir)
	if err != nil {
		return Manifest{}, Added{}, err
	}
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, journalRoom)})
	if err != nil {
		return Manifest{}, Added{}, err
	}
	r := &receiver{dir: dir, journal: j, before: before}
	m, err := r.run(ctx, open)
	return m, r.added, errors.Join(err, j.Close())
}

// receivable returns the manifest of what is there, the zero one in a folder
// without.
func receivable(dir string) (Manifest, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Manifest{}, fmt.Errorf("make backup folder: %w", err)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return Manifest{}, err
	}
	for _, name := range names {
		switch name.Name() {
		case manifestName, manifestName + ".tmp", snapshotsRoom, archiveRoom, journalRoom:
		default:
			return Manifest{}, fmt.Errorf("%s holds %s and is no backup: give an empty folder, or one that a backup was made in", dir, name.Name())
		}
	}
	m, err := ReadManifest(dir)
	if errors.Is(err, os.ErrNotExist) {
		return Manifest{}, nil // the first, or one whose beginning broke off
	}
	return m, err
}

type receiver struct {
	dir     string
	journal *journal.Journal
	before  Manifest
	added   Added
	stream  *frameReader
	said    Description
}

func (r *receiver) run(ctx context.Context, open func(context.Context, Have) (io.ReadCloser, error)) (Manifest, error) {
	have, err := r.have()
	if err != nil {
		return Manifest{}, err
	}
	in, err := open(ctx, have)
	if err != nil {
		return Manifest{}, err
	}
	defer in.Close()
	if r.stream, err = openStream(in); err != nil {
		return Manifest{}, err
	}
	if err := r.describe(); err != nil {
		return Manifest{}, err
	}
	last, err := r.lastBlock()
	if err != nil {
		return Manifest{}, err
	}
	for _, step := range []func() error{r.snapshot, r.entries, r.blocks} {
		if err := step(); err != nil {
			return Manifest{}, err
		}
	}
	end, err := r.end()
	if err != nil {
		return Manifest{}, err
	}
	return r.conclude(have, last, end)
}

// have says what is there, also of a backup that broke off.
func (r *receiver) have() (Have, error) {
	entries, err := archive.Open(world.System().Files, filepath.Join(r.dir, archiveRoom))
	if err != nil {
		return Have{}, err
	}
	have := Have{Entries: uint64(entries.Last()), Blocks: r.journal.Index()}
	snapshots, err := (&Folder{Dir: r.dir}).Snapshots()
	if len(snapshots) > 0 {
		have.Snapshot = uint64(snapshots[0])
	}
	return have, err
}

func (r *receiver) describe() error {
	if r.stream.kind != kindDescription {
		return fmt.Errorf("%w: it does not say what it is of", ErrStream)
	}
	if err := json.Unmarshal(r.stream.rest, &r.said); err != nil {
		return fmt.Errorf("%w: %w", ErrStream, err)
	}
	if b := r.before; b.ClusterID != "" && (b.ClusterID != r.said.ClusterID || b.Last.History != r.said.History) {
		return fmt.Errorf("%w: %s of history %s, and the node is of %s, history %s: give an empty folder",
			ErrOther, b.ClusterID, b.Last.History, r.said.ClusterID, r.said.History)
	}
	return r.stream.next()
}

// lastBlock is the head of the last block that is there, nil for none.
func (r *receiver) lastBlock() (*event.Block, error) {
	index := r.journal.Index()
	if index == 0 {
		return nil, nil
	}
	frames, err := r.journal.Frames(index-1, 1, 1)
	if err != nil {
		return nil, err
	}
	return eventcodec.Head(frames[0].Encoded)
}

func (r *receiver) snapshot() error {
	if r.said.Snapshot == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(r.dir, snapshotsRoom), 0o700); err != nil {
		return err
	}
	path := snapshotPath(r.dir, cluster.Index(r.said.Snapshot))
	if err := writeSynced(path, &snapshotParts{stream: r.stream}); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	r.added.Snapshot = r.said.Snapshot
	if err := (&Folder{Dir: r.dir}).Restore(cluster.Index(r.said.Snapshot), nil); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// snapshotParts reads the bytes of a snapshot's frames.
type snapshotParts struct {
	stream *frameReader
	left   []byte
}

func (s *snapshotParts) Read(b []byte) (int, error) {
	for len(s.left) == 0 {
		if s.stream.kind != kindSnapshot {
			return 0, io.EOF
		}
		s.left = s.stream.rest
		if err := s.stream.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, s.left)
	s.left = s.left[n:]
	return n, nil
}

func (r *receiver) entries() error {
	if r.said.Entries > r.said.Last {
		return nil
	}
	w, err := archive.NewWriter(world.System().Files, filepath.Join(r.dir, archiveRoom))
	if err != nil {
		return err
	}
	all := archive.Range{First: cluster.Index(r.said.Entries), Last: cluster.Index(r.said.Last)}
	return w.Write(all, func(file archive.Range) iter.Seq2[cluster.Entry, error] {
		return func(yield func(cluster.Entry, error) bool) {
			for r.stream.kind == kindEntry {
				entry, err := r.stream.entry()
				if err == nil && entry.Index > file.Last {
					return
				}
				if err == nil {
					err = r.stream.next()
				}
				if r.added.Entries++; !yield(entry, err) || err != nil {
					return
				}
			}
		}
	})
}

func (r *receiver) blocks() error {
	for r.stream.kind == kindBlock {
		frame, err := r.stream.block()
		if err == nil {
			err = r.journal.AppendFrame(frame)
		}
		if err == nil {
			err = r.stream.next()
		}
		if err != nil {
			return fmt.Errorf("take block: %w", err)
		}
		r.added.Blocks++
	}
	return r.journal.Sync()
}

func (r *receiver) end() (mark Mark, err error) {
	if r.stream.kind != kindEnd {
		return mark, fmt.Errorf("%w: kind %d where its end should be", ErrStream, r.stream.kind)
	}
	if err := json.Unmarshal(r.stream.rest, &mark); err != nil {
		return mark, fmt.Errorf("%w: %w", ErrStream, err)
	}
	return mark, nil
}

// conclude proves what came and writes the manifest.
func (r *receiver) conclude(have Have, last *event.Block, end Mark) (Manifest, error) {
	f, err := Open(r.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Manifest{}, err
	}
	if f == nil {
		return Manifest{}, errors.New("the node has taken no entry yet: there is nothing to back up")
	}
	f.Manifest = Manifest{}
	oldest, newest := f.Reach()
	from := max(oldest, cluster.Index(have.Blocks)+1)
	p, stop := newProver(last, f.Entries(from, newest), uint64(from))
	defer stop()
	for after := have.Blocks; ; {
		frames, err := r.journal.Frames(after, framesAtOnce, framesBytes)
		if err != nil {
			return Manifest{}, err
		}
		if len(frames) == 0 {
			break
		}
		for _, frame := range frames {
			if err := p.block(frame); err != nil {
				return Manifest{}, err
			}
			after = frame.Index
		}
	}
	if err := p.end(); err != nil {
		return Manifest{}, err
	}
	m := Manifest{ClusterID: r.said.ClusterID, Node: r.said.Node, Build: r.said.Build, TakenAt: now(), EntriesFrom: uint64(oldest)}
	if m.Last = p.proof.Last; p.proof.Blocks == 0 {
		m.Last = mark(last)
	} else if m.Last != end {
		return Manifest{}, fmt.Errorf("%w: the chain's head is %s here and %s there", ErrChanged, m.Last.Head, end.Head)
	}
	if m.Snapshots, err = f.Snapshots(); err != nil {
		return Manifest{}, err
	}
	if m.Files, err = list(r.dir, r.before.Files); err != nil {
		return Manifest{}, err
	}
	return m, m.write(r.dir)
}
