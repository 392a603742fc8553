package logstore_test

import (
	"errors"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// sick is a store of which every write fails.
type sick struct{ raft.LogStore }

var errSick = errors.New("input/output error")

func (sick) StoreLogs([]*raft.Log) error      { return errSick }
func (sick) DeleteRange(uint64, uint64) error { return errSick }
func (sick) GetLog(index uint64, _ *raft.Log) error {
	if index == 404 {
		return raft.ErrLogNotFound
	}
	return errSick
}

// Every failure of the log halts the node before Raft hears of it; an entry
// that is not there is no failure.
func TestFailStop(t *testing.T) {
	var halted []error
	store := logstore.NewFailStop(sick{raft.NewInmemStore()}, func(err error) { halted = append(halted, err) })
	calls := []func() error{
		func() error { return store.StoreLog(&raft.Log{Index: 1}) },
		func() error { return store.StoreLogs([]*raft.Log{{Index: 1}}) },
		func() error { return store.DeleteRange(1, 2) },
		func() error { return store.GetLog(1, &raft.Log{}) },
	}
	for i, call := range calls {
		if err := call(); !errors.Is(err, errSick) {
			t.Errorf("call %d = %v", i, err)
		}
		if len(halted) != i+1 || !errors.Is(halted[i], errSick) {
			t.Fatalf("call %d: halted with %v", i, halted)
		}
		if kind := cluster.KindOf(halted[i]); kind != cluster.KindSickMachine {
			t.Errorf("call %d: halted for %s, want a sick machine", i, kind)
		}
	}
	if err := store.GetLog(404, &raft.Log{}); !errors.Is(err, raft.ErrLogNotFound) || len(halted) != len(calls) {
		t.Errorf("missing entry = %v, halted %d times", err, len(halted))
	}
}

// counted counts the reads that reach it.
type counted struct {
	raft.LogStore
	reads int
}

func (c *counted) GetLog(index uint64, out *raft.Log) error {
	c.reads++
	return c.LogStore.GetLog(index, out)
}

// The cache answers for the newest entries up to its bytes, forgets the
// oldest first, and never answers for what was deleted or replaced.
func TestCacheBounds(t *testing.T) {
	under := &counted{LogStore: raft.NewInmemStore()}
	cache := logstore.NewCache(under, 1000)
	store := func(first, last, term uint64) {
		t.Helper()
		for i := first; i <= last; i++ {
			if err := cache.StoreLog(&raft.Log{Index: i, Term: term, Data: make([]byte, 100)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func(index, term uint64, fromDisk int) {
		t.Helper()
		under.reads = 0
		var got raft.Log
		if err := cache.GetLog(index, &got); err != nil || got.Index != index || got.Term != term {
			t.Fatalf("entry %d = %d of term %d, %v; want term %d", index, got.Index, got.Term, err, term)
		}
		if under.reads != fromDisk {
			t.Errorf("entry %d took %d reads, want %d", index, under.reads, fromDisk)
		}
	}
	store(1, 20, 1)
	read(20, 1, 0)
	read(11, 1, 0)
	read(10, 1, 1)
	if err := cache.DeleteRange(18, 20); err != nil {
		t.Fatal(err)
	}
	if err := cache.GetLog(19, &raft.Log{}); !errors.Is(err, raft.ErrLogNotFound) {
		t.Errorf("a deleted entry reads as %v", err)
	}
	store(18, 19, 2)
	read(18, 2, 0)
	read(17, 1, 1)
	if err := cache.StoreLog(&raft.Log{Index: 20, Term: 2, Data: make([]byte, 2000)}); err != nil {
		t.Fatal(err)
	}
	read(20, 2, 1)
	read(19, 2, 1)
	store(21, 21, 2)
	read(21, 2, 0)
}

// Reads of the cache never mix with deletions of what they read.
func TestCacheDropsPrefix(t *testing.T) {
	under := &counted{LogStore: raft.NewInmemStore()}
	cache := logstore.NewCache(under, 1<<20)
	for i := uint64(1); i <= 10; i++ {
		if err := cache.StoreLog(&raft.Log{Index: i, Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := cache.DeleteRange(1, 4); err != nil {
		t.Fatal(err)
	}
	if err := cache.GetLog(4, &raft.Log{}); !errors.Is(err, raft.ErrLogNotFound) {
		t.Errorf("a deleted entry reads as %v", err)
	}
	under.reads = 0
	if err := cache.GetLog(5, &raft.Log{}); err != nil || under.reads != 0 {
		t.Errorf("entry 5: %v after %d reads", err, under.reads)
	}
}

// What everybody has applied leaves memory, but for the newest entries; it is
// read from the disk by who asks all the same.
func TestCacheForgets(t *testing.T) {
	under := &counted{LogStore: raft.NewInmemStore()}
	cache := logstore.NewCache(under, 1<<20)
	for i := uint64(1); i <= 100; i++ {
		if err := cache.StoreLog(&raft.Log{Index: i, Data: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		through uint64
		held    int
	}{{0, 100}, {40, 60}, {10, 60}, {84, 16}, {85, 16}, {100, 16}, {1000, 16}} {
		if cache.Forget(c.through); cache.Held() != 100*c.held {
			t.Errorf("%d bytes held after entry %d was forgotten, want %d", cache.Held(), c.through, 100*c.held)
		}
	}
	for index, fromDisk := range map[uint64]int{84: 1, 85: 0, 100: 0} {
		under.reads = 0
		if err := cache.GetLog(index, &raft.Log{}); err != nil || under.reads != fromDisk {
			t.Errorf("entry %d: %v after %d reads, want %d", index, err, under.reads, fromDisk)
		}
	}
	if err := cache.StoreLog(&raft.Log{Index: 101, Data: make([]byte, 100)}); err != nil || cache.Held() != 1700 {
		t.Errorf("%d bytes held after one more, %v", cache.Held(), err)
	}
}
