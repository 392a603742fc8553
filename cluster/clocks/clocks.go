// Package clocks (no promise) compares the clocks of the voters: what their
// median is, how far a leader's stamps may go beyond it, and whose clock is out
// of bounds. It is arithmetic: it reads no clock, asks nobody and starts
// nothing.
//
// Only the leader's clock moves venue time, and venue time never goes back: a
// leader an hour ahead would close the day for good. So its stamps are held to
// the median of all clocks that it can see, and it is not to lead for long.
package clocks

import (
	"cmp"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

const (
	// Bound is how far a leader's stamps may lie beyond the median, and how far
	// its clock may be from it, ahead or behind, while it leads.
	Bound = 250 * time.Millisecond
	// Within is how near to the median a clock must come to be within bounds
	// again, or to be handed leadership.
	Within = 200 * time.Millisecond
	// Looks is how many looks in a row must find a clock out of bounds.
	Looks = 3
	// MaxAge is how long a reading counts.
	MaxAge = 5 * time.Second
	// BestFor is how long a reading is kept before one that may be wrong by
	// more.
	BestFor = 2 * time.Second
)

// Reading is what a clock showed, and when that was on the reader's own one. It
// ages by monotonic time, so that a step of the reader's clock on the wall does
// not change it.
type Reading struct {
	At          time.Time // the reader's, with its monotonic part
	Shown       time.Time
	Uncertainty time.Duration
}

// Read makes a reading of a call that began at asked and ended at answered:
// the clock is taken to have been read half way, which may be wrong by as much.
func Read(asked, answered, shown time.Time) Reading {
	half := answered.Sub(asked) / 2
	return Reading{At: answered, Shown: shown.Round(0).Add(half), Uncertainty: half}
}

// Better returns the one of a reading and a newer one that tells more.
func (r Reading) Better(newer Reading) Reading {
	if newer.Uncertainty > r.Uncertainty && newer.At.Sub(r.At) <= BestFor {
		return r
	}
	return newer
}

// Now is what the clock shows by now.
func (r Reading) Now(now time.Time) time.Time { return r.Shown.Add(now.Sub(r.At)) }

// Fresh reports whether the reading counts.
func (r Reading) Fresh(now time.Time) bool { return now.Sub(r.At) <= MaxAge }

// Offset is how far a voter's clock is ahead of the reader's; below zero,
// behind.
type Offset struct {
	ID          cluster.NodeID
	Offset      time.Duration
	Uncertainty time.Duration
}

// Offsets are those of the voters with a fresh reading, and self's own, which is
// zero, if it is a voter; the furthest behind first.
func Offsets(voters []cluster.NodeID, self cluster.NodeID, readings map[cluster.NodeID]Reading, now time.Time) []Offset {
	var out []Offset
	for _, id := range voters {
		if id == self {
			out = append(out, Offset{ID: id})
		} else if r, ok := readings[id]; ok && r.Fresh(now) {
			out = append(out, Offset{id, r.Now(now).Sub(now.Round(0)), r.Uncertainty})
		}
	}
	slices.SortFunc(out, func(a, b Offset) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Median returns the middle one, of an even number the lower: of two clocks of
// which one is wrong the slower moves venue time, which can be made up for.
// There is at least one.
func Median(offsets []Offset) Offset { return offsets[(len(offsets)-1)/2] }

// Capped is the stamp of a leader whose own clock shows now, under a reading of
// the median.
func Capped(now time.Time, median Reading) time.Time {
	if most := median.Now(now).Add(Bound); now.Round(0).After(most) {
		return most
	}
	return now
}

// Successor returns the voter to hand leadership to: the one nearest to the
// median, other than self, if its clock is within bounds.
func Successor(offsets []Offset, self cluster.NodeID) (cluster.NodeID, bool) {
	median := Median(offsets).Offset
	best, found := Offset{}, false
	for _, o := range offsets {
		d := (o.Offset - median).Abs()
		if o.ID != self && d+o.Uncertainty <= Bound && d <= Within && (!found || d < (best.Offset-median).Abs()) {
			best, found = o, true
		}
	}
	return best.ID, found
}

// Watch decides, look by look, whether a clock is out of bounds. It takes some
// looks in a row, beyond what the reading may be wrong by, and ends only nearer
// to the median than it began: a clock at the bound doesn't go in and out.
type Watch struct {
	beyond int
	out    bool
}

// Look takes in how far the clock is from the median, and reports whether it is
// out of bounds.
func (w *Watch) Look(deviation, uncertainty time.Duration) bool {
	switch d := deviation.Abs(); {
	case d-uncertainty > Bound:
		if w.beyond++; w.beyond >= Looks {
			w.out = true
		}
	case d <= Within:
		w.beyond, w.out = 0, false
	default:
		w.beyond = 0
	}
	return w.out
}
