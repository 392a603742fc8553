package logstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"github.com/rialto-exchange/rialto/cluster"
)

// Stable is Raft's term and vote in raft-boltdb: a value is durable when Set
// returns. All of them are one record with one checksum, since a term without
// its vote is as dangerous as none. Like the log, it ends the node at the
// first error.
//
// The record, little endian: CRC-32C of the rest (4), version 1 (2), count of
// keys (2), and for each in order of the keys: length and bytes of the key (2
// and n), length and bytes of the value (4 and n).
//
// Opening it locks the node's directory: a second process on the same one
// gets ErrLocked.
type Stable struct {
	db   *raftboltdb.BoltStore
	halt func(error)

	mu     sync.Mutex
	values map[string][]byte
}

var _ raft.StableStore = (*Stable)(nil)

// The bounds of the record. Raft uses three keys, consensus two: the
// incarnation and the roster.
const (
	maxStableKeys  = 16
	maxStableValue = 32 << 10 // a full roster
)

const stableVersion = 1

// Errors of Stable.
var (
	// ErrLocked: another process has the directory open.
	ErrLocked = errors.New("directory is in use by another process")
	// errNoKey's text is what Raft compares with.
	errNoKey = errors.New("not found")
)

// OpenStable opens or makes the store in dir. halt is as in Options.
func OpenStable(dir string, halt func(error)) (stable *Stable, err error) {
	defer contained(&err)
	defer faultsPanic()()
	if err := checkStable(dir); err != nil {
		return nil, fmt.Errorf("open stable store: %w", err)
	}
	db, err := openBolt(filepath.Join(dir, "stable.bolt"))
	if errors.Is(err, bbolt.ErrTimeout) {
		return nil, fmt.Errorf("open %s: %w", dir, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("open stable store: %w", unreadable(err))
	}
	s := &Stable{db: db, halt: halt, values: make(map[string][]byte)}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("read stable store: %w", err), db.Close())
	}
	return s, nil
}

// Claim holds the store against the incarnation that it should name; with
// birth one that names none is given it. See cluster.ErrForgotten.
func (s *Stable) Claim(i cluster.Incarnation, birth bool) error {
	named, err := s.Get([]byte(incarnationKey))
	switch {
	case err != nil && birth: // it names none
		return s.Set([]byte(incarnationKey), i[:])
	case string(named) != string(i[:]):
		return fmt.Errorf("%w: stable.bolt is not of incarnation %s", cluster.ErrForgotten, i)
	}
	return nil
}

// incarnationKey is the key of the incarnation, in term and vote and in the
// store of either log library.
const incarnationKey = "Incarnation"

func recordKey() []byte { return []byte("record") }

func (s *Stable) load() error {
	record, err := s.db.Get(recordKey())
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s.values, err = parseStable(record)
	return err
}

// Set stores value under key and returns once it is durable.
func (s *Stable) Set(key, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.set(string(key), value)
	if err != nil {
		err = failure(fmt.Errorf("write stable store: %w", err))
		s.halt(err)
	}
	return err
}

func (s *Stable) set(key string, value []byte) error {
	old, had := s.values[key]
	if len(value) > maxStableValue || !had && len(s.values) == maxStableKeys {
		return fmt.Errorf("no room for %d bytes of %q", len(value), key)
	}
	s.values[key] = slices.Clone(value)
	if err := s.db.Set(recordKey(), appendStable(s.values)); err != nil {
		if s.values[key] = old; !had {
			delete(s.values, key)
		}
		return err
	}
	return nil
}

// Get returns the value of key, or an error with the text "not found".
func (s *Stable) Get(key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[string(key)]
	if !ok {
		return nil, errNoKey
	}
	return slices.Clone(value), nil
}

// SetUint64 is Set for a number.
func (s *Stable) SetUint64(key []byte, value uint64) error {
	return s.Set(key, binary.LittleEndian.AppendUint64(nil, value))
}

// GetUint64 is Get for a number.
func (s *Stable) GetUint64(key []byte) (uint64, error) {
	value, err := s.Get(key)
	if err != nil {
		return 0, err
	}
	if len(value) != 8 {
		return 0, fmt.Errorf("%q is not a number", key)
	}
	return binary.LittleEndian.Uint64(value), nil
}

// Close closes the file.
func (s *Stable) Close() error { return s.db.Close() }

func appendStable(values map[string][]byte) []byte {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, strings.Compare)
	out := make([]byte, 4, 64)
	out = binary.LittleEndian.AppendUint16(out, stableVersion)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(keys)))
	for _, key := range keys {
		out = binary.LittleEndian.AppendUint16(out, uint16(len(key)))
		out = append(out, key...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(values[key])))
		out = append(out, values[key]...)
	}
	binary.LittleEndian.PutUint32(out, crc32.Checksum(out[4:], crc32.MakeTable(crc32.Castagnoli)))
	return out
}

func parseStable(record []byte) (map[string][]byte, error) {
	bad := fmt.Errorf("%w: record of term and vote", ErrCorrupt)
	if len(record) < 8 ||
		binary.LittleEndian.Uint32(record) != crc32.Checksum(record[4:], crc32.MakeTable(crc32.Castagnoli)) ||
		binary.LittleEndian.Uint16(record[4:]) != stableVersion {
		return nil, bad
	}
	values := make(map[string][]byte)
	rest := record[8:]
	for range binary.LittleEndian.Uint16(record[6:]) {
		if len(rest) < 2 {
			return nil, bad
		}
		n := 2 + int(binary.LittleEndian.Uint16(rest))
		if len(rest) < n+4 {
			return nil, bad
		}
		key := string(rest[2:n])
		end := n + 4 + int(binary.LittleEndian.Uint32(rest[n:]))
		if len(rest) < end {
			return nil, bad
		}
		values[key] = slices.Clone(rest[n+4 : end])
		rest = rest[end:]
	}
	return values, nil
}
