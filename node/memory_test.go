package node

import (
	"bytes"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/node/internal/hugepages"
)

// Each bound of the memory settings is refused one past it, by its name, and
// taken at it.
func TestMemorySettings(t *testing.T) {
	for _, c := range []struct {
		name      string
		good, bad func(*MemoryConfig)
	}{
		{"memory.runtime_bytes", func(m *MemoryConfig) { m.RuntimeBytes = minRuntimeBytes }, func(m *MemoryConfig) { m.RuntimeBytes = minRuntimeBytes - 1 }},
		{"memory.runtime_bytes", func(m *MemoryConfig) { m.RuntimeBytes = 0 }, func(m *MemoryConfig) { m.RuntimeBytes = -1 }},
		{"memory.collect_percent", func(m *MemoryConfig) { m.CollectPercent = minCollectPercent }, func(m *MemoryConfig) { m.CollectPercent = minCollectPercent - 1 }},
		{"memory.collect_percent", func(m *MemoryConfig) { m.CollectPercent = maxCollectPercent }, func(m *MemoryConfig) { m.CollectPercent = maxCollectPercent + 1 }},
		{"memory.read_model_bytes", func(m *MemoryConfig) { m.ReadModelBytes = minReadModelBytes }, func(m *MemoryConfig) { m.ReadModelBytes = minReadModelBytes - 1 }},
		{"memory.read_model_bytes", func(m *MemoryConfig) { m.ReadModelBytes = maxReadModelBytes }, func(m *MemoryConfig) { m.ReadModelBytes = maxReadModelBytes + 1 }},
		{"memory.log_cache_bytes", func(m *MemoryConfig) { m.LogCacheBytes = minLogCacheBytes }, func(m *MemoryConfig) { m.LogCacheBytes = minLogCacheBytes - 1 }},
		{"memory.log_cache_bytes", func(m *MemoryConfig) { m.LogCacheBytes = maxLogCacheBytes }, func(m *MemoryConfig) { m.LogCacheBytes = maxLogCacheBytes + 1 }},
	} {
		good, bad := defaultMemory(), defaultMemory()
		c.good(&good)
		c.bad(&bad)
		if err := good.validate(); err != nil {
			t.Errorf("at the bound: %v", err)
		}
		if err := bad.validate(); err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("one past the bound of %s: %v", c.name, err)
		}
	}
}

// What all stores are given together stays within the setting, at its least
// and its most, and Badger takes it (1 to 64 MiB a memtable).
func TestStoreMemory(t *testing.T) {
	views := []string{"catalogue", "balances", "orders", "trades", "books", "event_index", "sessions", "command_index"}
	for _, all := range []int64{minReadModelBytes, maxReadModelBytes} {
		c := MemoryConfig{ReadModelBytes: all}
		var sum int64
		for _, v := range views {
			memTable, generation := c.storeMemory(v)
			if memTable < 1<<20 || memTable > 64<<20 || generation < 1 {
				t.Errorf("%s has a memtable of %d and generations of %d", v, memTable, generation)
			}
			sum += memTable*13/10 + 3*5*int64(generation)/2
		}
		if sum > all {
			t.Errorf("the stores have %d together of %d", sum, all)
		}
	}
}

// A program that embeds a node keeps its runtime as it is.
func TestEmbeddedRuntimeIsLeftAlone(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	c := defaultMemory()
	if b := c.begin(false); b != nil || debug.SetMemoryLimit(-1) != before {
		t.Errorf("a bound for a process that is not the node's own: %d, was %d", debug.SetMemoryLimit(-1), before)
	}
}

// The memory of a machine goes when a snapshot has replaced it, but not while
// a snapshot of it is being written.
func TestMemoryOfReplacedMachine(t *testing.T) {
	var made []*hugepages.Store
	newPages := func() *hugepages.Store {
		made = append(made, hugepages.New())
		return made[len(made)-1]
	}
	taken := func(i int) int64 { _, n := made[i].Size(); return n }
	r := newReplica(fsm.Options{Cluster: clusterNumber("c")}, newPages, brokenLog{}, newAuthority(nil))
	r.Apply([]cluster.Entry{firstEntry(t)})
	under, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var state, late bytes.Buffer
	if _, err := under.WriteTo(&state); err != nil {
		t.Fatal(err)
	}
	if err := r.Restore(bytes.NewReader(state.Bytes())); err != nil {
		t.Fatal(err)
	}
	if len(made) != 2 || taken(0) == 0 || taken(1) == 0 {
		t.Fatalf("%d memories; of the first %d bytes, with a snapshot of it open", len(made), taken(0))
	}
	if _, err := under.WriteTo(&late); err != nil || !bytes.Equal(late.Bytes(), state.Bytes()) {
		t.Errorf("the snapshot is another one after the restore: %v", err)
	}
	under.Release()
	under.Release()
	if taken(0) != 0 || taken(1) == 0 {
		t.Errorf("%d bytes of the old machine and %d of the new one when the snapshot was let go", taken(0), taken(1))
	}
	if err := r.Restore(strings.NewReader("no snapshot")); err == nil || len(made) != 3 || taken(2) != 0 || taken(1) == 0 {
		t.Errorf("a restore that failed, %v, leaves %d memories and %d bytes", err, len(made), taken(len(made)-1))
	}
	used, _ := r.stateBytes()
	r.close()
	if used == 0 || taken(1) != 0 || r.finishHash() {
		t.Errorf("%d bytes in use, %d after the end", used, taken(1))
	}
}

// A venue that is at rest gives back once, and again only after it was busy.
func TestRest(t *testing.T) {
	w := &memoryWatch{}
	var gave []int
	applied := uint64(0)
	for look := range 40 {
		if look < 5 || look == 20 {
			applied += 1000
		} else {
			applied += 3 // a probe now and then
		}
		if w.rests(applied) {
			gave = append(gave, look)
		}
	}
	if len(gave) != 2 || gave[0] != 4+restAfter || gave[1] != 20+restAfter {
		t.Errorf("gave back at the looks %v", gave)
	}
}
