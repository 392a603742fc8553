package logstore

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// Watch knows how long the writes under way have been there. A disk that
// hangs does not fail: the write just never returns, and whoever waits for it
// can't do anything about it. Its methods may be called from any goroutine.
type Watch struct {
	limit   time.Duration
	changed func(late bool)

	mu     sync.Mutex
	writes map[*write]struct{} // past the limit and not back
	told   bool                // what changed was told last
}

// write is one write under way.
type write struct{ begun time.Time }

// NewWatch returns a watch that calls changed with true when a write has taken
// longer than limit, and with false when no such write is under way any more.
// The calls come one at a time and in turn; changed must not block.
func NewWatch(limit time.Duration, changed func(late bool)) *Watch {
	return &Watch{limit: limit, changed: changed, writes: make(map[*write]struct{})}
}

// Do runs a write and watches it. A nil Watch only runs it.
func (w *Watch) Do(do func() error) error {
	if w == nil {
		return do()
	}
	this := &write{begun: time.Now()}
	timer := time.AfterFunc(w.limit, func() { w.late(this) })
	err := do()
	if !timer.Stop() {
		w.back(this)
	}
	return err
}

// late notes that a write is past its limit. It may be back already, with
// back waiting for the lock: then back takes it off again.
func (w *Watch) late(this *write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if this.begun.IsZero() {
		return
	}
	w.writes[this] = struct{}{}
	w.tell()
}

func (w *Watch) back(this *write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	this.begun = time.Time{} // the timer may fire yet
	delete(w.writes, this)
	w.tell()
}

// tell tells what has changed, under the lock, so that the calls are in turn.
func (w *Watch) tell() {
	if late := len(w.writes) > 0; late != w.told {
		w.told = late
		w.changed(late)
	}
}

// Stalled returns how long the oldest write has been under way that is past
// the limit, 0 if there is none.
func (w *Watch) Stalled() time.Duration {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var longest time.Duration
	for this := range w.writes {
		longest = max(longest, time.Since(this.begun))
	}
	return longest
}

// watched watches the writes of a log.
type watched struct {
	raft.LogStore
	watch *Watch
}

func (s *watched) StoreLog(entry *raft.Log) error { return s.StoreLogs([]*raft.Log{entry}) }

func (s *watched) StoreLogs(entries []*raft.Log) error {
	return s.watch.Do(func() error { return s.LogStore.StoreLogs(entries) })
}

func (s *watched) DeleteRange(min, max uint64) error {
	return s.watch.Do(func() error { return s.LogStore.DeleteRange(min, max) })
}

// WatchStable returns a store of term and vote whose writes are watched.
func WatchStable(store raft.StableStore, watch *Watch) raft.StableStore {
	return &watchedStable{store, watch}
}

type watchedStable struct {
	raft.StableStore
	watch *Watch
}

func (s *watchedStable) Set(key, value []byte) error {
	return s.watch.Do(func() error { return s.StableStore.Set(key, value) })
}

func (s *watchedStable) SetUint64(key []byte, value uint64) error {
	return s.watch.Do(func() error { return s.StableStore.SetUint64(key, value) })
}
