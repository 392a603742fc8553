package logstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// Stable is Raft's term and vote: a value is durable when Set returns. Like the
// log, it ends the node at the first error.
//
// Term, vote and incarnation are a ballot in the file `vote` (ballot.go), whose
// writes an election waits for. Of its three values Raft sets LastVoteTerm and
// LastVoteCand one right after the other, and neither means anything without
// the other; so the first is kept back and written with the second, as one. A
// vote whose term was written without its candidate would be taken, after a
// crash, for one that was given to the candidate before. CurrentTerm is written
// by itself: nothing is promised in a term that may be forgotten.
//
// All other keys are a record in the file `roster` that is replaced as a whole,
// little endian: CRC-32C of the rest (4), version 1 (2), count of keys (2), and
// for each in order of the keys: length and bytes of the key (2 and n), length
// and bytes of the value (4 and n).
//
// Opening it locks the node's directory: a second process on the same one
// gets ErrLocked.
type Stable struct {
	disk disk
	lock io.Closer // nil: it was only looked at
	halt func(error)

	mu     sync.Mutex // over the ballot
	file   *voteFile
	ballot ballot
	// kept is the term of a vote that is not complete; 0 = none.
	kept uint64

	values struct {
		sync.Mutex
		all map[string][]byte
	}
}

var _ raft.StableStore = (*Stable)(nil)

// The bounds of the record: the incarnation and the roster are in it.
const (
	maxStableKeys  = 16
	maxStableValue = 32 << 10 // a full roster
	maxStableFile  = 1 << 20
	rosterName     = "roster"
)

const stableVersion = 1

// The keys that Raft's library uses.
const (
	termKey     = "CurrentTerm"
	voteTermKey = "LastVoteTerm"
	voteCandKey = "LastVoteCand"
)

// Errors of Stable.
var (
	// ErrLocked: another process has the directory open.
	ErrLocked = errors.New("directory is in use by another process")
	// errNoKey's text is what Raft compares with.
	errNoKey = errors.New("not found")
)

// OpenStable opens or makes the store in dir, and converts that of an earlier
// build. halt is as in Options.
func OpenStable(files world.Files, dir string, halt func(error)) (stable *Stable, err error) {
	defer contained(&err)
	defer faultsPanic()()
	lock, err := lockDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	s, err := openStable(folder{files, dir}, boltLegacy{folder{files, dir}}, halt)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open stable store: %w", err), lock.Close())
	}
	s.lock = lock
	return s, nil
}

// openStable opens the store on a disk that nobody else has.
func openStable(d disk, from legacy, halt func(error)) (*Stable, error) {
	values, found, done, err := from.read()
	if err != nil {
		return nil, err
	}
	if found {
		err = convert(d, values)
	} else {
		err = complete(d)
	}
	if err := errors.Join(err, done()); err != nil {
		return nil, err
	}
	return load(d, halt)
}

// convert writes what an earlier build knew, and only then puts a word in the
// place of its file.
func convert(d disk, values map[string][]byte) error {
	b, rest, err := ballotOf(values)
	if err != nil {
		return err
	}
	if err := replace(d, voteName, newVoteFile(b)); err != nil {
		return err
	}
	if err := replace(d, rosterName, appendStable(rest)); err != nil {
		return err
	}
	if err := d.sync(); err != nil {
		return err
	}
	if err := replace(d, legacyName, []byte(movedText)); err != nil {
		return err
	}
	return d.sync()
}

// complete makes a new directory's files. The last of them is the word in the
// place of stable.bolt: before that nothing was promised. Where it is missing
// beside a ballot that says something, it was taken away.
func complete(d disk) error {
	f, err := d.open(legacyName)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	v, _, err := openVoteFile(d)
	if err == nil {
		if err = v.file.Close(); v.count > 1 {
			err = &damagedFile{legacyName + " is gone"}
		}
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return convert(d, nil)
}

// ballotOf takes the ballot out of an earlier build's values; the incarnation
// stays among the rest too.
func ballotOf(values map[string][]byte) (b ballot, rest map[string][]byte, err error) {
	rest = map[string][]byte{}
	for key, value := range values {
		switch key {
		case termKey:
			b.term, err = number(key, value)
		case voteTermKey:
			b.voteTerm, err = number(key, value)
		case voteCandKey:
			b.candidate = string(value)
		case incarnationKey:
			copy(b.of[:], value)
			rest[key] = value
		default:
			rest[key] = value
		}
		if err != nil {
			return b, nil, err
		}
	}
	if len(b.candidate) > maxCandidate {
		return b, nil, errCandidate
	}
	return b, rest, nil
}

// load reads both files.
func load(d disk, halt func(error)) (*Stable, error) {
	s := &Stable{disk: d, halt: halt}
	var err error
	if s.file, s.ballot, err = openVoteFile(d); err != nil {
		return nil, lostFile(err, voteName)
	}
	content, err := readWhole(d, rosterName, maxStableFile)
	if err == nil {
		s.values.all, err = parseStable(content)
	}
	if err != nil {
		return nil, errors.Join(lostFile(err, rosterName), s.file.file.Close())
	}
	return s, nil
}

// lostFile says that a file which must be there is damage when it is not.
func lostFile(err error, name string) error {
	if errors.Is(err, os.ErrNotExist) {
		return &damagedFile{name + " is gone"}
	}
	return err
}

// peekStable reads the store of a directory that nobody has open, and changes
// nothing: what an earlier build left stays as it is. What it returns can only
// be read.
func peekStable(files world.Files, dir string) (*Stable, error) {
	values, found, done, err := boltLegacy{folder{files, dir}}.read()
	if err != nil {
		return nil, err
	}
	if !found {
		s, err := load(folder{files, dir}, func(error) {})
		if err != nil {
			return nil, err
		}
		return s, s.file.file.Close()
	}
	s := &Stable{}
	s.ballot, s.values.all, err = ballotOf(values)
	return s, errors.Join(err, done())
}

// Claim holds the store against the incarnation that it should name; with
// birth one that names none is given it. See cluster.ErrForgotten.
func (s *Stable) Claim(i cluster.Incarnation, birth bool) error {
	named, err := s.Get([]byte(incarnationKey))
	s.mu.Lock()
	votes := s.ballot.of
	s.mu.Unlock()
	switch {
	case birth && (votes.IsZero() || votes == i) && (err != nil || string(named) == string(i[:])):
		if err == nil && votes == i {
			return nil
		}
		return s.Set([]byte(incarnationKey), i[:])
	case votes != i || string(named) != string(i[:]):
		return fmt.Errorf("%w: term and vote are not of incarnation %s", cluster.ErrForgotten, i)
	}
	return nil
}

// incarnationKey is the key of the incarnation, in term and vote and in the
// store of either log library.
const incarnationKey = "Incarnation"

func recordKey() []byte { return []byte("record") }

// Set stores value under key and returns once it is durable.
func (s *Stable) Set(key, value []byte) error {
	err := s.set(string(key), value)
	if err != nil {
		err = failure(fmt.Errorf("write stable store: %w", err))
		s.halt(err)
	}
	return err
}

func (s *Stable) set(key string, value []byte) error {
	switch key {
	case termKey:
		term, err := number(key, value)
		if err != nil {
			return err
		}
		return s.vote(func(b *ballot) { b.term = term })
	case voteTermKey:
		term, err := number(key, value)
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.kept = term
		return nil
	case voteCandKey:
		return s.vote(func(b *ballot) {
			b.candidate = string(value)
			if s.kept != 0 {
				b.voteTerm = s.kept
			}
			s.kept = 0
		})
	case incarnationKey:
		if len(value) != len(cluster.Incarnation{}) {
			return fmt.Errorf("%q of %d bytes", key, len(value))
		}
		if err := s.vote(func(b *ballot) { b.of = cluster.Incarnation(value) }); err != nil {
			return err
		}
	}
	return s.keep(key, value)
}

// vote changes the ballot and makes it durable.
func (s *Stable) vote(change func(*ballot)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.ballot
	change(&next)
	if err := s.file.write(next); err != nil {
		return err
	}
	s.ballot = next
	return nil
}

// keep changes the record and makes it durable.
func (s *Stable) keep(key string, value []byte) error {
	s.values.Lock()
	defer s.values.Unlock()
	_, had := s.values.all[key]
	if len(value) > maxStableValue || !had && len(s.values.all) == maxStableKeys {
		return fmt.Errorf("no room for %d bytes of %q", len(value), key)
	}
	next := maps.Clone(s.values.all)
	next[key] = slices.Clone(value)
	if err := replace(s.disk, rosterName, appendStable(next)); err != nil {
		return err
	}
	if err := s.disk.sync(); err != nil {
		return err
	}
	s.values.all = next
	return nil
}

// Get returns the value of key, or an error with the text "not found".
func (s *Stable) Get(key []byte) ([]byte, error) {
	switch string(key) {
	case termKey, voteTermKey:
		n, err := s.GetUint64(key)
		return binary.LittleEndian.AppendUint64(nil, n), err
	case voteCandKey:
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ballot.candidate == "" {
			return nil, errNoKey
		}
		return []byte(s.ballot.candidate), nil
	}
	s.values.Lock()
	defer s.values.Unlock()
	value, ok := s.values.all[string(key)]
	if !ok {
		return nil, errNoKey
	}
	return slices.Clone(value), nil
}

// SetUint64 is Set for a number.
func (s *Stable) SetUint64(key []byte, value uint64) error {
	return s.Set(key, binary.LittleEndian.AppendUint64(nil, value))
}

// GetUint64 is Get for a number. Of a vote it is that of the last complete one.
func (s *Stable) GetUint64(key []byte) (n uint64, err error) {
	switch string(key) {
	case termKey, voteTermKey:
		s.mu.Lock()
		defer s.mu.Unlock()
		if n = s.ballot.term; string(key) == voteTermKey {
			n = s.ballot.voteTerm
		}
		if n == 0 {
			return 0, errNoKey
		}
		return n, nil
	}
	value, err := s.Get(key)
	if err != nil {
		return 0, err
	}
	return number(string(key), value)
}

func number(key string, value []byte) (uint64, error) {
	if len(value) != 8 {
		return 0, fmt.Errorf("%q is not a number", key)
	}
	return binary.LittleEndian.Uint64(value), nil
}

// Close closes the files and gives the directory free.
func (s *Stable) Close() error {
	err := s.file.file.Close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

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
	var bad error = &damagedFile{"the record beside term and vote"}
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
