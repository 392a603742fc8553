package clocks_test

import (
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/clocks"
)

const ms = time.Millisecond

// panel reads clocks that are off by so much, at now; n1 is the reader.
func panel(now time.Time, offs ...time.Duration) []clocks.Offset {
	ids := []cluster.NodeID{"n1", "n2", "n3", "n4", "n5"}[:len(offs)]
	readings := map[cluster.NodeID]clocks.Reading{}
	for i, off := range offs[1:] {
		readings[ids[i+1]] = clocks.Reading{At: now, Shown: now.Add(off - offs[0])}
	}
	return clocks.Offsets(ids, "n1", readings, now)
}

// The median is over the clocks that can be seen, the own one included; of an
// even number it is the lower middle.
func TestMedian(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		offs []time.Duration
		want time.Duration // of the median, beyond n1's clock
	}{
		{[]time.Duration{0}, 0},
		{[]time.Duration{0, time.Hour}, 0},
		{[]time.Duration{time.Hour, 0}, -time.Hour},
		{[]time.Duration{time.Hour, 0, 5 * ms}, -time.Hour + 5*ms},
		{[]time.Duration{time.Hour, 0, -time.Hour}, -time.Hour},
		{[]time.Duration{-time.Second, 0, 1 * ms}, time.Second},
		{[]time.Duration{0, 10 * ms, 20 * ms, time.Hour}, 10 * ms},
		{[]time.Duration{0, time.Hour, 2 * time.Hour, 10 * ms, 20 * ms}, 20 * ms},
	} {
		if got := clocks.Median(panel(now, c.offs...)).Offset; got != c.want {
			t.Errorf("%v: got %v, want %v", c.offs, got, c.want)
		}
	}
}

// A reading takes the middle of the round trip, gives way to a surer one at once
// and to any after two seconds, and counts for five.
func TestReading(t *testing.T) {
	now := time.Now()
	r := clocks.Read(now, now.Add(20*ms), now.Add(time.Hour))
	if !r.Shown.Equal(now.Round(0).Add(time.Hour+10*ms)) || r.Uncertainty != 10*ms {
		t.Errorf("got %+v", r)
	}
	for _, c := range []struct {
		later, uncertainty time.Duration
		taken              bool
	}{{1, 10 * ms, true}, {1, 5 * ms, true}, {2 * time.Second, 11 * ms, false}, {2*time.Second + 1, time.Second, true}} {
		newer := clocks.Reading{At: r.At.Add(c.later), Uncertainty: c.uncertainty}
		if got := r.Better(newer) == newer; got != c.taken {
			t.Errorf("%v later, ± %v: taken %v", c.later, c.uncertainty, got)
		}
	}
	readings := map[cluster.NodeID]clocks.Reading{"n2": {At: now, Shown: now.Add(time.Minute)}}
	for age, want := range map[time.Duration]int{clocks.MaxAge: 2, clocks.MaxAge + 1: 1} {
		if got := clocks.Offsets([]cluster.NodeID{"n1", "n2"}, "n1", readings, now.Add(age)); len(got) != want {
			t.Errorf("%v old: got %v", age, got)
		} else if want == 2 && got[1].Offset != time.Minute {
			t.Errorf("aged: got %v", got)
		}
	}
	if got := clocks.Offsets([]cluster.NodeID{"n2"}, "n1", readings, now); len(got) != 1 || got[0].ID != "n2" {
		t.Errorf("seen by one without a vote: got %v", got)
	}
}

// A stamp is the leader's own time up to 250 ms beyond the median, and no more;
// it is not raised to it.
func TestCapped(t *testing.T) {
	now := time.Now()
	for _, c := range []struct{ off, want time.Duration }{
		{-time.Hour, -time.Hour}, {0, 0}, {250 * ms, 250 * ms}, {250*ms + 1, 250 * ms}, {time.Hour, 250 * ms},
	} {
		own := now.Add(c.off)
		median := clocks.Reading{At: own, Shown: now.Round(0)}
		if got := clocks.Capped(own, median).Sub(now.Round(0)); got != c.want {
			t.Errorf("%v beyond the median: stamped %v beyond it, want %v", c.off, got, c.want)
		}
	}
	// The median goes on by the time that passes on the reader's own clock.
	median := clocks.Reading{At: now, Shown: now.Round(0).Add(-time.Hour)}
	if got := clocks.Capped(now.Add(3*time.Second), median).Sub(now.Round(0)); got != -time.Hour+3*time.Second+clocks.Bound {
		t.Errorf("three seconds later: stamped %v beyond the time of the reading", got)
	}
}

// Leadership goes to the voter nearest to the median, and to nobody when no
// other voter's clock is within bounds.
func TestSuccessor(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		offs []time.Duration
		want cluster.NodeID
	}{
		{[]time.Duration{time.Hour, 0, 5 * ms}, "n3"},
		{[]time.Duration{time.Hour, 0, -time.Hour}, "n2"},
		{[]time.Duration{-time.Second, 300 * ms, 0}, "n3"},
		{[]time.Duration{0, time.Second, -time.Second}, ""}, // the leader itself is the median
		{[]time.Duration{0, 201 * ms}, ""},
		{[]time.Duration{0, 200 * ms}, "n2"},
		{[]time.Duration{0}, ""},
	} {
		got, found := clocks.Successor(panel(now, c.offs...), "n1")
		if got != c.want || found != (c.want != "") {
			t.Errorf("%v: got %q", c.offs, got)
		}
	}
	unsure := panel(now, time.Hour, 0)
	unsure[0].Uncertainty = 251 * ms
	if got, found := clocks.Successor(unsure, "n1"); found {
		t.Errorf("a reading that may be wrong by more than the bound: got %q", got)
	}
}

// Out of bounds is who was beyond 250 ms three looks in a row, ahead or behind,
// by more than the reading may be wrong; within again who comes to 200 ms.
func TestWatch(t *testing.T) {
	var w clocks.Watch
	for i, c := range []struct {
		deviation, uncertainty time.Duration
		out                    bool
	}{
		{250 * ms, 0, false},
		{251 * ms, 0, false}, {251 * ms, 0, false}, {249 * ms, 0, false}, // not in a row
		{-time.Second, 0, false}, {-time.Second, 0, false}, {-time.Second, 0, true},
		{-240 * ms, 0, true}, {-201 * ms, 0, true}, {-200 * ms, 0, false},
		{300 * ms, 50 * ms, false}, {300 * ms, 50 * ms, false}, {300 * ms, 50 * ms, false},
		{301 * ms, 50 * ms, false}, {301 * ms, 50 * ms, false}, {301 * ms, 50 * ms, true},
	} {
		if got := w.Look(c.deviation, c.uncertainty); got != c.out {
			t.Errorf("look %d, %v ± %v: got %v", i, c.deviation, c.uncertainty, got)
		}
	}
}
