package traffic

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// sweepers is how many read at the same time, sweepLasts what one may take.
const (
	sweepers   = 8
	sweepLasts = 60 * time.Second
)

// Sweep reads the event stream of each node from every offset below offsets,
// so many events each, and from toEnd of the offsets as far as last. Each is an
// operation of the history; one that did not bring as much is an error.
func Sweep(ctx context.Context, o Options, offsets, events, toEnd int, last uint64) error {
	r := newRun(o)
	defer r.abort()
	if uint64(offsets) > last {
		return fmt.Errorf("a sweep of %d offsets needs as many events, and there are %d", offsets, last)
	}
	var wait sync.WaitGroup
	failed := make(chan error, sweepers)
	for i := range sweepers {
		wait.Go(func() {
			c := newClient(r, "w", i)
			for at := i; at < offsets*len(o.URLs) && ctx.Err() == nil; at += sweepers {
				c.at = at % len(o.URLs)
				offset := at / len(o.URLs)
				most := min(uint64(events), last-uint64(offset))
				if toEnd > 0 && offset%max(1, offsets/toEnd) == 0 {
					most = last - uint64(offset)
				}
				op, _ := c.segment(ctx, uint64(offset), "", most, sweepLasts)
				o.History.Operation(op)
				if op.Events.Count != most && ctx.Err() == nil {
					failed <- fmt.Errorf("from offset %d at %s came %d events of %d", offset, op.Node, op.Events.Count, most)
					return
				}
			}
		})
	}
	wait.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}
