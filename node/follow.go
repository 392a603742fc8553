package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels"
)

// followPause is how long Follow waits before it looks again whether a damaged
// block of the journal has been replaced.
const followPause = 200 * time.Millisecond

// Follow calls fn with each public event after a sequence, in order and as an
// auditor sees it, as soon as it is in this node's journal. It returns nil when
// ctx ends, and fn's error at once.
//
// Events come at least once: who keeps the sequence of the last one that he is
// done with begins again after it, on any node of the same history
// (Reads().History()). Those that this node lacks, because it was given a
// snapshot or a block of its journal is damaged, are waited for and never left
// out. What lies before the retention floor is gateways.ErrBeforeFloor; a node
// that stops is gateways.ErrUnavailable.
//
// fn runs on the caller's goroutine, which reads the journal by itself: however
// slow it is, it holds up nobody.
func (n *Node) Follow(ctx context.Context, after market.Sequence, fn func(gateways.Event) error) error {
	if floor := n.journal.Floor(); after+1 < floor.Sequence {
		return gateways.ErrBeforeFloor
	}
	for {
		if err := n.journal.Wait(ctx, after+1); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("follow events: %w: %w", gateways.ErrUnavailable, err)
		}
		last, stopped, err := n.followOn(ctx, after, fn)
		after = last
		switch {
		case stopped != nil:
			return stopped
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, readmodels.ErrRepairing):
			if pause(ctx, followPause) != nil {
				return nil
			}
		case err != nil:
			return readError(err)
		}
	}
}

// followOn gives fn what the journal has after a sequence, and returns the last
// that fn was done with.
func (n *Node) followOn(ctx context.Context, after market.Sequence, fn func(gateways.Event) error) (_ market.Sequence, stopped, err error) {
	err = n.journal.Read(after, func(b *event.Block) bool {
		for e := range b.Events {
			if e.Sequence <= after {
				continue
			}
			if ctx.Err() != nil {
				return false
			}
			if stopped = fn(gateways.EventOf(&e, gateways.Viewer{Full: true})); stopped != nil {
				return false
			}
			after = e.Sequence
		}
		return ctx.Err() == nil
	})
	return after, stopped, err
}

// pause waits for a while, or returns why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
