package scenario

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
)

// fillPatience bounds how long the log is filled for what needs a long one.
const fillPatience = 3 * time.Minute

// fill fills the log until there is enough.
func (w *run) fill(ctx context.Context, enough func(ctx context.Context) bool) error {
	filling, cancel := context.WithTimeout(ctx, fillPatience)
	defer cancel()
	var done atomic.Bool
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		for filling.Err() == nil && !done.Load() {
			done.Store(enough(filling))
			sleep(filling, 5*polls)
		}
	}()
	w.filled++
	traffic.Fill(filling, w.traffic(), fmt.Sprintf("b%d.", w.filled), done.Load)
	cancel()
	<-looked
	if !done.Load() && ctx.Err() == nil {
		return fmt.Errorf("the log was filled for %v in vain", fillPatience)
	}
	return ctx.Err()
}

// lengthen fills the log until it is as long as the faults of a step want it.
func (w *run) lengthen(ctx context.Context, s Step) error {
	var wanted uint64
	for _, name := range s.Faults {
		f, _ := fault.Find(name)
		entries := f.Entries
		if f.Fresh && entries > 0 {
			entries += w.before
		}
		wanted = max(wanted, entries)
	}
	long := func(ctx context.Context) bool {
		applied, _ := w.hashed(ctx)
		return applied >= wanted
	}
	if wanted == 0 || long(ctx) {
		return nil
	}
	w.options.Say("%6.1fs  the log is filled up to entry %d", w.history.Now().Duration().Seconds(), wanted)
	return w.fill(ctx, long)
}
