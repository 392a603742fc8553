package sim

import (
	"context"
	"sync"
	"time"
)

// watchman knows whether the venue must take commands now: while all is well but
// for what was done to one machine, and the others are a majority. It asks every
// node for a marker through the log all the time.
type watchman struct {
	run *run

	mu     sync.Mutex
	active int           // faults under way
	since  time.Time     // when the one fault began, the rest being well; zero: no promise holds
	ended  time.Time     // when the last fault was over
	passed []time.Time   // by machine: when its last marker that passed was sent
	last   time.Time     // when any marker last passed
	worst  time.Duration // the longest that none passed, while one must
}

func newWatchman(r *run) *watchman {
	return &watchman{run: r, passed: make([]time.Time, len(r.machines))}
}

// tolerance is how long no command may pass while one machine alone is ill: what
// it takes to see that (the lease of a leader whom nobody hears is six timeouts),
// to elect, and to ask again.
func (w *watchman) tolerance() time.Duration { return 2*time.Second + 20*w.run.plan.Heartbeat }

// begins is told of a fault; one: it is of a single machine.
func (w *watchman) begins(one bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.active++; w.active == 1 && one && w.well() {
		w.since = time.Now()
		return
	}
	w.since = time.Time{}
}

// ends is told that a fault is over: whom it was done to has yet to come back.
func (w *watchman) ends() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.active--
	w.ended, w.since = time.Now(), time.Time{}
}

// well reports whether every machine that is not out for good has come back, and
// one more may be lost. w.mu is held.
func (w *watchman) well() bool {
	able := 0
	for n, m := range w.run.machines {
		if m.isOut() != nil {
			continue
		}
		if able++; !w.passed[n].After(w.ended) {
			return false
		}
	}
	return able-1 >= len(w.run.machines)/2+1
}

// watch asks until ctx ends.
func (w *watchman) watch(ctx context.Context) {
	for n := range w.run.machines {
		go w.ask(ctx, n)
	}
	for ctx.Err() == nil {
		sleep(ctx, 100*time.Millisecond)
		w.look(time.Now())
	}
}

// ask sends markers through one node.
func (w *watchman) ask(ctx context.Context, n int) {
	for ctx.Err() == nil {
		sent := time.Now()
		if w.run.commits(ctx, w.run.machines[n]) {
			w.mu.Lock()
			w.passed[n], w.last = sent, time.Now()
			w.mu.Unlock()
		}
		sleep(ctx, 300*time.Millisecond)
	}
}

// look fails the run when a promise was broken for too long.
func (w *watchman) look(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since.IsZero() {
		return
	}
	from := w.since
	if w.last.After(from) {
		from = w.last
	}
	gap := now.Sub(from)
	w.worst = max(w.worst, gap)
	if gap > w.tolerance() {
		w.run.fail("availability", "no marker passes through any node since %v, while one machine alone is ill; applied %s", gap.Round(time.Millisecond), w.run.truth.where())
		w.since = time.Time{}
	}
}
