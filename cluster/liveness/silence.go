package liveness

import (
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// How the silence that is allowed grows.
const (
	// silenceFactor is how much longer than the longest silence of a living
	// leader one must be to count, maxSilence how much longer than the setting it
	// may become.
	silenceFactor = 2
	maxSilence    = 3
	// silenceMemory is for how long a silence is remembered.
	silenceMemory = 30 * time.Second
)

// sign is the last sign of life of a leader. pings says of which of two kinds it
// is, and so by which clock; heard is zero on the leader itself.
type sign struct {
	leader     cluster.NodeID
	term       cluster.Term
	pings      bool
	now, heard time.Time
}

// silence is what a node has seen of its leader's: on a machine that is busy a
// living leader is silent for longer, and an election would cost more than it
// gives.
type silence struct {
	last  sign // as of the last look
	worst time.Duration
	at    time.Time // when worst was seen
}

// over reports whether a leader has been silent for longer than it is allowed.
func (s *silence) over(v sign, least time.Duration) bool {
	switch {
	case v.leader == "" || v.heard.IsZero():
		s.last = sign{}
		return false
	case v.leader != s.last.leader || v.term != s.last.term || v.pings != s.last.pings:
		s.last = v
	case v.heard.After(s.last.heard): // it lives: what was between was no end
		if gap := v.heard.Sub(s.last.heard); gap >= s.worst || v.now.Sub(s.at) > silenceMemory {
			s.worst, s.at = gap, v.now
		}
		s.last = v
	}
	return v.now.Sub(v.heard) > s.allowed(least)
}

func (s *silence) allowed(least time.Duration) time.Duration {
	return min(max(least, silenceFactor*s.worst), maxSilence*least)
}

// left is when to look again: when the leader will have been silent for too
// long, or sooner. A beat wakes who counts pings.
func (s *silence) left(v sign, least time.Duration) time.Duration {
	if v.leader == "" || v.heard.IsZero() || v.pings {
		return lookEvery
	}
	return min(max(s.allowed(least)-v.now.Sub(v.heard)+time.Millisecond, time.Millisecond), lookEvery)
}
