package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
)

// Whoever watches a node sees each entry once, in order and in a whole state,
// with the same hash on every node; and a bound far below what a configuration
// can say makes a snapshot after a few entries.
func TestAppliedEntriesAreSeen(t *testing.T) {
	var mu sync.Mutex
	hashes := map[uint64]map[uint64]int{} // by index
	last := make([]uint64, 3)
	c := newTrioOf(t, func(*node.Config) {}, func(i int) []node.Option {
		return []node.Option{
			node.WithBounds(node.Bounds{SnapshotEntries: 5, TrailingEntries: 2, JournalSegmentBytes: 4096, DedupCapacity: 900}),
			node.WithApplied(func(a node.Applied) {
				mu.Lock()
				defer mu.Unlock()
				if err := a.Audit(); err != nil {
					t.Errorf("node %d after entry %d: %v", i, a.Block.Index, err)
				}
				if a.Block.Index <= last[i] || len(a.Encoded) == 0 {
					t.Errorf("node %d: entry %d after %d, %d bytes", i, a.Block.Index, last[i], len(a.Encoded))
				}
				last[i] = a.Block.Index
				if hashes[a.Block.Index] == nil {
					hashes[a.Block.Index] = map[uint64]int{}
				}
				hashes[a.Block.Index][a.Hash()]++
			}),
		}
	})
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	for i := range 20 {
		c.do(0, &command.OpenAccount{Account: fmt.Sprintf("account-%d", i)})
	}
	c.until("every node has applied the same entry", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return last[0] == last[1] && last[1] == last[2]
	})
	mu.Lock()
	for index, seen := range hashes {
		if len(seen) != 1 {
			t.Errorf("entry %d left states of hashes %v", index, seen)
		}
	}
	mu.Unlock()
	c.until("a snapshot is there", func() bool {
		found, err := os.ReadDir(filepath.Join(c.configs[0].DataDir, "raft", "snapshots"))
		return err == nil && len(found) > 1 // one beside the folder's mark
	})
}
