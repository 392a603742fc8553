// Package store (no promise) keeps the values of one view with their whole past,
// in Badger in managed mode.
//
// What a view writes is readable at once: it lies in a generation in memory,
// and readers look there first. A generation goes to Badger when it is full or
// old, as runs: all the versions that one key got meanwhile are one Badger
// value. So a point read of any instant is exact to the event, costs one
// lookup, and a hot key costs one write a generation however often it changes.
//
// Nothing here is the truth: whatever fails to verify is thrown away and
// folded anew from the journal.
package store

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Options of a store.
type Options struct {
	// Files are what Dir is in; nil = the system's. On others Badger runs in
	// memory, and what it was given lies in a file beside.
	Files world.Files
	// Dir is the store's own folder.
	Dir string
	// Identity names what the values mean: view, format and history. A store
	// that holds another identity is thrown away.
	Identity string
	// Boot is BootID(). After an unclean stop a store goes on only within the
	// same boot: then the page cache survived.
	Boot string
	// MemTable is Badger's memtable in bytes, 1–64 MiB; 0 = 4 MiB. Two of
	// them may be resident.
	MemTable int64
	// Generation is how many bytes of fresh values are kept in memory before
	// they go to Badger; 0 = 1 MiB. Up to four times that is held at worst.
	Generation int
	// FlushEvery is how long fresh values wait at most; 0 = 1 s.
	FlushEvery time.Duration
	// Writable is asked before values go to Badger; nil = always. Badger
	// writes through mapped files: on a full disk the kernel ends the process
	// there, on one that hangs it stops all of it. So it may wait while the
	// disk hangs, and on an error the values stay in memory, where they are
	// read as ever, until it returns nil.
	Writable func() error
	// Pace bounds how fast the tables are read to find damage; nil = they are
	// not read but by readers.
	Pace *readmodels.Pace
	// Rest is the pause between two such rounds; 0 = 1 hour.
	Rest time.Duration
	// ThrownAway, if set, is told at Open why a store that was there is begun
	// anew.
	ThrownAway func(why error)
}

func (o Options) withDefaults() Options {
	if o.Files == nil {
		o.Files = world.System().Files
	}
	if o.MemTable == 0 {
		o.MemTable = 4 << 20
	}
	if o.Generation == 0 {
		o.Generation = 1 << 20
	}
	if o.Writable == nil {
		o.Writable = func() error { return nil }
	}
	if o.FlushEvery == 0 {
		o.FlushEvery = time.Second
	}
	if o.Rest == 0 {
		o.Rest = time.Hour
	}
	return o
}

// Store implements readmodels.Store.
type Store struct {
	options Options
	lock    io.Closer  // held while the store is open
	staged  staging    // of the one goroutine that commits
	flushes sync.Mutex // one flush at a time

	mu         sync.RWMutex // guards what follows
	disk       *disk
	active     *generation // takes commits
	flushing   *generation // on its way to Badger; nil = none
	spare      *generation // its memory is used again; nil = none
	swapped    *sync.Cond  // active was replaced, or failure was set
	watermark  market.Sequence
	cursor     market.Sequence // each finished flush moves it; Badger is read through it
	rebuilding bool
	failure    error // of a flush; the store takes nothing more
	broken     error // what is stored does not verify; ends with Reset
	tell       func(error)

	flusher   *flusher
	stopScrub func()
	young     *youth
}

var _ readmodels.Store = (*Store)(nil)

// Open opens the store, or begins an empty one if there is none that can be
// trusted. ErrLocked if another process has it open.
func Open(o Options) (*Store, error) {
	o = o.withDefaults()
	if err := o.Files.MkdirAll(filepath.Dir(o.Dir), 0o755); err != nil {
		return nil, fmt.Errorf("make store folder: %w", err)
	}
	lock, err := readmodels.Lock(o.Files, o.Dir+".lock") // beside: the folder may be thrown away
	if err != nil {
		return nil, err
	}
	s := &Store{options: o, lock: lock}
	s.staged.past = past{s}
	s.swapped = sync.NewCond(&s.mu)
	if err := s.startTrusted(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// startTrusted starts from what is there if it can be trusted, else anew.
func (s *Store) startTrusted() error {
	if why := distrusted(s.options); why != nil {
		if err := s.throwAway(why); err != nil {
			return fmt.Errorf("remove untrusted store: %w", err)
		}
	}
	why := s.start()
	if why == nil || sick(why) {
		return why
	}
	// What can't be opened is thrown away; only a second failure counts.
	if err := s.throwAway(why); err != nil {
		return fmt.Errorf("remove damaged store: %w", err)
	}
	return s.start()
}

// throwAway removes what the folder holds, and tells why if it held something.
func (s *Store) throwAway(why error) error {
	if entries, err := s.options.Files.ReadDir(s.options.Dir); err == nil && len(entries) > 0 && s.options.ThrownAway != nil {
		s.options.ThrownAway(why)
	}
	return s.options.Files.RemoveAll(s.options.Dir)
}

// start opens Badger in the folder and begins to flush.
func (s *Store) start() error {
	if err := s.options.Files.MkdirAll(s.options.Dir, 0o755); err != nil {
		return fmt.Errorf("make store folder: %w", err)
	}
	clean := closedClean(s.options)
	young, err := beginYouth(s.options)
	if err != nil {
		return err
	}
	d, cursor, err := s.openDisk(clean)
	if err != nil {
		young.end()
		return ofMachine(err)
	}
	s.mu.Lock()
	s.disk, s.active, s.flushing, s.failure, s.broken = d, newGeneration(cursor), nil, nil, nil
	s.watermark, s.cursor = cursor, cursor
	s.mu.Unlock()
	s.young = young
	s.flusher = startFlusher(s)
	s.startScrub(d.unread)
	return nil
}

func (s *Store) badgerDir() string { return filepath.Join(s.options.Dir, "badger") }

func (s *Store) openDisk(clean bool) (d *disk, cursor market.Sequence, err error) {
	if world.Native(s.options.Files) {
		d, err = s.openFiles()
	} else {
		d, err = openInMemory(s.options, clean)
	}
	if err != nil {
		return nil, 0, err
	}
	if cursor, err = d.cursor(); err != nil {
		return nil, 0, fmt.Errorf("read cursor: %w", errorsJoinClose(err, d))
	}
	return d, cursor, nil
}

// openFiles verifies Badger's files and opens it on them.
func (s *Store) openFiles() (*disk, error) {
	tables, err := verifyFolder(s.badgerDir())
	if err != nil {
		return nil, err
	}
	unread := linkTables(s.badgerDir(), filepath.Join(s.options.Dir, "unread"), tables)
	return openDisk(s.badgerDir(), s.options.MemTable, unread)
}

// OnDamage implements readmodels.Store.
func (s *Store) OnDamage(tell func(error)) {
	s.mu.Lock()
	s.tell = tell
	broken := s.broken
	s.mu.Unlock()
	if broken != nil {
		tell(broken)
	}
}

// damage takes the store out of service: it is thrown away by Reset, or by the
// next start. It tells once.
func (s *Store) damage(err error) {
	s.mu.Lock()
	first, tell := s.broken == nil, s.tell
	if first {
		s.broken = err
	}
	s.mu.Unlock()
	if !first {
		return
	}
	s.young.distrust()
	if tell != nil {
		tell(err)
	}
}

// Watermark implements readmodels.Store.
func (s *Store) Watermark() market.Sequence {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.watermark
}

// Cursor implements readmodels.Store.
func (s *Store) Cursor() market.Sequence {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cursor
}

// cursorSlack is how far the watermark may run ahead of the cursor while a
// view has nothing to write: what is folded again, for nothing, after a crash.
const cursorSlack = 1 << 16

// Commit implements readmodels.Store.
func (s *Store) Commit(through market.Sequence, fold func(readmodels.Writer) error) error {
	s.staged.clear()
	if err := fold(&s.staged); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.failure == nil && s.active.size() >= 2*s.options.Generation {
		s.swapped.Wait()
	}
	if s.failure != nil {
		return s.failure
	}
	if err := s.active.take(&s.staged, through); err != nil {
		return err
	}
	s.watermark = max(s.watermark, through)
	switch {
	case s.active.size() >= s.options.Generation:
		s.flusher.full()
	case s.active.size() > 0, s.watermark-s.cursor > cursorSlack:
		s.flusher.begin()
	}
	return nil
}

// Reset implements readmodels.Store.
func (s *Store) Reset() error {
	s.mu.Lock()
	s.rebuilding = true
	d := s.disk
	s.mu.Unlock()
	s.flusher.stop()
	s.stopScrub()
	s.young.end()
	d.readers.Wait() // nobody new comes: acquire refuses
	if err := d.close(); err != nil && !s.isBroken() {
		return fmt.Errorf("close store: %w", err)
	}
	if err := s.options.Files.RemoveAll(s.options.Dir); err != nil {
		return fmt.Errorf("remove store: %w", err)
	}
	return s.start()
}

// Serve implements readmodels.Store.
func (s *Store) Serve() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rebuilding = false
}

// Close implements readmodels.Store. Readers that are still under way are
// waited for.
func (s *Store) Close() error {
	s.flusher.stop()
	s.stopScrub()
	s.young.end()
	flushed := s.flush()
	if errors.Is(flushed, errKept) {
		flushed = nil // it is folded again
	}
	s.mu.Lock()
	s.rebuilding = true
	d := s.disk
	s.mu.Unlock()
	d.readers.Wait()
	err := errors.Join(flushed, d.close())
	if err == nil && !s.isBroken() {
		err = writeState(s.options, state{Clean: true})
	}
	if err = errors.Join(err, s.lock.Close()); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// acquire returns the disk for one read; its readers.Done ends it.
func (s *Store) acquire(at market.Sequence) (*disk, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.serving(at); err != nil {
		return nil, err
	}
	s.disk.readers.Add(1)
	return s.disk, nil
}

// acquirePast is acquire for the one who commits: nobody rebuilds beside it.
func (s *Store) acquirePast(at market.Sequence) (*disk, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.broken != nil {
		return nil, s.broken
	}
	if at > s.watermark {
		return nil, readmodels.ErrNotCaughtUp
	}
	s.disk.readers.Add(1)
	return s.disk, nil
}

func (s *Store) isBroken() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.broken != nil
}

// Serving implements readmodels.Reader.
func (s *Store) Serving(at market.Sequence) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.serving(at)
}

func (s *Store) serving(at market.Sequence) error {
	if s.rebuilding || s.broken != nil {
		return readmodels.ErrRebuilding
	}
	if at > s.watermark {
		return fmt.Errorf("watermark %d, wanted %d: %w", s.watermark, at, readmodels.ErrNotCaughtUp)
	}
	return nil
}

// disk is one open Badger with those who read it.
type disk struct {
	shut bool // close was called; whoever holds the store calls it
	db   *badger.DB
	// readers are waited for before the database closes.
	readers sync.WaitGroup
	// singles is the last sequence that an unfinished flush may have written
	// runs for: up to it each version gets a Badger version of its own.
	singles market.Sequence
	unread  *unread
	// records are what Badger was given, where it has no files; else nil.
	records *recordFile
}
