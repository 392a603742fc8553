package projector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// The states of a view.
const (
	live int32 = iota
	rebuilding
	failed
)

// worker folds one view. What is not atomic or guarded by mu belongs to its
// goroutine.
type worker struct {
	p     *Projector
	view  readmodels.View
	store readmodels.Store

	next      market.Sequence // the last sequence that was folded
	watermark atomic.Uint64
	state     atomic.Int32
	failure   atomic.Pointer[error]
	paused    atomic.Bool // it must not grow, and has something to fold

	mu       sync.Mutex
	rebuilds []rebuildRequest // asked for and not taken up
	waiting  context.Context  // ends when a rebuild is asked for
	wake     context.CancelFunc
}

// rebuildRequest asks for a view to be begun anew.
type rebuildRequest struct {
	done chan<- error // takes one answer and has room for it
	// from is another node's checkpoint to begin with; nil = the journal's start.
	from io.Reader
}

// open lets the view load what it keeps in memory. A store that is new, or
// ahead of the journal, or that the view can't read, is folded from the start.
func (w *worker) open() error {
	cursor, last := w.store.Cursor(), w.p.config.Journal.Last().Sequence
	if cursor <= last && (cursor > 0 || last == 0) {
		resume, err := w.openView()
		if err == nil {
			w.next = resume
			w.watermark.Store(uint64(w.store.Watermark()))
			return nil
		}
		if !errors.Is(err, readmodels.ErrDamaged) {
			return err
		}
	}
	return w.empty()
}

func (w *worker) openView() (resume market.Sequence, err error) {
	defer recovered(&err)
	return w.view.Open(w.store, w.store.Cursor())
}

// empty drops everything and begins anew at the journal's floor.
func (w *worker) empty() error {
	w.state.Store(rebuilding)
	w.watermark.Store(0)
	if err := w.store.Reset(); err != nil {
		return err
	}
	if _, err := w.openView(); err != nil {
		return err
	}
	w.next = 0
	if floor := w.p.config.Journal.Floor().Sequence; floor > 0 {
		w.next = floor - 1
	}
	return nil
}

// recovered turns a view's panic into an error: a broken view must not take
// the venue with it.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}

func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		waiting := w.takeRebuilds(ctx)
		if w.state.Load() == failed {
			w.recover(waiting)
			continue
		}
		if err := w.catchUp(waiting); err != nil {
			w.failed(waiting, err)
			continue
		}
		// Errors: a rebuild was asked for, or the projector or the journal
		// closes; the loop sees the first two, and then so will the journal's.
		if err := w.p.config.Journal.Wait(waiting, w.next+1); err != nil {
			<-waiting.Done()
		}
	}
}

// recover waits until a failed view is to be rebuilt: when somebody asks, or by
// itself where the computer failed it and it may grow again.
func (w *worker) recover(waiting context.Context) {
	if !w.p.config.Sick(*w.failure.Load()) {
		<-waiting.Done()
		return
	}
	pause := time.NewTimer(w.p.config.Retry)
	defer pause.Stop()
	select {
	case <-waiting.Done():
	case <-pause.C:
		if w.p.config.MayGrow() == nil {
			w.rebuild(rebuildRequest{done: make(chan error, 1)})
		}
	}
}

// failed decides what becomes of a view that could not fold on. Where the
// journal is being repaired it waits; a store that does not verify is thrown
// away, as OnDamage asked for, but not twice in one rebuild: then its disk is
// no good. Anything else, and the view stays where it is.
func (w *worker) failed(waiting context.Context, err error) {
	switch {
	case waiting.Err() != nil: // a rebuild was asked for, or it is all over
	case errors.Is(err, readmodels.ErrRepairing):
		pause := time.NewTimer(repairPause)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-waiting.Done():
		}
	case errors.Is(err, readmodels.ErrDamaged) && w.state.Load() == live:
		w.damaged(err)
	default:
		w.fail(err)
	}
}

// repairPause is how long a view waits before it looks again whether a damaged
// block of the journal has been replaced.
const repairPause = 200 * time.Millisecond

// damaged begins a rebuild because what is stored does not verify.
func (w *worker) damaged(err error) {
	if w.state.Load() == rebuilding {
		w.fail(err)
		return
	}
	if w.p.config.Damaged != nil {
		w.p.config.Damaged(w.view.Name(), err)
	}
	w.rebuild(rebuildRequest{done: make(chan error, 1)})
	w.state.Store(rebuilding)
	w.p.reached.advance()
}

// takeRebuilds does the rebuilds that were asked for and returns the context
// that ends when the next one is.
func (w *worker) takeRebuilds(ctx context.Context) context.Context {
	w.mu.Lock()
	asked := w.rebuilds
	w.rebuilds = nil
	if w.waiting == nil || w.waiting.Err() != nil {
		w.waiting, w.wake = context.WithCancel(ctx)
	}
	waiting := w.waiting
	w.mu.Unlock()
	if len(asked) == 0 {
		return waiting
	}
	for _, r := range asked {
		r.done <- w.begin(ctx, r)
	}
	return waiting
}

// begin begins the view anew. What can't be begun from a checkpoint is folded
// from the journal's start, and told all the same.
func (w *worker) begin(ctx context.Context, r rebuildRequest) error {
	if r.from != nil {
		told := w.takeOver(ctx, r.from)
		if told != nil && w.state.Load() == rebuilding {
			w.failUnless(ctx, w.empty())
		}
		return told
	}
	err := w.verifyJournal(ctx)
	if err == nil {
		err = w.empty()
	}
	w.failUnless(ctx, err)
	return err
}

// failUnless fails a view whose rebuild could not be begun.
func (w *worker) failUnless(ctx context.Context, err error) {
	if err != nil && w.state.Load() == rebuilding && ctx.Err() == nil {
		w.fail(err)
	}
}

// takeOverWait is how long the journal may take to reach what a checkpoint goes
// through: it was made a moment ago.
const takeOverWait = 10 * time.Second

// errNotShipped: the store can't be taken over from another node.
var errNotShipped = errors.New("store takes no checkpoints")

// takeOver begins the view with another node's checkpoint, once the journal
// reaches as far: it is folded on from there.
func (w *worker) takeOver(ctx context.Context, from io.Reader) error {
	store, ok := w.store.(readmodels.Shipped)
	if !ok {
		return errNotShipped
	}
	err := store.Load(from, func(cursor market.Sequence) error {
		if cursor <= w.next {
			return fmt.Errorf("it goes through %d, and this one is at %d", cursor, w.next)
		}
		wait, cancel := context.WithTimeout(ctx, takeOverWait)
		defer cancel()
		if err := w.p.config.Journal.Wait(wait, cursor); err != nil {
			return fmt.Errorf("the journal does not reach %d: %w", cursor, err)
		}
		w.state.Store(rebuilding)
		w.watermark.Store(0)
		return nil
	})
	if err != nil {
		return err
	}
	w.paused.Store(false)
	w.store.Serve() // the view reads what it keeps in memory; the projector shows it once it has caught up
	resume, err := w.openView()
	if err != nil {
		return err
	}
	w.next = resume
	w.watermark.Store(uint64(w.store.Watermark()))
	return nil
}

// verifyJournal waits until what a view is to be folded from is whole: what
// there is must not be thrown away for something that can't be made.
func (w *worker) verifyJournal(ctx context.Context) error {
	journal, ok := w.p.config.Journal.(readmodels.Verifier)
	if !ok {
		return nil
	}
	for {
		err := journal.Verify(ctx)
		if !errors.Is(err, readmodels.ErrRepairing) {
			return err
		}
		select {
		case <-time.After(repairPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rebuild asks for a rebuild.
func (w *worker) rebuild(r rebuildRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rebuilds = append(w.rebuilds, r)
	if w.wake != nil {
		w.wake()
	}
}

// catchUp folds until the journal's end.
func (w *worker) catchUp(ctx context.Context) error {
	var failure error
	err := w.p.config.Journal.Read(w.next, func(b *event.Block) bool {
		if !w.mayGrow(ctx) {
			return false
		}
		failure = w.fold(b)
		return failure == nil && ctx.Err() == nil
	})
	if err = errors.Join(err, failure); err != nil || ctx.Err() != nil {
		return err
	}
	if w.state.Load() == rebuilding && w.next >= w.p.reached.last() {
		w.store.Serve()
		w.state.Store(live)
		w.p.reached.advance()
	}
	return nil
}

// growPause is how long a view that must not grow waits before it asks again.
const growPause = 200 * time.Millisecond

// mayGrow waits until the view may grow, and reports false if ctx ends first.
func (w *worker) mayGrow(ctx context.Context) bool {
	for w.p.config.MayGrow() != nil {
		w.paused.Store(true)
		pause := time.NewTimer(growPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return false
		}
	}
	w.paused.Store(false)
	return true
}

func (w *worker) fold(b *event.Block) (err error) {
	defer recovered(&err)
	if err := w.store.Commit(b.Last(), func(to readmodels.Writer) error { return w.view.Fold(b, to) }); err != nil {
		return fmt.Errorf("fold block of sequence %d: %w", b.First, err)
	}
	w.next = b.Last()
	if w.watermark.Load() < uint64(w.next) {
		w.watermark.Store(uint64(w.next))
	}
	w.p.reached.advance()
	if w.p.config.Observe != nil {
		if at, ok := w.p.config.Journal.AppendedAt(b.First); ok {
			w.p.config.Observe(w.view.Name(), w.p.config.Now().Sub(at))
		}
	}
	return nil
}

func (w *worker) fail(err error) {
	err = fmt.Errorf("%w: %w", ErrFailed, err)
	w.failure.Store(&err)
	w.state.Store(failed)
	w.p.reached.advance()
	if w.p.config.Failed != nil {
		w.p.config.Failed(w.view.Name(), err)
	}
}

func (w *worker) status(last market.Sequence) Status {
	s := Status{Name: w.view.Name(), Watermark: market.Sequence(w.watermark.Load()), State: "live"}
	switch w.state.Load() {
	case live:
		if w.paused.Load() {
			s.State = "paused"
		}
	case rebuilding:
		s.State = "rebuilding"
	case failed:
		s.State, s.Err = "failed", *w.failure.Load()
		if w.p.config.Sick(s.Err) {
			s.State = "paused" // it comes back by itself: see recover
		}
	}
	if s.Watermark < last {
		s.Lag = uint64(last - s.Watermark)
		if at, ok := w.p.config.Journal.AppendedAt(s.Watermark + 1); ok {
			s.Waited = w.p.config.Now().Sub(at)
		}
	}
	return s
}
