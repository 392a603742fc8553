package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// clockRoom is the voters of a cluster, as n1 sees them: how far each clock is
// off, or why it does not answer.
type clockRoom struct {
	off     map[cluster.NodeID]time.Duration
	fails   map[cluster.NodeID]error
	slow    map[cluster.NodeID]time.Duration // its way here and back
	leading bool
	handed  []cluster.NodeID
	refuses error
}

// open returns n1's clocks in the room.
func (r *clockRoom) open() *voterClocks {
	c := newVoterClocks(ownClock{r: r}, "n1", slog.New(slog.DiscardHandler))
	c.members = func() []cluster.Member {
		var out []cluster.Member
		for i := range len(r.off) {
			id := cluster.NodeID(fmt.Sprintf("n%d", i+1))
			out = append(out, cluster.Member{ID: id, Address: string(id), Voter: true})
		}
		return append(out, cluster.Member{ID: "reader", Address: "reader"})
	}
	c.ask = func(_ context.Context, m cluster.Member) ([]byte, error) {
		if err := r.fails[m.ID]; err != nil {
			return nil, err
		}
		time.Sleep(r.slow[m.ID] / 2)
		shown := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(r.off[m.ID]).UnixNano()))
		time.Sleep(r.slow[m.ID] / 2)
		return shown, nil
	}
	c.leading = func() bool { return r.leading }
	c.handOver = func(_ context.Context, to cluster.NodeID) error {
		r.handed = append(r.handed, to)
		if r.refuses == nil {
			r.leading = false
		}
		return r.refuses
	}
	return c
}

// ownClock is n1's own clock.
type ownClock struct {
	cluster.SystemClock
	r *clockRoom
}

func (o ownClock) Now() time.Time { return time.Now().Add(o.r.off["n1"]) }

// run runs the clocks for a while of virtual time.
func (r *clockRoom) run(t *testing.T, c *voterClocks, d time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { c.run(ctx); close(done) }()
	time.Sleep(d)
	cancel()
	<-done
}

// beyond is how far the stamp of now lies beyond the true time.
func beyond(c *voterClocks) time.Duration {
	return c.Now().Sub(time.Now().Round(0)).Round(time.Millisecond)
}

func isRead(c *voterClocks) bool {
	select {
	case <-c.read:
		return true
	default:
		return false
	}
}

// A leader whose clock is an hour ahead stamps 250 ms beyond the others' from
// its first stamp on, hands over to one of them after three looks, and all can
// read whose clock is wrong.
func TestClockAnHourAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &clockRoom{off: map[cluster.NodeID]time.Duration{"n1": time.Hour, "n2": 0, "n3": 3 * time.Millisecond}, leading: true}
		c := r.open()
		if isRead(c) {
			t.Error("it would stamp before it has read a clock")
		}
		c.look(t.Context())
		if !isRead(c) || beyond(c) != 253*time.Millisecond {
			t.Errorf("the first stamp lies %v beyond the true time", beyond(c))
		}
		r.run(t, c, 3*time.Second)
		if len(r.handed) != 1 || r.handed[0] != "n3" {
			t.Errorf("leadership went to %v, want n3 once", r.handed)
		}
		f := c.findings()
		if len(f) != 1 || f[0].Node != "n1" || !strings.Contains(f[0].Text, "node n1 is 59m59.997s ahead of") {
			t.Errorf("got findings %v", f)
		}
	})
}

// A clock a second behind hands over too: the venue's timers would all be late.
// Its stamps are its own: nobody raises them.
func TestClockASecondBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &clockRoom{off: map[cluster.NodeID]time.Duration{"n1": -time.Second, "n2": 0, "n3": 0}, leading: true}
		c := r.open()
		c.look(t.Context())
		if beyond(c) != -time.Second {
			t.Errorf("stamped %v beyond the true time", beyond(c))
		}
		r.run(t, c, 3*time.Second)
		if len(r.handed) != 1 || r.handed[0] != "n2" {
			t.Errorf("leadership went to %v, want n2 once", r.handed)
		}
	})
}

// Two of three are wrong, each in its way, and the one that could lead does not
// take over: the leader stays, its stamps held to the median, says so, and tries
// again every ten seconds.
func TestTwoOfThreeClocksWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &clockRoom{off: map[cluster.NodeID]time.Duration{"n1": time.Hour, "n2": -time.Hour, "n3": 0}, leading: true,
			refuses: errors.New("n3 lags")}
		c := r.open()
		r.run(t, c, 25*time.Second)
		if beyond(c) != 250*time.Millisecond {
			t.Errorf("stamped %v beyond the median", beyond(c))
		}
		if len(r.handed) != 3 {
			t.Errorf("%d tries in 25 s, want 3", len(r.handed))
		}
		f := c.findings()
		if len(f) != 2 || f[0].Severity != "critical" || !strings.Contains(f[0].Text, "it leads, with stamps at most 250ms beyond the median") ||
			f[1].Node != "n2" || !strings.Contains(f[1].Text, "1h0m0s behind") {
			t.Errorf("got findings %v", f)
		}
	})
}

// With one of three dead the slower of the two that are left moves time; without
// any answer the last median goes on by monotonic time, for as long as it takes.
func TestClocksThatDoNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := errors.New("connection refused")
		r := &clockRoom{off: map[cluster.NodeID]time.Duration{"n1": time.Hour, "n2": 0, "n3": 0},
			fails: map[cluster.NodeID]error{"n3": dead}}
		c := r.open()
		r.run(t, c, time.Second)
		if beyond(c) != 250*time.Millisecond {
			t.Errorf("with one dead: stamped %v beyond", beyond(c))
		}
		r.fails["n2"] = dead
		r.run(t, c, time.Minute)
		if beyond(c) != 250*time.Millisecond {
			t.Errorf("alone for a minute: stamped %v beyond", beyond(c))
		}
	})
}

// Peers that are far away, or busy, are read all the same: the venue opens, the
// stamp is held, and what a reading may be wrong by counts for the leader. One
// that hangs does not hold up the others.
func TestClocksFarAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &clockRoom{off: map[cluster.NodeID]time.Duration{"n1": 0, "n2": -time.Hour, "n3": -time.Hour}, leading: true,
			slow: map[cluster.NodeID]time.Duration{"n2": 600 * time.Millisecond, "n3": 600 * time.Millisecond}}
		c := r.open()
		r.run(t, c, 10*time.Second)
		if !isRead(c) || beyond(c) != -time.Hour+250*time.Millisecond {
			t.Errorf("stamped %v beyond its own time", beyond(c))
		}
		if len(r.handed) != 0 {
			t.Errorf("readings that may be wrong by 300 ms hand over to %v", r.handed)
		}
		if f := c.findings(); len(f) != 1 || f[0].Severity != "critical" {
			t.Errorf("got findings %v", f)
		}
		r.slow["n3"] = 0
		r.fails = map[cluster.NodeID]error{"n2": errors.New("hangs")}
		r.run(t, c, 3*time.Second)
		if len(r.handed) != 1 || r.handed[0] != "n3" {
			t.Errorf("leadership went to %v, want n3", r.handed)
		}
	})
}

// Nothing is stamped before a majority was read; a build that can't be asked
// counts as read, for its votes keep the venue going during an upgrade.
func TestNoStampBeforeAMajorityIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := errors.New("connection refused")
		r := &clockRoom{off: map[cluster.NodeID]time.Duration{"n1": time.Hour, "n2": 0, "n3": 0},
			fails: map[cluster.NodeID]error{"n2": dead, "n3": dead}}
		c := r.open()
		r.run(t, c, time.Minute)
		if isRead(c) {
			t.Error("one of three is no majority")
		}
		r.fails["n2"] = fmt.Errorf("call: %w", peer.ErrNoMethod)
		c.look(t.Context())
		if isRead(c) {
			t.Error("a node may be starting: one look is not enough")
		}
		c.look(t.Context())
		if !isRead(c) {
			t.Error("a build without the call holds up the venue")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := (&clockRoom{off: map[cluster.NodeID]time.Duration{"n1": time.Hour}}).open()
		c.look(t.Context())
		if !isRead(c) || beyond(c) != time.Hour {
			t.Error("a venue of one voter has its clock and no other")
		}
	})
}

// TestTripToAMajority shows how far the voters are that a node needs for a
// majority: the nearest of two, two of four, and unknown while too few answer.
func TestTripToAMajority(t *testing.T) {
	for _, c := range []struct {
		what string
		off  map[cluster.NodeID]time.Duration
		slow map[cluster.NodeID]time.Duration
		dead []cluster.NodeID
		want time.Duration
	}{
		{"alone", map[cluster.NodeID]time.Duration{"n1": 0}, nil, nil, 0},
		{"of three the nearer", map[cluster.NodeID]time.Duration{"n1": 0, "n2": 0, "n3": 0}, map[cluster.NodeID]time.Duration{"n2": 8 * time.Millisecond, "n3": 90 * time.Millisecond}, nil, 8 * time.Millisecond},
		{"the nearer is gone", map[cluster.NodeID]time.Duration{"n1": 0, "n2": 0, "n3": 0}, map[cluster.NodeID]time.Duration{"n2": 8 * time.Millisecond, "n3": 90 * time.Millisecond}, []cluster.NodeID{"n2"}, 90 * time.Millisecond},
		{"both are gone", map[cluster.NodeID]time.Duration{"n1": 0, "n2": 0, "n3": 0}, nil, []cluster.NodeID{"n2", "n3"}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &clockRoom{off: c.off, slow: c.slow, fails: map[cluster.NodeID]error{}}
			for _, id := range c.dead {
				r.fails[id] = errors.New("gone")
			}
			clocks := r.open()
			clocks.look(t.Context())
			clocks.asks.Wait()
			if got := clocks.trip(); got != c.want {
				t.Errorf("%s: %v, want %v", c.what, got, c.want)
			}
		})
	}
}
