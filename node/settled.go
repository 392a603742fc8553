package node

import (
	"context"
	"errors"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// knownPause is how long a question about a command id waits before it looks
// again whether the view has got so far: that may take as long as a rebuild.
const knownPause = 5 * time.Millisecond

// CommandsKnown implements gateways.CommandReads. It waits for the one view, and
// not for what all serving views have reached: one that is being rebuilt does
// not count there, and here it is what matters.
func (r *reads) CommandsKnown(ctx context.Context, through market.Sequence) error {
	for {
		err := r.views.commands.Serving(through)
		if err == nil || !errors.Is(err, readmodels.ErrNotCaughtUp) && !errors.Is(err, readmodels.ErrRebuilding) {
			return readError(err)
		}
		pause := time.NewTimer(knownPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return readError(err)
		}
	}
}

// FirstCommand implements gateways.CommandReads.
func (r *reads) FirstCommand(ctx context.Context, at market.Sequence, participant, id string) (*event.Block, *event.Group, error) {
	b, g, err := r.views.commands.First(ctx, at, participant, id)
	return b, g, readError(err)
}
