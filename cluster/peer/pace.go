package peer

import (
	"context"
	"sync"
	"time"
)

const (
	// StrangerPace is how far apart handshakes with callers are that come from
	// no member's address: each costs some 0.4 ms of processor, and so all of
	// them 4 % of one at most, however many call.
	StrangerPace = 10 * time.Millisecond
	// strangerPatience is how long one of them waits for its turn.
	strangerPatience = time.Second
)

// pace gives turns one after the other.
type pace struct {
	mu   sync.Mutex
	next time.Time
}

// wait waits for a turn; ErrBusy when that would take too long.
func (p *pace) wait(ctx context.Context, now time.Time) error {
	p.mu.Lock()
	turn := p.next
	if turn.Before(now) {
		turn = now
	}
	late := turn.Sub(now)
	if late <= strangerPatience {
		p.next = turn.Add(StrangerPace)
	}
	p.mu.Unlock()
	if late > strangerPatience {
		return ErrBusy
	}
	timer := time.NewTimer(late)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ErrClosed
	}
}
