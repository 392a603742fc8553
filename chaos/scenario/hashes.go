package scenario

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
)

// hashPatience bounds how long the log is filled for a state hash: nodes take
// one after every 4,096th entry.
const hashPatience = 20 * time.Second

// hash fills the log until every node has taken a state hash after the last
// entry of the load, so that what the faults did is in it. On a machine that is
// too slow for that it says so: the hashes are then of an earlier entry.
func (w *run) hash(ctx context.Context) {
	last, _ := w.hashed(ctx)
	filling, cancel := context.WithTimeout(ctx, w.options.Scenario.HashWithin)
	defer cancel()
	var done atomic.Bool
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		for filling.Err() == nil && !done.Load() {
			_, hashed := w.hashed(filling)
			done.Store(hashed >= last)
			sleep(filling, 5*polls)
		}
	}()
	traffic.Fill(filling, w.traffic(), "e", done.Load)
	cancel()
	<-looked
	_, hashed := w.hashed(ctx)
	text := fmt.Sprintf("state hashes are compared after entry %d, and the load ended with entry %d", hashed, last)
	if hashed < last {
		text += ": the machine was too slow to reach the next one, so they do not cover the end of the run (its events are compared whole)"
	}
	w.history.Mark(history.Mark{What: history.Note, Text: text})
}

// hashed is the last entry that any node has applied, and the last after which
// all have taken a state hash.
func (w *run) hashed(ctx context.Context) (applied, hashed uint64) {
	for i := range w.site.Size() {
		t, err := w.site.Twin(ctx, i)
		if err != nil {
			return applied, 0
		}
		for _, n := range t.Nodes {
			if n.ID != w.site.ID(i) {
				continue
			}
			applied = max(applied, n.AppliedIndex)
			if hashed == 0 || n.StateHashIndex < hashed {
				hashed = n.StateHashIndex
			}
			if n.StateHashIndex == 0 {
				return applied, 0
			}
		}
	}
	return applied, hashed
}
