package rest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// Errors of waits.
var (
	// errWaits: the caller is to come again.
	errWaits = errors.New("the participant has as many reads waiting as one may have")
	// errDrains: it is to ask another node.
	errDrains = errors.New("this node is going down")
)

// lastWait is how long a node that drains goes on waiting for the venue: what is
// about to come is answered.
const lastWait = 500 * time.Millisecond

// waiting is the one place where a caller who is known waits for the venue: it
// takes one of the participant's waits, and whoever has waited is taken anew,
// for who may act may be another then. So no route can forget either.
func (x *call) waiting(ctx context.Context, wait func(context.Context) error) error {
	err := x.inWait(ctx, wait)
	if errors.Is(err, errWaits) {
		return err
	}
	if anew := x.anew(); anew != nil {
		return anew
	}
	return err
}

// inWait waits with one of the participant's waits, until ctx ends or the node
// has drained for as long as it waits then.
func (x *call) inWait(ctx context.Context, wait func(context.Context) error) error {
	who := x.who()
	if !x.h.waits.enter(who) {
		return errWaits
	}
	defer x.h.waits.leave(who)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(x.h.waitsEnd, func() { cancel(errDrains) })()
	err := wait(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errDrains) {
		return errDrains
	}
	return err
}

// anew takes the caller anew: errWithdrawn if it may not act any more, and what
// the route's permit says of what the read is about.
func (x *call) anew() error {
	if !x.still() {
		return errWithdrawn
	}
	if x.permit != nil {
		return x.permit()
	}
	return nil
}

// waitFor returns the pin of a sequence, once this node has reached it.
func (x *call) waitFor(ctx context.Context, sequence market.Sequence) (at event.Pin, err error) {
	if x.h.reads.Now().Sequence >= sequence {
		return x.h.reads.Wait(ctx, sequence)
	}
	err = x.waiting(ctx, func(ctx context.Context) (err error) {
		at, err = x.h.reads.Wait(ctx, sequence)
		return err
	})
	return at, err
}

// linearizable returns a sequence that is at least every one answered by any
// node before the call.
func (x *call) linearizable(ctx context.Context) (sequence market.Sequence, err error) {
	err = x.waiting(ctx, func(ctx context.Context) (err error) {
		sequence, err = x.h.reads.Linearizable(ctx)
		return err
	})
	return sequence, err
}

// sequenceAt returns the last sequence at or before an instant, once venue time
// has passed it.
func (x *call) sequenceAt(ctx context.Context, at market.Nanos) (sequence market.Sequence, err error) {
	if at < x.h.reads.Now().At {
		return x.h.reads.SequenceAt(ctx, at)
	}
	err = x.waiting(ctx, func(ctx context.Context) (err error) {
		sequence, err = x.h.reads.SequenceAt(ctx, at)
		return err
	})
	return sequence, err
}

// aggregateReached waits until the version of the aggregate reaches
// min_aggregate_sequence.
func (x *call) aggregateReached(ctx context.Context, at event.Pin, of gateways.Aggregate, version func(event.Pin) (uint64, error)) (event.Pin, error) {
	least, _ := parseSequence(x.query.Get("min_aggregate_sequence"))
	if least > 0 {
		watched := x.h.versions.watch(of)
		defer x.h.versions.leave(of)
		v, err := watched.at(&at, version)
		if err == nil && v < least {
			err = x.waiting(ctx, func(ctx context.Context) (err error) {
				at, err = x.changed(ctx, of, least, func(at *event.Pin) (uint64, error) { return watched.at(at, version) })
				return err
			})
		}
		if err != nil {
			return at, err
		}
	}
	x.sequence = max(x.sequence, at.Sequence)
	return at, nil
}

// changed returns a point at which the aggregate has a version. It is woken by
// the change that brings it, however much else happens, and reads a version at
// the beginning only, and where this node has not seen the changes.
func (x *call) changed(ctx context.Context, of gateways.Aggregate, least uint64, version func(*event.Pin) (uint64, error)) (at event.Pin, err error) {
	watch := x.h.reads.Watch(of, least)
	defer watch.End()
	for c := (gateways.Change{Sequence: watch.Since()}); ; {
		if _, err := x.h.reads.Wait(ctx, c.Sequence); err != nil {
			return at, err
		}
		if at = x.h.reads.Now(); c.Version == 0 {
			if c.Version, err = version(&at); err != nil {
				return at, err
			}
		}
		if c.Version >= least {
			return at, nil
		}
		select {
		case c = <-watch.Changes():
		case <-ctx.Done():
			return at, gateways.ErrNotCaughtUp
		}
	}
}

// versions are those of the aggregates that are waited for. However many wait
// for one, its version is read once for each point of the venue at which they
// begin: what a wait costs a node does not grow with what there is to read of the
// aggregate.
type versions struct {
	mu      sync.Mutex
	watched map[gateways.Aggregate]*watched
}

// watched is the version of one aggregate at the newest point it was read at.
type watched struct {
	watchers int // guarded by versions.mu

	mu      sync.Mutex
	pin     event.Pin
	version uint64
	read    bool
}

func (v *versions) watch(of gateways.Aggregate) *watched {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.watched == nil {
		v.watched = map[gateways.Aggregate]*watched{}
	}
	w := v.watched[of]
	if w == nil {
		w = &watched{}
		v.watched[of] = w
	}
	w.watchers++
	return w
}

func (v *versions) leave(of gateways.Aggregate) {
	v.mu.Lock()
	defer v.mu.Unlock()
	w := v.watched[of]
	if w.watchers--; w.watchers == 0 {
		delete(v.watched, of)
	}
}

// at returns the version at a point, or at a newer one that somebody has read
// it at: then that is the point. One that does not exist yet is at 0.
func (w *watched) at(at *event.Pin, read func(event.Pin) (uint64, error)) (uint64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.read && w.pin.Sequence >= at.Sequence {
		*at = w.pin
		return w.version, nil
	}
	version, err := read(*at)
	if err != nil && !errors.Is(err, gateways.ErrNotFound) {
		return 0, err
	}
	w.pin, w.version, w.read = *at, version, true
	return version, nil
}
