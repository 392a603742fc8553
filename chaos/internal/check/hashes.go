package check

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
)

// hashes compares the state hashes that each node knows of itself and of its
// peers, wherever two are of the same index.
func hashes(_ context.Context, run Run) ([]Violation, error) {
	text, err := os.ReadFile(run.Folder.Status())
	if err != nil {
		return nil, err
	}
	type twin struct {
		Nodes []struct {
			ID             string `json:"id"`
			StateHash      string `json:"state_hash"`
			StateHashIndex uint64 `json:"state_hash_index"`
			Sequence       uint64 `json:"sequence"`
			AppliedIndex   uint64 `json:"applied_index"`
		} `json:"nodes"`
	}
	said := map[string]twin{}
	if err := json.Unmarshal(text, &said); err != nil {
		return nil, fmt.Errorf("status of the nodes: %w", err)
	}
	var f found
	type told struct{ hash, of, by string }
	first := map[uint64]told{}
	for _, node := range run.Head.Nodes {
		if len(said[node].Nodes) == 0 {
			f.add(Violation{Node: node}, "%s says nothing of its state", node)
		}
	}
	for _, by := range slices.Sorted(maps.Keys(said)) {
		for _, n := range said[by].Nodes {
			if n.StateHashIndex == 0 {
				continue // it has taken none yet
			}
			was, there := first[n.StateHashIndex]
			if !there {
				first[n.StateHashIndex] = told{n.StateHash, n.ID, by}
			} else if was.hash != n.StateHash {
				f.add(Violation{Node: n.ID}, "at index %d %s has state %s and %s has %s (as %s and %s say)",
					n.StateHashIndex, was.of, was.hash, n.ID, n.StateHash, was.by, by)
			}
		}
	}
	return f.all(), nil
}
