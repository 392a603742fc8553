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

// silence is what a node has seen of its leader's: on a machine that is busy, or
// whose disk is slow, a living leader is silent for longer, and an election
// would cost more than it gives.
type silence struct {
	leader cluster.NodeID
	heard  time.Time // as of the last look
	worst  time.Duration
	at     time.Time // when worst was seen
}

// over reports whether a leader has been silent for longer than it is allowed.
func (s *silence) over(now time.Time, own Own, least time.Duration) bool {
	switch {
	case own.Leader == "" || own.Heard.IsZero():
		s.leader, s.heard = "", time.Time{}
		return false
	case own.Leader != s.leader:
		s.leader, s.heard = own.Leader, own.Heard
	case own.Heard.After(s.heard): // it lives: what was between was no end
		if gap := own.Heard.Sub(s.heard); gap >= s.worst || now.Sub(s.at) > silenceMemory {
			s.worst, s.at = gap, now
		}
		s.heard = own.Heard
	}
	return now.Sub(own.Heard) > s.allowed(least)
}

func (s *silence) allowed(least time.Duration) time.Duration {
	return min(max(least, silenceFactor*s.worst), maxSilence*least)
}

// left is when to look again: when the leader will have been silent for too
// long, or sooner.
func (s *silence) left(now time.Time, own Own, least time.Duration) time.Duration {
	if own.Leader == "" || own.Heard.IsZero() {
		return lookEvery
	}
	return min(max(s.allowed(least)-now.Sub(own.Heard)+time.Millisecond, time.Millisecond), lookEvery)
}
