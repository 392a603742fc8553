package room

import (
	"context"
	"sync"
	"time"
)

// Pace lets so many things a second through, in the order in which they come.
type Pace struct {
	perSecond uint64

	mu   sync.Mutex
	next time.Time // when the next may go
}

// NewPace returns a pace of at least one a second.
func NewPace(perSecond uint64) *Pace { return &Pace{perSecond: max(perSecond, 1)} }

// Wait waits until n things may go, and reports false at once, and lets none
// go, if that would take longer than patience, or when ctx ends.
func (p *Pace) Wait(ctx context.Context, n int, patience time.Duration) bool {
	delay, ok := p.reserve(n, patience)
	if !ok || delay <= 0 {
		return ok
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reserve takes the next n places. What was not used is not saved up, but for
// a tenth of a second.
func (p *Pace) reserve(n int, patience time.Duration) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if earliest := now.Add(-time.Second / 10); p.next.Before(earliest) {
		p.next = earliest
	}
	delay := p.next.Sub(now)
	if delay > patience {
		return 0, false
	}
	p.next = p.next.Add(time.Duration(n) * time.Second / time.Duration(p.perSecond))
	return delay, true
}
