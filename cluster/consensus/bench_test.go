package consensus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// BenchmarkPropose measures entries through three nodes in this process, each
// with its own synced log on one disk: one entry at a time, and four under way
// as a sequencer has them.
func BenchmarkPropose(b *testing.B) {
	for _, size := range []int{200, 20 << 10} {
		for _, under := range []int{1, 4} {
			for _, kind := range []logstore.Kind{logstore.WAL, logstore.Bolt} {
				b.Run(fmt.Sprintf("bytes=%d/underway=%d/log=%s", size, under, kind), func(b *testing.B) {
					benchmarkPropose(b, kind, size, under)
				})
			}
		}
	}
}

func benchmarkPropose(b *testing.B, kind logstore.Kind, size, under int) {
	g := newGroup(b, 3, func(c *consensus.Config) {
		c.LogStore = kind
		c.Timeouts.Heartbeat = 2 * time.Second // other work on the machine must not elect
	})
	leader := g.leader()
	g.propose("first")
	waiting := make(chan cluster.Proposal, under-1)
	done := make(chan error, 1)
	b.SetBytes(int64(size))
	b.ResetTimer()
	go func() {
		var failed error
		for p := range waiting {
			if _, _, err := p.Wait(); err != nil {
				failed = err
			}
		}
		done <- failed
	}()
	for range b.N {
		p := leader.Propose(make([]byte, size))
		if under == 1 {
			if _, _, err := p.Wait(); err != nil {
				b.Fatal(err)
			}
			continue
		}
		waiting <- p
	}
	close(waiting)
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
