package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Get implements readmodels.Reader.
func (s *Store) Get(key []byte, at market.Sequence) ([]byte, market.Sequence, error) {
	return s.get(key, at, s.acquire)
}

// Versions implements readmodels.Reader.
func (s *Store) Versions(key []byte, span readmodels.Span, yield func([]byte, market.Sequence) bool) error {
	return s.versions(key, span, yield, s.acquire)
}

// List implements readmodels.Reader.
func (s *Store) List(list []byte, span readmodels.Span, yield func([]byte, market.Sequence) bool) error {
	return s.list(list, span, yield, s.acquire)
}

// past reads what is committed, whether or not it is served.
type past struct{ *Store }

// Serving implements readmodels.Reader.
func (past) Serving(market.Sequence) error { return nil }

// Get implements readmodels.Reader.
func (p past) Get(key []byte, at market.Sequence) ([]byte, market.Sequence, error) {
	return p.get(key, at, p.acquirePast)
}

// Versions implements readmodels.Reader.
func (p past) Versions(key []byte, span readmodels.Span, yield func([]byte, market.Sequence) bool) error {
	return p.versions(key, span, yield, p.acquirePast)
}

// List implements readmodels.Reader.
func (p past) List(list []byte, span readmodels.Span, yield func([]byte, market.Sequence) bool) error {
	return p.list(list, span, yield, p.acquirePast)
}

// acquire returns the disk if a point may be read.
type acquire func(at market.Sequence) (*disk, error)

func (s *Store) get(key []byte, at market.Sequence, acquire acquire) ([]byte, market.Sequence, error) {
	d, err := acquire(at)
	if err != nil {
		return nil, 0, err
	}
	defer d.readers.Done()
	full := append(make([]byte, 0, 64), pointKey)
	full = append(full, key...)
	value, from, ok, cursor := s.getMemory(full, at)
	if ok {
		return value, from, nil
	}
	value, from, err = d.get(full, min(at, cursor))
	return value, from, s.Noticed(err)
}

// Noticed implements readmodels.Reader.
func (s *Store) Noticed(err error) error {
	if errors.Is(err, readmodels.ErrDamaged) {
		s.damage(err)
	}
	return err
}

// contained turns a panic of Badger's on what it read into an error.
func contained(err *error) {
	if p := recover(); p != nil {
		*err = damaged(fmt.Errorf("panic: %v", p))
	}
}

// getMemory also returns the cursor: what isn't in memory lies in Badger, at
// or before it.
func (s *Store) getMemory(key []byte, at market.Sequence) (value []byte, from market.Sequence, ok bool, cursor market.Sequence) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok := s.active.get(key, at)
	if !ok {
		v, ok = s.flushing.get(key, at)
	}
	return bytes.Clone(v.value), v.from, ok, s.cursor
}

func (d *disk) get(key []byte, at market.Sequence) (value []byte, from market.Sequence, err error) {
	defer contained(&err)
	if err := d.unread.verify(key); err != nil {
		return nil, 0, err
	}
	txn := d.db.NewTransactionAt(uint64(at), false)
	defer txn.Discard()
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, 0, readmodels.ErrNotFound
	}
	if err != nil {
		return nil, 0, damaged(err)
	}
	err = item.Value(func(run []byte) error {
		v, err := lastAt(run, market.Sequence(item.Version()), at)
		value, from = bytes.Clone(v.value), v.from
		return err
	})
	if err != nil {
		return nil, 0, damaged(err)
	}
	return value, from, nil
}

func damaged(err error) error { return fmt.Errorf("%w: %w", readmodels.ErrDamaged, err) }

func (s *Store) versions(key []byte, span readmodels.Span, yield func([]byte, market.Sequence) bool, acquire acquire) error {
	full := append([]byte{pointKey}, key...)
	return s.walk(walk{full, full, span, yield, acquire, func(d *disk, c *collector) error { return d.keyRuns(full, c) }})
}

func (s *Store) list(list []byte, span readmodels.Span, yield func([]byte, market.Sequence) bool, acquire acquire) error {
	full := append([]byte{listKey}, list...)
	prefix := appendListPrefix(nil, list)
	return s.walk(walk{full, prefix, span, yield, acquire, func(d *disk, c *collector) error { return d.listRuns(prefix, c) }})
}

// walk is a reading of a key's versions; prefix is what the Badger keys of its
// runs begin with.
type walk struct {
	key     []byte
	prefix  []byte
	span    readmodels.Span
	yield   func([]byte, market.Sequence) bool
	acquire acquire
	runs    func(*disk, *collector) error
}

// walk yields the versions of a key in Badger and in memory, in order. Badger
// is read through the cursor only: beyond it there are gaps, for the runs there
// are of a flush under way or of one that was never finished. All that is
// missing there is in memory.
func (s *Store) walk(w walk) error {
	d, err := w.acquire(w.span.At)
	if err != nil {
		return err
	}
	defer d.readers.Done()
	c := newCollector(w.span, w.yield)
	if w.span.Descending {
		c.high = min(c.high, s.walkMemoryDown(w.key, c))
		return s.Noticed(w.walkDisk(d, c))
	}
	for cursor, done := s.Cursor(), false; !done; {
		c.high = min(w.span.At, cursor)
		if err := w.walkDisk(d, c); err != nil {
			return s.Noticed(err)
		}
		c.high = w.span.At
		cursor, done = s.walkMemoryUp(w.key, c, cursor)
	}
	return nil
}

func (w *walk) walkDisk(d *disk, c *collector) (err error) {
	if c.stopped || c.high <= c.low {
		return nil
	}
	defer func() {
		if c.yielding {
			return // a panic of yield is not Badger's
		}
		if p := recover(); p != nil {
			err = damaged(fmt.Errorf("panic: %v", p))
		}
	}()
	if err := d.unread.verify(w.prefix); err != nil {
		return err
	}
	if err := w.runs(d, c); err != nil {
		return damaged(err)
	}
	return nil
}

// memoryBatch is how many versions are copied under the lock at a time.
const memoryBatch = 256

// walkMemoryUp yields a key's versions in memory after all of those through the
// cursor were yielded. It is done unless the cursor moves meanwhile: then what
// left memory lies in Badger, before what is in memory now.
func (s *Store) walkMemoryUp(key []byte, c *collector, cursor market.Sequence) (now market.Sequence, done bool) {
	for !c.stopped {
		batch, now := s.copyMemory(key, c)
		if now != cursor {
			return now, false
		}
		if c.all(batch); len(batch) < memoryBatch {
			break
		}
	}
	return cursor, true
}

// walkMemoryDown yields a key's versions in memory and returns the cursor
// through which the rest lies in Badger.
func (s *Store) walkMemoryDown(key []byte, c *collector) (cursor market.Sequence) {
	for {
		batch, cursor := s.copyMemory(key, c)
		if c.all(batch); c.stopped || len(batch) < memoryBatch {
			return cursor
		}
	}
}

// copyMemory copies the next batch of a key's versions in memory and returns
// the cursor of the same moment.
func (s *Store) copyMemory(key []byte, c *collector) ([]version, market.Sequence) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.active.within(nil, key, c.low, c.high)
	found = s.flushing.within(found, key, c.low, c.high)
	if !c.descending {
		slices.Reverse(found)
	}
	found = found[:min(len(found), memoryBatch)]
	for i := range found {
		found[i].value = bytes.Clone(found[i].value)
	}
	return found, s.cursor
}

// collector hands versions on in strict order: stale runs of an unfinished
// flush may overlap newer ones, and hold the same versions.
type collector struct {
	yield      func([]byte, market.Sequence) bool
	descending bool
	// What is still wanted: low < sequence <= high.
	low, high market.Sequence
	stopped   bool
	yielding  bool
}

func newCollector(span readmodels.Span, yield func([]byte, market.Sequence) bool) *collector {
	c := &collector{yield: yield, descending: span.Descending, high: span.At}
	switch {
	case !span.Descending:
		c.low = span.After
	case span.After > 0:
		c.high = min(c.high, span.After-1)
	}
	return c
}

// take yields a version if it is the turn of it, and reports whether to go on.
func (c *collector) take(v version) bool {
	if c.stopped {
		return false
	}
	if v.from <= c.low || v.from > c.high {
		return true
	}
	if c.descending {
		c.high = v.from - 1
	} else {
		c.low = v.from
	}
	c.yielding = true
	c.stopped = !c.yield(v.value, v.from)
	c.yielding = false
	return !c.stopped
}

// run takes the versions of one run.
func (c *collector) run(run []byte, first market.Sequence) error {
	r := readRun(run, first)
	if !c.descending {
		for r.next() && c.take(r.at) {
		}
		return r.err
	}
	var all []version
	for r.next() {
		all = append(all, r.at)
	}
	for i := len(all) - 1; i >= 0 && c.take(all[i]); i-- {
	}
	return r.err
}

// all takes versions until it is enough.
func (c *collector) all(versions []version) {
	for i := 0; i < len(versions) && c.take(versions[i]); i++ {
	}
}

// keyRuns walks the runs of a key, which are its Badger versions.
func (d *disk) keyRuns(key []byte, c *collector) error {
	if c.descending {
		return d.keyRunsDown(key, c)
	}
	txn := d.db.NewTransactionAt(uint64(c.high), false)
	defer txn.Discard()
	it := txn.NewKeyIterator(key, badger.IteratorOptions{Reverse: true}) // oldest first
	defer it.Close()
	for it.Rewind(); it.ValidForPrefix(key) && !c.stopped; it.Next() {
		item := it.Item()
		if !bytes.Equal(item.Key(), key) {
			continue
		}
		err := item.Value(func(run []byte) error { return c.run(run, market.Sequence(item.Version())) })
		if err != nil {
			return err
		}
	}
	return nil
}

// keyRunsDown hops from run to run by point reads.
func (d *disk) keyRunsDown(key []byte, c *collector) error {
	for at := c.high; at > c.low && !c.stopped; {
		txn := d.db.NewTransactionAt(uint64(at), false)
		item, err := txn.Get(key)
		if err == nil {
			at = market.Sequence(item.Version()) - 1
			err = item.Value(func(run []byte) error { return c.run(run, at+1) })
		}
		txn.Discard()
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// listRuns walks the runs of a list, whose Badger keys end in their first
// sequence.
func (d *disk) listRuns(prefix []byte, c *collector) error {
	txn := d.db.NewTransactionAt(uint64(c.high), false)
	defer txn.Discard()
	start := c.high
	if !c.descending {
		start = runBefore(txn, prefix, c.low)
	}
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, Reverse: c.descending})
	defer it.Close()
	for it.Seek(listRunKey(prefix, start)); it.ValidForPrefix(prefix) && !c.stopped; it.Next() {
		item := it.Item()
		first := market.Sequence(binary.BigEndian.Uint64(item.Key()[len(prefix):]))
		if first > c.high || c.descending && c.high == c.low {
			break
		}
		if err := item.Value(func(run []byte) error { return c.run(run, first) }); err != nil {
			return err
		}
	}
	return nil
}

// runBefore returns the first sequence of the run that may hold what follows
// after: the last run that begins at or before it.
func runBefore(txn *badger.Txn, prefix []byte, after market.Sequence) market.Sequence {
	if after == 0 {
		return 0
	}
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, Reverse: true})
	defer it.Close()
	it.Seek(listRunKey(prefix, after))
	if !it.ValidForPrefix(prefix) {
		return 0
	}
	return market.Sequence(binary.BigEndian.Uint64(it.Item().Key()[len(prefix):]))
}

func listRunKey(prefix []byte, first market.Sequence) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(prefix), uint64(first))
}
