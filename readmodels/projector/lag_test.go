package projector_test

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/journal"
	"github.com/rialto-exchange/rialto/readmodels/projector"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// BenchmarkLag reports, with entries of about a hundred commands arriving at
// 25,000 commands a second into a journal on disk, how long they take from the
// journal until each view shows them, and what a command costs altogether.
func BenchmarkLag(b *testing.B) {
	blocks, commands := flow{"mixed", false}.blocks(50_000)
	for b.Loop() {
		j, err := journal.Open(journal.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		var mu sync.Mutex
		var lags []time.Duration
		dir := b.TempDir()
		p, err := projector.Open(projector.Config{
			Journal: j, Views: views(j),
			OpenStore: func(v readmodels.View) (readmodels.Store, error) {
				return store.Open(store.Options{Dir: filepath.Join(dir, v.Name()), Identity: "b"})
			},
			Observe: func(_ string, lag time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				lags = append(lags, lag)
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		before := processor(b)
		tick := time.NewTicker(4 * time.Millisecond)
		for _, block := range blocks {
			if err := j.Append(block); err != nil {
				b.Fatal(err)
			}
			<-tick.C
		}
		tick.Stop()
		reach(b, p, j.Last().Sequence)
		b.ReportMetric(float64(processor(b)-before)/float64(commands), "cpu-ns/command")
		mu.Lock()
		slices.Sort(lags)
		for _, q := range []struct {
			name string
			part float64
		}{{"p50-us", 0.5}, {"p99-us", 0.99}, {"max-us", 1}} {
			b.ReportMetric(float64(lags[int(q.part*float64(len(lags)-1))].Microseconds()), q.name)
		}
		mu.Unlock()
		closing(b, p)
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
