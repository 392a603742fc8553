// Package live finds the bytes in a stopped node's data folder that hold
// something which the node relies on, so that a bit that is flipped there is
// damage: not the room that a file has before it needs it, nor what is no longer
// part of the log. It reads the formats as the DESIGN.md files give them, and
// raft-wal's and bbolt's, by code of its own.
package live

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// Kind is a part of what a node keeps.
type Kind string

// The kinds.
const (
	Log         Kind = "log"         // entries of the log's segments, their last commit, and how far it reached
	Snapshots   Kind = "snapshots"   // state and description of the newest
	Journal     Kind = "journal"     // blocks of events, and how far they are durable
	ReadModels  Kind = "read-models" // Badger's tables, memtables and manifests
	Archive     Kind = "archive"     // entries that left the log
	Vote        Kind = "vote"        // the record that holds, of term and vote
	Incarnation Kind = "incarnation" // identity, marks of its parts, roster
)

// Kinds are all.
func Kinds() []Kind { return []Kind{Log, Snapshots, Journal, ReadModels, Archive, Vote, Incarnation} }

// Range is live bytes of a file.
type Range struct {
	Path     string
	From, To int64  // To is one past the last
	What     string // "entry 17"
}

// ErrNone: a folder holds nothing of a kind.
var ErrNone = errors.New("no live bytes")

// Find returns what is live of a kind in a data folder that nobody has open.
func Find(data string, k Kind) ([]Range, error) {
	finders := map[Kind]func(string) ([]Range, error){
		Log: log, Snapshots: snapshots, Journal: journal, ReadModels: readModels, Archive: archive, Vote: vote, Incarnation: incarnation,
	}
	find, known := finders[k]
	if !known {
		return nil, fmt.Errorf("%q is no kind of bytes", k)
	}
	ranges, err := find(data)
	if err == nil && len(ranges) == 0 {
		err = fmt.Errorf("%s in %s: %w", k, data, ErrNone)
	}
	return ranges, err
}

// Flip is a bit that was turned.
type Flip struct {
	Range
	Offset        int64
	Before, After byte
}

// String says where.
func (f Flip) String() string {
	return fmt.Sprintf("%s in byte %d of %s (%#02x → %#02x)", f.What, f.Offset, filepath.Base(f.Path), f.Before, f.After)
}

// Turn flips one bit of one of the ranges, a file and then a byte of it by the
// dice, and reads it back.
func Turn(ranges []Range, dice *rand.Rand) (Flip, error) {
	r := choose(ranges, dice)
	f := Flip{Range: r, Offset: r.From + dice.Int64N(r.To-r.From)}
	file, err := os.OpenFile(r.Path, os.O_RDWR, 0)
	if err != nil {
		return f, fmt.Errorf("turn a bit: %w", err)
	}
	defer file.Close() //nolint:errcheck // it is synced
	var b [1]byte
	if _, err := file.ReadAt(b[:], f.Offset); err != nil {
		return f, fmt.Errorf("turn a bit: %w", err)
	}
	f.Before = b[0]
	f.After = b[0] ^ 1<<dice.IntN(8)
	return f, f.write(f.After)
}

// Back turns it back.
func (f Flip) Back() error { return f.write(f.Before) }

func (f Flip) write(b byte) error {
	file, err := os.OpenFile(f.Path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("turn a bit: %w", err)
	}
	_, err = file.WriteAt([]byte{b}, f.Offset)
	var got [1]byte
	if err == nil {
		_, err = file.ReadAt(got[:], f.Offset)
	}
	if err == nil && got[0] != b {
		err = fmt.Errorf("byte %d is %#02x", f.Offset, got[0])
	}
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("turn a bit of %s: %w", f.Path, err)
	}
	return nil
}

// choose takes a file, each alike, and of it a range by its length: small files
// matter as much as large ones.
func choose(ranges []Range, dice *rand.Rand) Range {
	var paths []string
	for _, r := range ranges {
		if !slices.Contains(paths, r.Path) {
			paths = append(paths, r.Path)
		}
	}
	path := paths[dice.IntN(len(paths))]
	var total int64
	for _, r := range ranges {
		if r.Path == path {
			total += r.To - r.From
		}
	}
	at := dice.Int64N(total)
	for _, r := range ranges {
		if r.Path != path {
			continue
		}
		if at -= r.To - r.From; at < 0 {
			return r
		}
	}
	panic("unreachable: the lengths add up")
}

// whole are whole files, by patterns below the folder.
func whole(data string, what func(path string) string, patterns ...string) (ranges []Range, err error) {
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(data, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil {
				return nil, err
			}
			if info.Mode().IsRegular() && info.Size() > 0 {
				ranges = append(ranges, Range{path, 0, info.Size(), what(path)})
			}
		}
	}
	return ranges, nil
}

func named(path string) string { return "the file " + filepath.Base(path) }

// segments is what raft-wal says of its files.
type segments struct {
	Segments []struct {
		ID, BaseIndex, MinIndex, MaxIndex uint64
	}
}

// readSegments reads raft-wal's own record of its segments.
func readSegments(dir string) (s segments, err error) {
	db, err := bbolt.Open(filepath.Join(dir, "wal-meta.db"), 0, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return s, fmt.Errorf("read the log's segments: %w", err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	err = db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("wal-meta"))
		if b == nil {
			return errors.New("there is no record of segments")
		}
		return json.Unmarshal(b.Get([]byte("m")), &s)
	})
	return s, err
}

// log are the entries that are part of the log, the frames that commit them, and
// the record of how far it reached.
func log(data string) ([]Range, error) {
	dir := filepath.Join(data, "raft", "log.wal")
	meta, err := readSegments(dir)
	if err != nil {
		return nil, err
	}
	var ranges []Range
	for _, s := range meta.Segments {
		path := filepath.Join(dir, fmt.Sprintf("%020d-%016x.wal", s.BaseIndex, s.ID))
		found, err := frames(path, s.BaseIndex, s.MinIndex, s.MaxIndex)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, found...)
	}
	synced, err := slot(filepath.Join(data, "raft", "log.synced"), 32, 32, 8, "how far the log reached")
	return append(ranges, synced...), err
}

// Of raft-wal's segments: a header, then frames of a header and a body that is
// filled up to a multiple of eight.
const (
	walHeader   = 32
	frameHeader = 8
	frameEntry  = 1
	frameIndex  = 2
	frameCommit = 3
	// appendedAt ends an entry: when the leader got it, by its own clock. Raft
	// makes a metric of it that nobody reads, and no checksum is over it.
	appendedAt = 15
)

// frames are the live frames of a segment whose entries begin at an index.
func frames(path string, index, least, most uint64) (ranges []Range, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	ranges = append(ranges, Range{path, 0, walHeader, "a segment's header"})
	var commit []Range // only the last one of the newest segment is read again
	var header [frameHeader]byte
	for at := int64(walHeader); ; {
		_, err := f.ReadAt(header[:], at)
		if errors.Is(err, io.EOF) {
			return append(ranges, commit...), nil
		}
		if err != nil {
			return nil, err
		}
		length := int64(binary.LittleEndian.Uint32(header[4:]))
		switch kind := header[0]; {
		case kind == frameCommit:
			if most == 0 {
				commit = []Range{{path, at, at + 1, "the last commit"}, {path, at + 4, at + frameHeader, "the last commit"}}
			}
			at += frameHeader
		case (kind == frameEntry || kind == frameIndex) && at+frameHeader+length <= info.Size():
			if kind == frameEntry {
				if index >= least && (most == 0 || index <= most) {
					what := fmt.Sprint("entry ", index)
					end := at + frameHeader + max(0, length-appendedAt)
					ranges = append(ranges, Range{path, at, at + 1, what}, Range{path, at + 4, end, what})
				}
				index++
			}
			at += frameHeader + (length+7)&^7
		default: // nothing was written from here on
			return append(ranges, commit...), nil
		}
	}
}

// slot is the one of two records, so long and so far apart, whose count is
// higher.
func slot(path string, apart, length, count int64, what string) ([]Range, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < apart+length {
		return nil, fmt.Errorf("%s has %d bytes: %w", path, len(b), ErrNone)
	}
	from := int64(0)
	if binary.LittleEndian.Uint64(b[apart+count:]) > binary.LittleEndian.Uint64(b[count:]) {
		from = apart
	}
	return []Range{{path, from, from + length, what}}, nil
}

func vote(data string) ([]Range, error) {
	return slot(filepath.Join(data, "raft", "vote"), 4096, 512, 8, "term and vote")
}

func snapshots(data string) ([]Range, error) {
	dirs, err := filepath.Glob(filepath.Join(data, "raft", "snapshots", "*-*-*"))
	if err != nil {
		return nil, err
	}
	newest, at := "", time.Time{}
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && info.IsDir() && !strings.HasSuffix(dir, ".tmp") && info.ModTime().After(at) {
			newest, at = dir, info.ModTime()
		}
	}
	if newest == "" {
		return nil, nil
	}
	return whole(newest, named, "state.bin", "meta.json", "meta.crc")
}

func journal(data string) ([]Range, error) {
	return whole(filepath.Join(data, "journal"), named, "*.journal", "durable.json")
}

func archive(data string) ([]Range, error) {
	return whole(filepath.Join(data, "archive"), named, "*.entries")
}

func incarnation(data string) ([]Range, error) {
	return whole(data, func(path string) string { return "who the folder is" }, "identity", "*/incarnation", "raft/*/incarnation", "raft/roster")
}

// readModels are Badger's tables and manifests whole, and of memtables what was
// written.
func readModels(data string) ([]Range, error) {
	view := func(path string) string {
		rel, _ := filepath.Rel(filepath.Join(data, "views"), path)
		return "the read model " + strings.Split(rel, string(filepath.Separator))[0]
	}
	ranges, err := whole(filepath.Join(data, "views"), view, "*/badger/*.sst", "*/badger/MANIFEST", "*/state.json")
	if err != nil {
		return nil, err
	}
	tables, err := whole(filepath.Join(data, "views"), view, "*/badger/*.mem")
	if err != nil {
		return nil, err
	}
	for _, r := range tables {
		b, err := os.ReadFile(r.Path)
		if err != nil {
			return nil, err
		}
		end := len(b)
		for end > 0 && b[end-1] == 0 {
			end--
		}
		if r.To = int64(end); r.To > memtableHeader {
			ranges = append(ranges, r)
		}
	}
	return ranges, nil
}

// memtableHeader begins a memtable's file before anything was put into it.
const memtableHeader = 20
