package consensus

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// ErrDamaged: what this node keeps of the log, of its term and vote or of its
// snapshots does not verify. It stands for logstore.ErrCorrupt,
// logstore.ErrTruncated, ErrSnapshotGap and a bad snapshot. Repair tells what
// can be done.
var ErrDamaged = errors.New("the node's log, vote or snapshot is damaged")

func damaged(err error) error {
	for _, cause := range []error{logstore.ErrCorrupt, logstore.ErrTruncated, ErrSnapshotGap, errSnapshotCorrupt} {
		if errors.Is(err, cause) {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return err
}

// The library's own checksum of a snapshot lies in meta.json and covers
// state.bin; nothing covers meta.json, which holds the configuration of the
// cluster. So its checksum lies beside it: CRC-32C, little endian, in meta.crc.
// A snapshot of an earlier build has none.
const metaSumFile = "meta.crc"

// writeMetaSum makes the checksum of a description durable; its name is so with
// the folder's.
func writeMetaSum(files world.Files, dir string) error {
	meta, err := world.ReadFile(files, filepath.Join(dir, metaName))
	if err == nil {
		err = world.WriteFileAtomic(files, filepath.Join(dir, metaSumFile), unfinished, binary.LittleEndian.AppendUint32(nil, sumOf(meta)), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write checksum of snapshot: %w", err)
	}
	return nil
}

// checkSnapshot verifies a snapshot whole: its description, its state, and that
// the two speak of the same entry.
func checkSnapshot(files world.Files, dir, id string) error {
	folder := filepath.Join(dir, snapshotsFolder, id)
	meta, err := readMeta(files, folder)
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", id, err)
	}
	state, err := world.Open(files, filepath.Join(folder, stateName))
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: %w", errSnapshotCorrupt, err)
	}
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", id, err)
	}
	defer state.Close()
	in, err := openSnapshot(bufio.NewReaderSize(state, chunkBytes))
	if err == nil {
		err = in.finish()
	}
	if err == nil {
		_, err = in.from.Read(make([]byte, 1))
		switch {
		case errors.Is(err, io.EOF):
			err = nil
		case err == nil:
			err = fmt.Errorf("%w: bytes after its end", errSnapshotCorrupt)
		}
	}
	if err == nil && (in.index != meta.Index || in.term != meta.Term) {
		err = fmt.Errorf("%w: the state is of entry %d, the description of %d", errSnapshotCorrupt, in.index, meta.Index)
	}
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", id, err)
	}
	return nil
}

// checkDescriptions verifies what all snapshots say of themselves. By that the
// log is made to agree with the newest, and which one is the newest is told by
// it too: one bad bit in a number would have the log thrown away, for it would
// not reach the entry of which the description speaks.
func checkDescriptions(files world.Files, dir string) error {
	ids, _, err := finishedSnapshots(files, dir)
	if err != nil {
		return err
	}
	var newest uint64
	var without []storedSnapshot // a description
	for _, id := range ids {
		switch meta, err := readMeta(files, filepath.Join(dir, snapshotsFolder, id)); {
		case err == nil:
			newest = max(newest, meta.Index)
		case errors.Is(err, os.ErrNotExist):
			index, _ := indexInName(id)
			without = append(without, storedSnapshot{id, index, err})
		default:
			return fmt.Errorf("snapshot %s: %w", id, err)
		}
	}
	for _, s := range without {
		// An earlier build that died while it removed an old one has left it so;
		// it is listed by nobody.
		if s.index >= newest {
			return fmt.Errorf("snapshot %s: %w", s.id, s.err)
		}
	}
	return nil
}

// finishedSnapshots are the names of all, and those of what other folders lie among
// them, which is nobody's business here. Snapshots that were never finished do
// not count.
func finishedSnapshots(files world.Files, dir string) (ids, strange []string, err error) {
	entries, err := files.ReadDir(filepath.Join(dir, snapshotsFolder))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("list snapshots: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		name, begun := strings.CutSuffix(e.Name(), unfinished)
		switch _, known := indexInName(name); {
		case !known:
			strange = append(strange, e.Name())
		case !begun:
			ids = append(ids, e.Name())
		}
	}
	return ids, strange, nil
}

func readMeta(files world.Files, folder string) (raft.SnapshotMeta, error) {
	var meta raft.SnapshotMeta
	b, err := world.ReadFile(files, filepath.Join(folder, metaName))
	if err != nil {
		return meta, fmt.Errorf("%w: %w", errSnapshotCorrupt, err)
	}
	sum, err := world.ReadFile(files, filepath.Join(folder, metaSumFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return meta, err
	case len(sum) != 4 || binary.LittleEndian.Uint32(sum) != sumOf(b):
		return meta, fmt.Errorf("%w: checksum of its description", errSnapshotCorrupt)
	}
	if err := json.Unmarshal(b, &meta); err != nil {
		return meta, fmt.Errorf("%w: %w", errSnapshotCorrupt, err)
	}
	return meta, nil
}

// Repaired is what Repair found and did.
type Repaired struct {
	// SetAside are the damaged snapshots that were moved away: an older one, or
	// the log alone, holds all that they held.
	SetAside []string
	// Strange are the folders that lie among the snapshots and are none, by their
	// names. They count for nothing and are left alone.
	Strange []string
	// Lost is why the directory cannot be mended, nil if it is good now: what
	// this node promised can't be told from it. Then nothing was changed.
	Lost error
}

// Belongs returns cluster.ErrForgotten unless the files in a directory that
// nobody has open are of an incarnation, or ErrDamaged.
func Belongs(files world.Files, dir string, i cluster.Incarnation, log *slog.Logger) error {
	return damaged(logstore.Belongs(files, dir, i, newLibraryLogger(log)))
}

// Repair verifies log, term and vote and snapshots in a directory that nobody
// has open, and mends what can be mended without forgetting anything that the
// node promised: damaged snapshots are moved to the folder aside, if the log
// goes on from an older one without a gap and through the damaged one's index.
func Repair(files world.Files, dir, aside string, log *slog.Logger) (Repaired, error) {
	first, last, err := logstore.Check(files, dir, newLibraryLogger(log))
	if err != nil {
		if damaged(err) == err { // no damage: another process, or this computer
			return Repaired{}, err
		}
		return Repaired{Lost: err}, nil
	}
	good, bad, err := sortSnapshots(files, dir)
	if err != nil {
		return Repaired{}, err
	}
	_, strange, err := finishedSnapshots(files, dir)
	done := Repaired{Strange: strange}
	if err != nil || len(bad) == 0 {
		return done, err
	}
	best := uint64(0)
	for _, s := range good {
		best = max(best, s.index)
	}
	for _, s := range bad {
		if s.index > best && (first > best+1 || last < s.index) {
			done.Lost = fmt.Errorf("%w, and the log reaches from %d to %d: "+
				"what lies between entry %d and that is only in the snapshot", s.err, first, last, best)
			return done, nil
		}
	}
	for _, s := range bad {
		if err := setAside(files, filepath.Join(dir, snapshotsFolder, s.id), aside); err != nil {
			return done, err
		}
		done.SetAside = append(done.SetAside, s.id)
	}
	return done, nil
}

func setAside(files world.Files, path, aside string) error {
	if err := files.MkdirAll(aside, 0o755); err != nil {
		return fmt.Errorf("set aside: %w", err)
	}
	if err := files.Rename(path, filepath.Join(aside, filepath.Base(path))); err != nil {
		return fmt.Errorf("set aside: %w", err)
	}
	return nil
}

// storedSnapshot is one in the folder, and why it is not good.
type storedSnapshot struct {
	id    string
	index uint64
	err   error
}

// sortSnapshots verifies all snapshots.
func sortSnapshots(files world.Files, dir string) (good, bad []storedSnapshot, err error) {
	ids, _, err := finishedSnapshots(files, dir)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		s := storedSnapshot{id: id}
		s.index, _ = indexInName(id)
		switch s.err = checkSnapshot(files, dir, s.id); {
		case s.err == nil:
			good = append(good, s)
		case errors.Is(s.err, errSnapshotCorrupt):
			bad = append(bad, s)
		default:
			return nil, nil, s.err
		}
	}
	sort.Slice(bad, func(i, j int) bool { return bad[i].index < bad[j].index })
	return good, bad, nil
}

// indexInName reads the index in the name that a snapshot's folder has,
// <term>-<index>-<milliseconds>; ok is false for any other name.
func indexInName(id string) (index uint64, ok bool) {
	parts := strings.Split(id, "-")
	if len(parts) != 3 {
		return 0, false
	}
	var numbers [3]uint64
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 64)
		if err != nil || strconv.FormatUint(n, 10) != part {
			return 0, false
		}
		numbers[i] = n
	}
	return numbers[1], true
}
