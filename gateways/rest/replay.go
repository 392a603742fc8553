package rest

import (
	"context"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// replay paces a stream that reads the past: it takes turns with everybody
// else who lists or folds, a few events at a time. A stream that keeps up needs
// none: what it reads is in memory.
type replay struct {
	turns *turns
	who   string
	last  func() market.Sequence // where the events end now
	held  bool
	taken time.Time // when it got the turn that it holds
	count int
	live  bool // near the end of the events when last looked
}

const (
	// replaySlice is how many events are read in one turn at most.
	replaySlice = 256
	// liveWithin is how near the end a stream is live.
	liveWithin = 4096
)

func newReplay(x *call) *replay {
	r := &replay{turns: x.turns(), who: "stream of " + x.who(), last: func() market.Sequence { return x.h.reads.Now().Sequence }}
	r.turns.attend(r.who)
	return r
}

// step is called before each event.
func (r *replay) step(ctx context.Context, at market.Sequence) error {
	if r.count%replaySlice == 0 {
		r.rest()
		r.live = at+liveWithin > r.last()
	}
	r.count++
	if r.live || r.held {
		return nil
	}
	return r.turn(ctx)
}

// turn takes a turn until the next rest.
func (r *replay) turn(ctx context.Context) error {
	var err error
	r.taken, err = r.turns.take(ctx, r.who)
	r.held = err == nil
	return err
}

// rest gives the turn back until the next event.
func (r *replay) rest() {
	if r.held {
		r.held = false
		r.turns.done(r.taken)
	}
}

func (r *replay) end() {
	r.rest()
	r.turns.leave(r.who)
}
