package node

import (
	"errors"

	"github.com/rialto-exchange/rialto/node/internal/hugepages"
	"github.com/rialto-exchange/rialto/node/internal/memory"
)

// MemoryConfig bounds what a node has resident: how long a killed process
// keeps its sockets open depends on it, and until they close nobody knows that
// it is dead. All are in bytes.
type MemoryConfig struct {
	// RuntimeBytes is what Go's runtime keeps within as long as a third of what
	// is alive fits beside it (memory.Bound); 0 = no bound. It holds for a
	// process that is the node's own (WithProcess), as that of `rialto serve`
	// is: where a program embeds a node its runtime is left alone. GOMEMLIMIT,
	// if it is set, counts instead.
	RuntimeBytes int64 `yaml:"runtime_bytes" koanf:"runtime_bytes"`
	// CollectPercent is by how much the heap grows between two collections at
	// most, 10 to 1,000; 0 = what the runtime does by itself. For a process of
	// the node's own, and unless GOGC is set.
	CollectPercent int `yaml:"collect_percent" koanf:"collect_percent"`
	// ReadModelBytes is for Badger and for what is on its way to it, of all read
	// models together.
	ReadModelBytes int64 `yaml:"read_model_bytes" koanf:"read_model_bytes"`
	// LogCacheBytes bounds the newest entries of the log that are kept because
	// not everybody has applied them.
	LogCacheBytes int `yaml:"log_cache_bytes" koanf:"log_cache_bytes"`
	// HugePages has the machine's tables in memory outside of Go's heap, in huge
	// pages where the system has them.
	HugePages bool `yaml:"huge_pages" koanf:"huge_pages"`
}

func defaultMemory() MemoryConfig {
	return MemoryConfig{
		RuntimeBytes: 100 << 20, CollectPercent: 100,
		ReadModelBytes: 32 << 20, LogCacheBytes: 16 << 20, HugePages: true,
	}
}

// The bounds of MemoryConfig.
const (
	minRuntimeBytes   = 32 << 20
	minCollectPercent = 10
	maxCollectPercent = 1000
	minReadModelBytes = 32 << 20
	maxReadModelBytes = 1 << 30
	minLogCacheBytes  = 1 << 20
	maxLogCacheBytes  = 1 << 30
)

func (c *MemoryConfig) validate() error {
	var errs []error
	if c.RuntimeBytes != 0 && c.RuntimeBytes < minRuntimeBytes {
		errs = append(errs, setting("memory.runtime_bytes", "%d is neither 0 nor at least %d", c.RuntimeBytes, minRuntimeBytes))
	}
	if p := c.CollectPercent; p != 0 && (p < minCollectPercent || p > maxCollectPercent) {
		errs = append(errs, setting("memory.collect_percent", "%d is neither 0 nor within %d … %d", p, minCollectPercent, maxCollectPercent))
	}
	if b := c.ReadModelBytes; b < minReadModelBytes || b > maxReadModelBytes {
		errs = append(errs, setting("memory.read_model_bytes", "%d is not within %d … %d", b, minReadModelBytes, maxReadModelBytes))
	}
	if b := c.LogCacheBytes; b < minLogCacheBytes || b > maxLogCacheBytes {
		errs = append(errs, setting("memory.log_cache_bytes", "%d is not within %d … %d", b, minLogCacheBytes, maxLogCacheBytes))
	}
	return errors.Join(errs...)
}

// storeMemory divides what read models may have by how much each writes: a
// memtable (of which Badger has one and a third, mapped once more, and now and
// then a second), and the fresh values of three generations. Large values want
// a large memtable: beyond an eighth of one they go to Badger's value log.
func (c *MemoryConfig) storeMemory(view string) (memTable int64, generation int) {
	unit := c.ReadModelBytes / 32
	switch view {
	case "orders":
		return 2 * unit, int(unit / 2)
	case "books", "command_index":
		return 2 * unit, int(unit / 4)
	}
	return unit, int(unit / 4)
}

// begin bounds the process's runtime; nil where it is not the node's own.
func (c *MemoryConfig) begin(own bool) *memory.Bound {
	if !own {
		return nil
	}
	return memory.Begin(c.RuntimeBytes, c.CollectPercent)
}

// newPages returns memory for a machine; nil is Go's heap.
func (c *MemoryConfig) newPages() *hugepages.Store {
	if !c.HugePages {
		return nil
	}
	return hugepages.New()
}
