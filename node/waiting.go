package node

import (
	"container/list"
	"sync"
	"time"
)

// waiting knows since when the submissions of this node wait for their
// outcomes. It is bounded by the window of forwarding.
type waiting struct {
	mu    sync.Mutex
	begun list.List // of time.Time, the oldest first
}

// begin counts a submission in; end counts it out.
func (w *waiting) begin() (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.begun.PushBack(time.Now())
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.begun.Remove(e)
	}
}

// oldest returns how long the oldest has waited, 0 if none does.
func (w *waiting) oldest() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.begun.Front()
	if e == nil {
		return 0
	}
	return time.Since(e.Value.(time.Time))
}
