package logstore

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// NewFailStop puts the fail-stop layer over any store.
func NewFailStop(store raft.LogStore, halt func(error)) raft.LogStore {
	return &failStop{store: store, halt: halt}
}

// WriteLegacyStable makes the stable.bolt of an earlier build, and takes away
// what is there instead.
func WriteLegacyStable(dir string, values map[string][]byte) error {
	for _, name := range []string{legacyName, voteName, rosterName} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	db, err := openBolt(filepath.Join(dir, legacyName))
	if err != nil {
		return err
	}
	return errors.Join(db.Set(recordKey(), appendStable(values)), db.Close())
}

// NewCache puts the cache over any store.
func NewCache(store raft.LogStore, limit int) *Cache { return &Cache{newCache(store, limit)} }

// Cache is the cache layer.
type Cache struct{ *cache }

// Forget forgets entries up to an index, Held returns the bytes that are held.
func (c *Cache) Forget(through uint64) { c.forget(through) }
func (c *Cache) Held() int             { return c.held() }

// Within tells what is proven.
func (p *Proven) Within(first, last uint64) (spans [][2]cluster.Index) {
	for _, s := range p.within(first, last) {
		spans = append(spans, [2]cluster.Index{s.First, s.Last})
	}
	return spans
}

// NewWatched puts the watch over any store.
func NewWatched(store raft.LogStore, w *Watch) raft.LogStore { return &watched{store, w} }
