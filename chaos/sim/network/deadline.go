package network

import (
	"sync"
	"time"
)

// deadline is when reads or writes end, which may be moved while they wait.
type deadline struct {
	mu      sync.Mutex
	timer   *time.Timer
	passed  chan struct{} // closed when it has passed
	changed chan struct{} // closed when it was moved
}

func (d *deadline) init() { d.passed, d.changed = make(chan struct{}), make(chan struct{}) }

func (d *deadline) channel() (passed, changed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed, d.changed
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	close(d.changed)
	d.passed, d.changed = make(chan struct{}), make(chan struct{})
	if t.IsZero() {
		return
	}
	passed := d.passed
	if left := time.Until(t); left > 0 {
		d.timer = time.AfterFunc(left, func() { close(passed) })
	} else {
		close(passed)
	}
}
