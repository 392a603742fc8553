package consensus

import (
	"sync"
	"sync/atomic"
)

// halt is how a node stops for good: whoever finds that it must not go on
// calls stop and is held there, so that nothing after the failure happens.
// The process ends by the given function; where it does not (in a test), the
// node stands still until it is closed. Before it is armed, stop does nothing:
// then Open returns the error.
type halt struct {
	fatal    func(error)
	armed    atomic.Bool
	once     sync.Once
	cause    error         // holds once halted is closed
	halted   chan struct{} // closed once stop was called
	letGo    sync.Once
	released chan struct{} // closed by Close, or when nothing could be opened
}

func newHalt(fatal func(error)) *halt {
	return &halt{fatal: fatal, halted: make(chan struct{}), released: make(chan struct{})}
}

// waited is a channel that is closed: there is nothing to wait for.
func (h *halt) waited() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func (h *halt) arm() { h.armed.Store(true) }

// stop reports the first error and returns when the node is closed.
func (h *halt) stop(err error) {
	if !h.armed.Load() {
		return
	}
	h.once.Do(func() {
		h.cause = err
		close(h.halted)
		h.fatal(err)
	})
	<-h.released
}

// release lets go on who is held.
func (h *halt) release() { h.letGo.Do(func() { close(h.released) }) }
