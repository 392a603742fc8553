package fix

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// shares bounds how many messages a participant has on their way to the log from
// this node, over all its sessions: others' commands wait behind them, so more
// sessions must not be a larger share. Sessions of one participant take turns.
//
// A participant is remembered for good; there are no more of them than the venue
// has defined.
type shares struct {
	mu   sync.Mutex
	each map[string]*semaphore.Weighted
}

func newShares() *shares { return &shares{each: map[string]*semaphore.Weighted{}} }

// take waits until so many messages of a participant may go, at most maxBatch;
// false: ctx is over, or overloadPatience. They are given back by the function.
func (s *shares) take(ctx context.Context, participant string, messages int) (back func(), ok bool) {
	s.mu.Lock()
	share := s.each[participant]
	if share == nil {
		share = semaphore.NewWeighted(maxShare)
		s.each[participant] = share
	}
	s.mu.Unlock()
	back = func() { share.Release(int64(messages)) }
	if share.TryAcquire(int64(messages)) {
		return back, true
	}
	turn, cancel := context.WithTimeout(ctx, overloadPatience)
	defer cancel()
	return back, share.Acquire(turn, int64(messages)) == nil
}
