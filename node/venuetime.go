package node

import (
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// venueTime is what this node knows of venue time without reading a clock on
// the wall: venue time last seen, and monotonic time since. So what a gateway
// stamps is right however wrong its own clock is.
//
// It is unknown until the leader has answered this process: an entry that is
// replayed at a start may be old, and nothing says how old.
type venueTime struct {
	clock cluster.Clock
	// onWall is what the clock on the wall says of an instant.
	onWall func(time.Time) time.Time

	mu    sync.Mutex
	known bool
	seen  market.Nanos
	at    time.Time // when it was seen; only ever compared with a later one
	wall  time.Time // the same on the wall
}

func newVenueTime(clock cluster.Clock) *venueTime {
	return &venueTime{clock: clock, onWall: func(t time.Time) time.Time { return t.Round(0) }}
}

const (
	// forgetting is the part of the time since that what was seen loses: what
	// is seen late, behind a busy log, does not turn the time back, and what
	// runs ahead of venue time comes back to it.
	forgetting = 1000
	// slept is how far the clock on the wall and the monotonic one may part
	// before this process has slept (a suspended machine) or was set: then
	// venue time is unknown again.
	slept = time.Second
)

// see takes in the time of an entry that was applied here. Before the leader
// has answered it says nothing.
func (v *venueTime) see(t market.Nanos) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now := v.clock.Now(); v.awake(now) {
		since := market.Nanos(now.Sub(v.at))
		v.take(max(t, v.seen+since-since/forgetting), now)
	}
}

// learn takes in the time that the leader has answered with.
func (v *venueTime) learn(t market.Nanos) {
	v.mu.Lock()
	known := v.awake(v.clock.Now())
	v.mu.Unlock()
	if known {
		v.see(t)
	} else {
		v.correct(t)
	}
}

// correct takes in the time that the leader has answered with, and forgets what
// this node thought.
func (v *venueTime) correct(t market.Nanos) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known = true
	v.take(t, v.clock.Now())
}

// now returns venue time, and whether it is known.
func (v *venueTime) now() (market.Nanos, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.clock.Now()
	if !v.awake(now) {
		return 0, false
	}
	return v.seen + market.Nanos(now.Sub(v.at)), true
}

// awake reports whether the time since it was seen can be trusted.
func (v *venueTime) awake(now time.Time) bool {
	if v.known {
		apart := v.onWall(now).Sub(v.wall) - now.Sub(v.at)
		v.known = apart.Abs() < slept
	}
	return v.known
}

func (v *venueTime) take(t market.Nanos, now time.Time) { v.seen, v.at, v.wall = t, now, v.onWall(now) }
