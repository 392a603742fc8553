package fix

import (
	"sync"
	"time"
)

// freeRepeats is how many numbers a session may ask for again beyond sameRange
// times all that there are, in whatever ranges.
const freeRepeats = 10_000

// repeatPause is between the pages of what a session asks for beyond all that
// there is and freeRepeats: some 25,000 numbers a second, a tenth of a core. Who
// has a gap is never slowed; who reads everything again and again does not take
// the node from the others.
const repeatPause = 20 * time.Millisecond

// repeatsForgotten is how many numbers a second are forgotten, so that asking for
// everything once in a while is not held against anybody.
const repeatsForgotten = 1000

// repeats is how many numbers a session has asked for again on this node. It
// outlives its connections, for one that asks for everything again with each new
// connection costs as much. When the session's numbers begin anew, on whichever
// node and by whomever, so does it: what was asked for of the numbers before is not
// held against the few that there are then.
type repeats struct {
	mu      sync.Mutex
	numbers float64
	as      time.Time // of then
}

// take counts numbers that are asked for, of so many that there are; false: they
// are too many.
func (r *repeats) take(numbers, written uint64, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	most := float64(sameRange*written + freeRepeats)
	if r.numbers+float64(numbers) > most {
		return false
	}
	r.numbers += float64(numbers)
	return true
}

// beyond reports whether so much was asked for that its pages are paced.
func (r *repeats) beyond(written uint64, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	return r.numbers > float64(written+freeRepeats)
}

func (r *repeats) forget(now time.Time) {
	r.numbers = max(0, r.numbers-repeatsForgotten*now.Sub(r.as).Seconds())
	r.as = now
}

// restart forgets all: the numbers have begun anew.
func (r *repeats) restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.numbers = 0
}

// repeatsOf returns what a session has asked for again here. There is one for
// each session that ever logged on to this node, so not more than the venue has
// sessions.
func (v *Server) repeatsOf(comp string) *repeats {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.repeats[comp]
	if r == nil {
		r = &repeats{}
		v.repeats[comp] = r
	}
	return r
}

// begunAnew says that a session's numbers have begun anew.
func (v *Server) begunAnew(comp string) {
	v.mu.Lock()
	r := v.repeats[comp]
	v.mu.Unlock()
	if r != nil {
		r.restart()
	}
}

// allBegunAnew says that those of any session may have: the journal has a part
// that was not followed.
func (v *Server) allBegunAnew() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.repeats {
		r.restart()
	}
}

// begunAnew says that the numbers of a connection have begun anew in session.
func (o *outbound) begunAnew() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked, o.times = 0, 0
}
