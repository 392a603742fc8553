package consensus

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc64"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/node/world"
)

// snapshotFiles keep snapshots as the library's own store does, to the byte, so
// that either opens what the other wrote; but on the files of the node's world,
// and with syncs that hold on file systems that keep no order: all that is in a
// snapshot's folder, its names too, is durable before the folder gets the name
// under which it counts, and has lost that name for good before anything in it
// is removed. A snapshot is a folder, <term>-<index>-<milliseconds>, that bears
// the suffix .tmp until it counts. It holds the machine's state as state.bin, and
// in meta.json of which entry it is, the configuration, the length of the state
// and its CRC-64 (ECMA).
type snapshotFiles struct {
	world  world.World
	dir    string // the folder of all
	retain int
	log    hclog.Logger
}

var _ raft.SnapshotStore = (*snapshotFiles)(nil)

// The names in the folder.
const (
	snapshotsFolder = "snapshots"
	unfinished      = ".tmp"
	metaName        = "meta.json"
	stateName       = "state.bin"
)

// snapshotMeta is what meta.json holds.
type snapshotMeta struct {
	raft.SnapshotMeta
	CRC []byte
}

// openSnapshotFiles opens the snapshots in a node's directory, of which so many
// are kept: at least one. Nobody else may have them open: what was begun and not
// finished is removed.
func openSnapshotFiles(w world.World, dir string, retain int, log hclog.Logger) (*snapshotFiles, error) {
	s := &snapshotFiles{world: w, dir: filepath.Join(dir, snapshotsFolder), retain: retain, log: log}
	if retain < 1 {
		return nil, errors.New("must retain at least one snapshot")
	}
	if err := w.Files.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	if err := s.clear(); err != nil {
		return nil, err
	}
	return s, s.tryToWrite()
}

// tryToWrite finds out at the start, not at the first snapshot, that none can be
// made.
func (s *snapshotFiles) tryToWrite() error {
	path := filepath.Join(s.dir, "permTest")
	f, err := world.Create(s.world.Files, path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), s.world.Files.Remove(path))
}

// Create begins a snapshot.
func (s *snapshotFiles) Create(version raft.SnapshotVersion, index, term uint64, members raft.Configuration,
	membersIndex uint64, trans raft.Transport) (raft.SnapshotSink, error) {
	sink, err := s.begin(version, index, term, members, membersIndex, trans)
	if err != nil {
		return nil, err
	}
	return sink, nil
}

func (s *snapshotFiles) begin(version raft.SnapshotVersion, index, term uint64, members raft.Configuration,
	membersIndex uint64, trans raft.Transport) (*snapshotSink, error) {
	if version != 1 {
		return nil, fmt.Errorf("unsupported snapshot version %d", version)
	}
	id := fmt.Sprintf("%d-%d-%d", term, index, s.world.Clock.Now().UnixMilli())
	k := &snapshotSink{of: s, dir: filepath.Join(s.dir, id+unfinished), sum: crc64.New(crc64.MakeTable(crc64.ECMA)), meta: snapshotMeta{
		SnapshotMeta: raft.SnapshotMeta{
			Version: version, ID: id, Index: index, Term: term,
			Peers: encodePeers(members, trans), Configuration: members, ConfigurationIndex: membersIndex,
		},
	}}
	s.log.Info("creating new snapshot", "path", k.dir)
	if err := k.open(); err != nil {
		return nil, errors.Join(err, s.world.Files.RemoveAll(k.dir))
	}
	return k, nil
}

// encodePeers is the voters' addresses for a library of years ago, as a list in
// MessagePack: who reads version 1 takes the configuration.
func encodePeers(members raft.Configuration, trans raft.Transport) []byte {
	var peers [][]byte
	for _, server := range members.Servers {
		if server.Suffrage == raft.Voter {
			peers = append(peers, trans.EncodePeer(server.ID, server.Address))
		}
	}
	if len(peers) == 0 {
		return []byte{0xc0}
	}
	out := appendLength(nil, 0x90, 15, 0xdc, len(peers))
	for _, peer := range peers {
		out = append(appendLength(out, 0xa0, 31, 0xda, len(peer)), peer...)
	}
	return out
}

// appendLength encodes a length: in the kind's own byte if it is at most few.
func appendLength(out []byte, kind byte, few int, more byte, n int) []byte {
	if n <= few {
		return append(out, kind|byte(n))
	}
	return binary.BigEndian.AppendUint16(append(out, more), uint16(n))
}

// List returns the snapshots that count, the newest first, and no more than are
// retained.
func (s *snapshotFiles) List() ([]*raft.SnapshotMeta, error) {
	all, err := s.all()
	if err != nil {
		return nil, err
	}
	var metas []*raft.SnapshotMeta
	for _, meta := range all[:min(len(all), s.retain)] {
		metas = append(metas, &meta.SnapshotMeta)
	}
	return metas, nil
}

// all returns the snapshots that count and whose description can be read, the
// newest first.
func (s *snapshotFiles) all() ([]*snapshotMeta, error) {
	entries, err := s.world.Files.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var all []*snapshotMeta
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if strings.HasSuffix(e.Name(), unfinished) {
			s.log.Warn("found temporary snapshot", "name", e.Name())
			continue
		}
		if _, known := indexInName(e.Name()); !known {
			s.log.Warn("found a folder that is no snapshot by its name", "name", e.Name())
			continue
		}
		meta, err := s.meta(e.Name())
		switch {
		case err != nil:
			s.log.Warn("failed to read metadata", "name", e.Name(), "error", err)
		case meta.Version < raft.SnapshotVersionMin || meta.Version > raft.SnapshotVersionMax:
			s.log.Warn("snapshot version not supported", "name", e.Name(), "version", meta.Version)
		default:
			all = append(all, meta)
		}
	}
	slices.SortFunc(all, func(a, b *snapshotMeta) int { return newer(a, b) })
	return all, nil
}

// newer puts the newest first.
func newer(a, b *snapshotMeta) int {
	switch {
	case a.Term != b.Term && a.Term > b.Term, a.Term == b.Term && a.Index > b.Index:
		return -1
	case a.Term != b.Term || a.Index != b.Index:
		return 1
	}
	return strings.Compare(b.ID, a.ID)
}

func (s *snapshotFiles) meta(id string) (*snapshotMeta, error) {
	f, err := world.Open(s.world.Files, filepath.Join(s.dir, id, metaName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	meta := &snapshotMeta{}
	return meta, json.NewDecoder(bufio.NewReader(f)).Decode(meta)
}

// Open reads a snapshot, whose state is verified before the first byte.
func (s *snapshotFiles) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	meta, err := s.meta(id)
	if err != nil {
		return nil, nil, err
	}
	f, err := world.Open(s.world.Files, filepath.Join(s.dir, id, stateName))
	if err != nil {
		return nil, nil, err
	}
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	_, err = io.Copy(sum, f)
	if err == nil && !bytes.Equal(meta.CRC, sum.Sum(nil)) {
		err = errors.New("CRC mismatch")
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return &meta.SnapshotMeta, stateReader{bufio.NewReader(f), f}, nil
}

type stateReader struct {
	io.Reader
	io.Closer
}

// ReapSnapshots removes those beyond what is retained.
func (s *snapshotFiles) ReapSnapshots() error {
	all, err := s.all()
	if err != nil {
		return err
	}
	for _, meta := range all[min(len(all), s.retain):] {
		// mark: an old snapshot is removed
		path := filepath.Join(s.dir, meta.ID)
		s.log.Info("reaping snapshot", "path", path)
		if err := s.remove(path); err != nil {
			return err
		}
	}
	return nil
}

// remove takes away a snapshot that counts. What a crash leaves of it counts no
// more.
func (s *snapshotFiles) remove(path string) error {
	if err := s.world.Files.Rename(path, path+unfinished); err != nil {
		return err
	}
	if err := s.world.Files.SyncDir(s.dir); err != nil {
		return err
	}
	return s.world.Files.RemoveAll(path + unfinished)
}

// clear removes what a crash has left of snapshots that do not count.
func (s *snapshotFiles) clear() error {
	entries, err := s.world.Files.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, begun := strings.CutSuffix(e.Name(), unfinished)
		if _, known := indexInName(name); known && begun && e.IsDir() {
			// mark: an unfinished snapshot is removed
			s.log.Info("removing an unfinished snapshot", "name", e.Name())
			if err := s.world.Files.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// snapshotSink takes the state of one.
type snapshotSink struct {
	of       *snapshotFiles
	dir      string // with the suffix
	meta     snapshotMeta
	state    world.File
	sum      hash.Hash64
	buffered *bufio.Writer
	over     bool
}

var _ raft.SnapshotSink = (*snapshotSink)(nil)

// open makes the folder and the files.
func (k *snapshotSink) open() error {
	files := k.of.world.Files
	if err := files.MkdirAll(k.dir, 0o755); err != nil {
		return err
	}
	if err := k.writeMeta(); err != nil {
		return err
	}
	state, err := world.Create(files, filepath.Join(k.dir, stateName))
	if err != nil {
		return err
	}
	k.state = state
	k.buffered = bufio.NewWriter(io.MultiWriter(state, k.sum))
	return nil
}

// ID is the snapshot's name once it counts.
func (k *snapshotSink) ID() string { return k.meta.ID }

// Write appends to the state.
func (k *snapshotSink) Write(b []byte) (int, error) { return k.buffered.Write(b) }

// Close makes the snapshot count, and removes those beyond what is retained.
func (k *snapshotSink) Close() error {
	if k.over {
		return nil
	}
	k.over = true
	if err := k.place(); err != nil {
		k.of.log.Error("failed to finalize snapshot", "error", err)
		return errors.Join(err, k.of.world.Files.RemoveAll(k.dir))
	}
	if err := k.of.world.Files.SyncDir(k.of.dir); err != nil {
		return err
	}
	return k.of.ReapSnapshots()
}

// place gives what is durable its name.
func (k *snapshotSink) place() error {
	if err := k.finish(); err != nil {
		return err
	}
	if err := k.writeMeta(); err != nil {
		return err
	}
	if err := writeMetaSum(k.of.world.Files, k.dir); err != nil {
		return err
	}
	if err := k.of.world.Files.SyncDir(k.dir); err != nil {
		return err
	}
	return k.of.world.Files.Rename(k.dir, strings.TrimSuffix(k.dir, unfinished))
}

// Cancel removes what there is of it.
func (k *snapshotSink) Cancel() error {
	if k.over {
		return nil
	}
	k.over = true
	return errors.Join(k.finish(), k.of.world.Files.RemoveAll(k.dir))
}

// finish makes the state durable and notes its length and sum.
func (k *snapshotSink) finish() error {
	err := k.buffered.Flush()
	if err == nil {
		err = k.state.Sync()
	}
	info, unknown := k.state.Stat()
	if err := errors.Join(err, k.state.Close(), unknown); err != nil {
		return err
	}
	k.meta.Size, k.meta.CRC = info.Size(), k.sum.Sum(nil)
	return nil
}

// writeMeta writes the description, and returns once its content is durable.
func (k *snapshotSink) writeMeta() error {
	f, err := world.Create(k.of.world.Files, filepath.Join(k.dir, metaName))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	err = json.NewEncoder(out).Encode(&k.meta)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
