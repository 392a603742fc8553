package load

import (
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// How often is read beside the load.
const (
	readInterval = 10 * time.Millisecond
	lagInterval  = 50 * time.Millisecond
)

// watcher reads beside the load. Each of its goroutines has its own
// histogram.
type watcher struct{ reads, lag *hdrhistogram.Histogram }

func (w *watcher) balances(ctx context.Context, cl *client.Client, account string) error {
	return every(ctx, readInterval, func(i int) {
		begin := time.Now()
		if cl.At(i).Get(ctx, "/v1/queries/accounts/"+account+"/balance", nil, nil) == nil {
			record(w.reads, time.Since(begin))
		}
	})
}

func (w *watcher) lags(ctx context.Context, cl *client.Client) error {
	return every(ctx, lagInterval, func(i int) {
		var twin client.Twin
		if cl.At(i).Get(ctx, "/v1/cluster", nil, &twin) != nil {
			return
		}
		worst := 0.0
		for _, n := range twin.Nodes {
			for _, m := range n.ReadModels {
				worst = max(worst, m.LagMs)
			}
		}
		record(w.lag, time.Duration(worst*float64(time.Millisecond)))
	})
}

// every calls do at an interval, counting, until ctx ends.
func every(ctx context.Context, interval time.Duration, do func(i int)) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			do(i)
		}
	}
}
