package logstore

import (
	"sync"

	"github.com/hashicorp/raft"
)

// cache keeps the newest entries in memory, so that replication and Apply do
// not read the disk for what was just written. What is durable on return is
// what is durable below.
//
// It holds at most cacheEntries entries and about the given bytes, whichever
// is less: with entries of 256 KiB an entry count alone would hold gigabytes,
// and memory delays failover. The entries are shared with Raft and never
// changed by either.
type cache struct {
	raft.LogStore
	limit int

	mu    sync.RWMutex
	ring  []raft.Log
	first uint64 // index of the oldest held, when count > 0
	count int
	bytes int
}

// cacheEntries bounds the entries held, cacheTail is how many of the newest are
// held in any case: a leader looks the last one up for each request.
const (
	cacheEntries = 8192
	cacheTail    = 16
)

func newCache(store raft.LogStore, limit int) *cache {
	return &cache{LogStore: store, limit: limit, ring: make([]raft.Log, cacheEntries)}
}

func (c *cache) slot(index uint64) *raft.Log { return &c.ring[index%cacheEntries] }

func (c *cache) GetLog(index uint64, entry *raft.Log) error {
	c.mu.RLock()
	held := c.count > 0 && index >= c.first && index < c.first+uint64(c.count)
	if held {
		*entry = *c.slot(index)
	}
	c.mu.RUnlock()
	if held {
		return nil
	}
	return c.LogStore.GetLog(index, entry)
}

func (c *cache) StoreLog(entry *raft.Log) error { return c.StoreLogs([]*raft.Log{entry}) }

func (c *cache) StoreLogs(entries []*raft.Log) error {
	if err := c.LogStore.StoreLogs(entries); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entry := range entries {
		c.add(entry)
	}
	return nil
}

func (c *cache) add(entry *raft.Log) {
	if c.count > 0 && entry.Index != c.first+uint64(c.count) {
		c.drop(c.count)
	}
	if c.count == cacheEntries {
		c.drop(1)
	}
	if c.count == 0 {
		c.first = entry.Index
	}
	*c.slot(entry.Index) = *entry
	c.count++
	c.bytes += size(entry)
	for c.bytes > c.limit && c.count > 0 {
		c.drop(1)
	}
}

// drop forgets the n oldest.
func (c *cache) drop(n int) {
	for ; n > 0; n-- {
		oldest := c.slot(c.first)
		c.bytes -= size(oldest)
		*oldest = raft.Log{}
		c.first++
		c.count--
	}
}

// forget forgets what nobody asks for any more: entries up to an index.
func (c *cache) forget(through uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count > cacheTail && through >= c.first {
		c.drop(int(min(through-c.first+1, uint64(c.count-cacheTail))))
	}
}

// held returns how many bytes of entries are held.
func (c *cache) held() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.bytes
}

func size(entry *raft.Log) int { return len(entry.Data) + len(entry.Extensions) }

// DeleteRange forgets first: a reader must not see what is gone. A prefix
// deletion may keep more below than it was asked to, which costs a read.
func (c *cache) DeleteRange(min, max uint64) error {
	c.mu.Lock()
	end := c.first + uint64(c.count)
	switch {
	case c.count == 0 || max < c.first || min >= end:
	case min <= c.first && max < end-1:
		c.drop(int(max - c.first + 1))
	default:
		c.drop(c.count)
	}
	c.mu.Unlock()
	return c.LogStore.DeleteRange(min, max)
}
