package readmodels

import (
	"context"
	"sync"
	"time"
)

// Pace bounds what background reading takes of a disk: all who look for
// damage in a node share one. It may be used from any goroutine.
type Pace struct {
	rate int64

	mu   sync.Mutex
	free time.Time // when the next bytes may be read
}

// NewPace returns a pace of so many bytes a second, at least 1.
func NewPace(bytesPerSecond int64) *Pace { return &Pace{rate: max(bytesPerSecond, 1)} }

// Wait waits until so many more bytes may be read, or returns ctx's error. A
// nil Pace never waits.
func (p *Pace) Wait(ctx context.Context, bytes int64) error {
	if p == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	wait := p.reserve(bytes)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reserve takes the next time of the disk and returns how far off it is.
func (p *Pace) reserve(bytes int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.free.Before(now) {
		p.free = now
	}
	wait := p.free.Sub(now)
	p.free = p.free.Add(time.Duration(float64(bytes) / float64(p.rate) * float64(time.Second)))
	return wait
}
