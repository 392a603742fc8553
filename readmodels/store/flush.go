package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// flusher is the goroutine that moves generations to Badger.
type flusher struct {
	dirty, filled chan struct{} // capacity 1: a signal, not a count
	quit          chan struct{}
	once          sync.Once
	done          sync.WaitGroup
}

func startFlusher(s *Store) *flusher {
	f := &flusher{dirty: make(chan struct{}, 1), filled: make(chan struct{}, 1), quit: make(chan struct{})}
	f.done.Go(func() { f.run(s) })
	return f
}

// begin says that something waits; full that it waits no longer.
func (f *flusher) begin() { signal(f.dirty) }
func (f *flusher) full()  { signal(f.dirty); signal(f.filled) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (f *flusher) stop() {
	f.once.Do(func() { close(f.quit) })
	f.done.Wait()
}

func (f *flusher) run(s *Store) {
	for {
		select {
		case <-f.dirty:
		case <-f.quit:
			return
		}
		timer := time.NewTimer(s.options.FlushEvery)
		select {
		case <-f.filled:
		case <-timer.C:
		case <-f.quit:
			timer.Stop()
			return
		}
		timer.Stop()
		switch err := s.flush(); {
		case errors.Is(err, errKept):
			f.begin()
		case err != nil:
			return // Commit reports it
		}
	}
}

// errKept: the values stay in memory, for Badger can't be written now.
var errKept = errors.New("values are kept in memory")

// flush writes the active generation to Badger. The order of the batches is
// what makes a crash between them harmless: the intent first, so that a next
// start knows how far runs may reach beyond the cursor; the cursor last.
func (s *Store) flush() error {
	s.flushes.Lock()
	defer s.flushes.Unlock()
	if err := s.options.Writable(); err != nil {
		return fmt.Errorf("%w: %w", errKept, err)
	}
	g, d, err := s.beginFlush()
	if g == nil {
		return err
	}
	return s.endFlush(g, d.write(g))
}

// beginFlush takes the active generation out of the way of commits; nil if
// there is nothing to flush.
func (s *Store) beginFlush() (*generation, *disk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil || s.active.through == s.cursor {
		return nil, nil, s.failure
	}
	s.flushing, s.active = s.active, s.fresh(s.active.through)
	s.swapped.Broadcast()
	return s.flushing, s.disk, nil
}

// endFlush lets go of a generation that is in Badger, unless writing it failed.
func (s *Store) endFlush(g *generation, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failure = fmt.Errorf("flush store: %w", ofMachine(err))
		s.swapped.Broadcast()
		return s.failure
	}
	s.flushing, s.spare = nil, g
	s.cursor = g.through
	return nil
}

// fresh returns an empty generation, in the memory of one that was flushed if
// there is one: nobody looks into that any more. The caller holds the lock.
func (s *Store) fresh(through market.Sequence) *generation {
	g := s.spare
	s.spare = nil
	if g == nil {
		return newGeneration(through)
	}
	clear(g.newest)
	g.versions, g.bytes, g.through = g.versions[:0], g.bytes[:0], through
	return g
}

func (d *disk) write(g *generation) error {
	if len(g.versions) > 0 {
		if err := d.setMeta("intent", g.through); err != nil {
			return err
		}
		if err := d.writeRuns(g); err != nil {
			return err
		}
	}
	return d.setMeta("cursor", g.through)
}

func (d *disk) writeRuns(g *generation) error {
	batch := d.newBatch()
	defer batch.Cancel()
	w := runWriter{batch: batch, bytes: make([]byte, 0, len(g.bytes)+32*len(g.newest))}
	for key, newest := range g.newest {
		w.chain = w.chain[:0]
		for i := newest; i != none; i = g.versions[i].older {
			w.chain = append(w.chain, i)
		}
		if err := w.writeKey(key, g, d.singles); err != nil {
			return err
		}
	}
	return batch.Flush()
}

// runWriter packs versions into runs. Badger keeps what it is given until the
// batch is flushed: so keys and runs are cut from one growing buffer.
type runWriter struct {
	batch *batch
	bytes []byte
	chain []int32 // newest first
}

func (w *runWriter) writeKey(key string, g *generation, singles market.Sequence) error {
	for end := len(w.chain) - 1; end >= 0; {
		first := g.versions[w.chain[end]].from
		keyStart := len(w.bytes)
		version := w.appendKey(key, first)
		runStart := len(w.bytes)
		before := first
		for ; end >= 0; end-- {
			v := &g.versions[w.chain[end]]
			if v.from != first && (first <= singles || len(w.bytes)-runStart >= runBytes) {
				break
			}
			w.bytes = appendVersion(w.bytes, v.from-before, g.bytes[v.start:v.end])
			before = v.from
		}
		e := badger.NewEntry(w.bytes[keyStart:runStart:runStart], w.bytes[runStart:len(w.bytes):len(w.bytes)])
		if err := w.batch.SetEntryAt(e, uint64(version)); err != nil {
			return err
		}
	}
	return nil
}

// appendKey appends the Badger key of a run and returns its Badger version. A
// list's run has its first sequence in the key, so that runs lie in order.
func (w *runWriter) appendKey(key string, first market.Sequence) market.Sequence {
	if key[0] != listKey {
		w.bytes = append(w.bytes, key...)
		return first
	}
	w.bytes = append(w.bytes, listKey)
	w.bytes = binary.AppendUvarint(w.bytes, uint64(len(key)-1))
	w.bytes = append(w.bytes, key[1:]...)
	w.bytes = binary.BigEndian.AppendUint64(w.bytes, uint64(first))
	return first
}
