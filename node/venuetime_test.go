package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// offClock is off by so much, for ever.
type offClock struct {
	cluster.SystemClock
	off time.Duration
}

func (c offClock) Now() time.Time { return time.Now().Add(c.off) }

const noon = market.Nanos(1_779_537_600_000_000_000)

// Venue time is what was last seen and monotonic time since, whatever the
// node's own clock says: an hour ahead, an hour behind, a year behind.
func TestVenueTimeIsNotTheWallClock(t *testing.T) {
	for _, off := range []time.Duration{0, time.Hour, -time.Hour, -365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			v := newVenueTime(offClock{off: off})
			if _, known := v.now(); known {
				t.Fatal("a node that has seen no venue time has invented one")
			}
			v.see(noon) // a replayed entry may be old
			if _, known := v.now(); known {
				t.Fatal("a replayed entry was taken for the present")
			}
			v.learn(noon)
			time.Sleep(3 * time.Second)
			if got, _ := v.now(); got != noon+3e9 {
				t.Errorf("off by %v: got %v", off, time.Duration(got-noon))
			}
			v.see(noon + 5e9) // venue time is ahead of what we thought
			time.Sleep(time.Second)
			if got, _ := v.now(); got != noon+6e9 {
				t.Errorf("got %v, want 6s", time.Duration(got-noon))
			}
		})
	}
}

// A node that applies a backlog sees old times; they don't turn time back, so
// that a paused node's next commands are not too late.
func TestVenueTimeBehindABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenueTime(cluster.SystemClock{})
		v.learn(noon)
		time.Sleep(15 * time.Second) // stopped and continued
		for i := range market.Nanos(1500) {
			v.see(noon + i*10e6)
			time.Sleep(time.Microsecond)
		}
		if got, _ := v.now(); got < noon+14_900e6 {
			t.Errorf("got %v, want 15s", time.Duration(got-noon))
		}
	})
}

// What runs ahead of venue time comes back to it: by the way, and at once when
// a copy was refused for it.
func TestVenueTimeComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenueTime(cluster.SystemClock{})
		v.learn(noon + 1e9) // a second ahead
		for i := range market.Nanos(2000) {
			v.see(noon + i*1e9)
			time.Sleep(time.Second)
		}
		if got, _ := v.now(); got != noon+2000e9 {
			t.Errorf("got %v ahead", time.Duration(got-noon-2000e9))
		}
		v.correct(noon)
		if got, _ := v.now(); got != noon {
			t.Errorf("after a refusal: got %v", time.Duration(got-noon))
		}
	})
}

// leaderOf answers each submission as a leader at some venue time does: a
// deadline more than 12 seconds ahead is refused.
type leaderOf struct {
	now   market.Nanos
	seen  []*command.Command
	error error
}

func (l *leaderOf) Submit(_ context.Context, commands [][]byte) ([]cluster.Outcome, error) {
	if l.error != nil {
		return nil, l.error
	}
	var out []cluster.Outcome
	for _, b := range commands {
		c, err := commandcodec.Decode(b)
		if err != nil {
			return nil, err
		}
		l.seen = append(l.seen, c)
		kind := event.OutcomeThrottled // any that carries no group
		switch {
		case c.Body.Kind() == command.KindProbe:
			kind = event.OutcomeBarrier
		case c.Deadline > l.now+12e9:
			kind = event.OutcomeTooFarAhead
		}
		out = append(out, cluster.Outcome{Index: 1, Data: eventcodec.AppendOutcome(nil, &event.Outcome{Kind: kind, Index: 1, At: l.now})})
	}
	return out, nil
}

func gateway(l *leaderOf) *commands {
	return &commands{order: l, journal: nil, deadline: 10 * time.Second, venue: newVenueTime(cluster.SystemClock{}),
		level: func() uint16 { return fsm.FeatureLevel }}
}

func order() []*command.Command {
	return []*command.Command{{Header: command.Header{ID: "a", Role: market.RoleAdmin}, Body: &command.CancelAll{Account: "a"}}}
}

// The first command of a process waits for the leader's word of the time; then
// each copy's deadline is venue time plus ten seconds.
func TestDeadlineIsOfVenueTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &leaderOf{now: noon}
		g := gateway(l)
		if _, err := g.submit(t.Context(), order()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		l.now += 60e9
		if _, err := g.submit(t.Context(), order()); err != nil {
			t.Fatal(err)
		}
		if len(l.seen) != 3 || l.seen[0].Body.Kind() != command.KindProbe || l.seen[0].Deadline != 0 {
			t.Fatalf("got %d commands, want one marker first", len(l.seen))
		}
		if l.seen[1].Deadline != noon+10e9 || l.seen[2].Deadline != noon+70e9 {
			t.Errorf("got deadlines %v and %v ahead of noon", time.Duration(l.seen[1].Deadline-noon), time.Duration(l.seen[2].Deadline-noon))
		}
	})
}

// A node that can't learn venue time sends nothing and says so: not executed.
func TestNoVenueTimeNoCommand(t *testing.T) {
	g := gateway(&leaderOf{error: cluster.ErrUnknownOutcome})
	_, err := g.submit(t.Context(), order())
	if !errors.Is(err, gateways.ErrNoLeader) || errors.Is(err, gateways.ErrUnknownOutcome) {
		t.Errorf("got %v, want no leader and nothing unknown", err)
	}
}

// A batch that was refused because this node ran ahead is sent once more, with
// deadlines of the time that the leader named; nobody hears of it.
func TestTooFarAheadIsStampedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &leaderOf{now: noon}
		g := gateway(l)
		g.venue.learn(noon + 3600e9) // an hour ahead
		outcomes, err := g.again(t.Context(), order())
		if err != nil || outcomes[0].Kind != event.OutcomeThrottled {
			t.Fatalf("got %v, %v", outcomes, err)
		}
		if len(l.seen) != 2 || l.seen[1].Deadline != noon+10e9 {
			t.Errorf("got %d copies", len(l.seen))
		}
	})
}

// A process that slept, or whose clock was set, has no idea of venue time: it
// asks anew, and takes no entry that it applies for the present.
func TestVenueTimeAfterSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenueTime(cluster.SystemClock{})
		asleep := time.Duration(0)
		v.onWall = func(t time.Time) time.Time { return t.Round(0).Add(asleep) }
		v.learn(noon)
		asleep = 999 * time.Millisecond
		if _, known := v.now(); !known {
			t.Error("a small step of the clock was taken for sleep")
		}
		v.learn(noon)
		asleep += time.Hour
		v.see(noon + 1e9)
		if got, known := v.now(); known {
			t.Errorf("after an hour asleep it believes %v", time.Duration(got-noon))
		}
		v.learn(noon + 3600e9)
		if got, _ := v.now(); got != noon+3600e9 {
			t.Errorf("got %v", time.Duration(got-noon))
		}
	})
}
