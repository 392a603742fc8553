package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The throttle of a session: no more than so many messages are let through in
// any second of venue time, and as many cancels beside them, so that who sends
// too much can still take back what he has. They are counted in fifths of a
// second, the current one and the 5 before it: one is forgotten 1 to 1.2 s after
// it was let through. What is refused for it does not count.
const (
	throttleSlices = 5
	throttleSlice  = market.Nanos(1e9) / throttleSlices
)

// throttled reports whether a message is one too many, and counts it if not.
func (m *Machine) throttled(s *session, kind command.Kind) bool {
	if s.throttle == 0 {
		return false
	}
	s.forgetMessages(m.clock.now)
	counts := &s.messages
	if kind == command.KindCancelOrder || kind == command.KindCancelAll {
		counts = &s.cancels
	}
	var sum uint32
	for _, c := range counts {
		sum += uint32(c)
	}
	if sum >= s.throttle {
		return true
	}
	counts[s.slice%uint32(len(counts))]++
	return false
}

// forgetMessages forgets what is too long ago. The number of a slice wraps once
// in 27 years.
func (s *session) forgetMessages(now market.Nanos) {
	slice, n := uint32(now/throttleSlice), uint32(len(s.messages))
	for back := min(slice-s.slice, n); back > 0; back-- {
		at := (slice - back + 1) % n
		s.messages[at], s.cancels[at] = 0, 0
	}
	s.slice = slice
}
