package projector

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// reached is the last sequence that all serving views have reached, and those
// who wait for it. It never falls. Only who has nothing more to wait for is
// woken.
type reached struct {
	lowest func() market.Sequence
	value  atomic.Uint64
	closed chan struct{}

	mu      sync.Mutex
	waiters waiters
}

func newReached(lowest func() market.Sequence) *reached {
	return &reached{lowest: lowest, closed: make(chan struct{})}
}

func (r *reached) last() market.Sequence { return market.Sequence(r.value.Load()) }

// advance looks again at what the views have reached.
func (r *reached) advance() {
	lowest := r.lowest()
	if lowest <= r.last() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if lowest <= r.last() {
		return
	}
	r.value.Store(uint64(lowest))
	for len(r.waiters) > 0 && r.waiters[0].sequence <= lowest {
		close(heap.Pop(&r.waiters).(*waiter).ready)
	}
}

func (r *reached) wait(ctx context.Context, sequence market.Sequence) error {
	w := r.enter(sequence)
	if w == nil {
		return nil
	}
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		r.leave(w)
		return fmt.Errorf("reached %d, wanted %d: %w", r.last(), sequence, readmodels.ErrNotCaughtUp)
	case <-r.closed:
		r.leave(w)
		return ErrClosed
	}
}

// enter returns nil if there is nothing to wait for.
func (r *reached) enter(sequence market.Sequence) *waiter {
	if r.last() >= sequence {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last() >= sequence {
		return nil
	}
	w := &waiter{sequence: sequence, ready: make(chan struct{})}
	heap.Push(&r.waiters, w)
	return w
}

func (r *reached) leave(w *waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.place >= 0 {
		heap.Remove(&r.waiters, w.place)
	}
}

func (r *reached) close() { close(r.closed) }

// waiter is one call of wait; place is its index in the heap, −1 outside.
type waiter struct {
	sequence market.Sequence
	place    int
	ready    chan struct{}
}

// waiters is a heap by sequence: bounded by the calls that are under way.
type waiters []*waiter

func (w waiters) Len() int           { return len(w) }
func (w waiters) Less(i, j int) bool { return w[i].sequence < w[j].sequence }
func (w waiters) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].place, w[j].place = i, j
}

// Push implements heap.Interface.
func (w *waiters) Push(x any) {
	x.(*waiter).place = len(*w)
	*w = append(*w, x.(*waiter))
}

// Pop implements heap.Interface.
func (w *waiters) Pop() any {
	old := *w
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*w = old[:len(old)-1]
	last.place = -1
	return last
}
