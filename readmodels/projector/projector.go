// Package projector (no promise) keeps the views up with the journal: one
// goroutine a view, each with its own store and cursor, so that a slow view lags
// and a broken one fails without holding up the others.
package projector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Errors of the projector. Callers branch on them.
var (
	// ErrUnknownView: there is no view of this name.
	ErrUnknownView = errors.New("unknown read model")
	// ErrFailed: a view failed and stays where it was until it is rebuilt.
	ErrFailed = errors.New("read model failed")
	// ErrClosed: the projector is closing.
	ErrClosed = errors.New("read models are closing")
)

// Config of a projector.
type Config struct {
	Journal readmodels.Journal
	Views   []readmodels.View
	// OpenStore opens the store of a view.
	OpenStore func(view readmodels.View) (readmodels.Store, error)
	// Observe, when set, is told after each commit how long the block had
	// been in the journal. It must not block.
	Observe func(view string, lag time.Duration)
	// Failed, when set, is told when a view fails. It must not block.
	Failed func(view string, err error)
	// Damaged, when set, is told when what a view has stored does not verify
	// and it is being rebuilt for that. It must not block.
	Damaged func(view string, err error)
	// MayGrow, when set, is why no view must grow now, nil if they may: they
	// wait where they are, readable, and go on by themselves. It must not
	// block.
	MayGrow func() error
	// Sick, when set, tells whether a failure is the computer's (no room, an
	// input/output error) and not the view's: such a view is thrown away and
	// folded anew by itself after Retry, 0 = 5 s, and again until it holds.
	Sick  func(error) bool
	Retry time.Duration
	// Now is the wall clock that lag is measured with; nil = time.Now.
	Now func() time.Time
}

// Projector runs the views. Its methods may be called from any goroutine.
type Projector struct {
	config  Config
	workers []*worker
	reached *reached
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Open opens the views' stores and begins to fold.
func Open(c Config) (*Projector, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sick == nil {
		c.Sick = func(error) bool { return false }
	}
	if c.Retry == 0 {
		c.Retry = 5 * time.Second
	}
	if c.MayGrow == nil {
		c.MayGrow = func() error { return nil }
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Projector{config: c, stop: stop}
	p.reached = newReached(p.lowest)
	for _, v := range c.Views {
		w, err := p.openWorker(v)
		if err != nil {
			stop()
			return nil, errors.Join(fmt.Errorf("open read model %s: %w", v.Name(), err), p.closeStores())
		}
		p.workers = append(p.workers, w)
	}
	p.reached.advance()
	for _, w := range p.workers {
		p.running.Go(func() { w.run(ctx) })
	}
	return p, nil
}

func (p *Projector) openWorker(v readmodels.View) (*worker, error) {
	store, err := p.config.OpenStore(v)
	if err != nil {
		return nil, err
	}
	w := &worker{p: p, view: v, store: store}
	if err := w.open(); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	store.OnDamage(w.damaged)
	return w, nil
}

// lowest returns the last sequence that all views which serve have reached.
func (p *Projector) lowest() market.Sequence {
	lowest, any := market.Sequence(0), false
	for _, w := range p.workers {
		if w.state.Load() != live {
			continue
		}
		if s := market.Sequence(w.watermark.Load()); !any || s < lowest {
			lowest, any = s, true
		}
	}
	return lowest
}

// Reached returns the last sequence that all views have reached that are
// neither failed nor being rebuilt.
func (p *Projector) Reached() market.Sequence { return p.reached.last() }

// Now is Reached as a pin. Its time is that of the block; zero Sequence before
// the first event.
func (p *Projector) Now() (event.Pin, error) { return p.Pin(p.Reached()) }

// Pin returns a sequence with its time.
func (p *Projector) Pin(sequence market.Sequence) (event.Pin, error) {
	if last := p.config.Journal.Last(); sequence == 0 || sequence == last.Sequence {
		if sequence == 0 {
			return event.Pin{}, nil
		}
		return last, nil
	}
	b, err := p.config.Journal.Block(sequence)
	if err != nil {
		return event.Pin{}, err
	}
	return event.Pin{Sequence: sequence, At: b.At}, nil
}

// Wait returns once Reached() >= sequence; ErrNotCaughtUp when ctx ends
// before that.
func (p *Projector) Wait(ctx context.Context, sequence market.Sequence) error {
	return p.reached.wait(ctx, sequence)
}

// Watermark returns the last sequence that a view can be read at.
func (p *Projector) Watermark(name string) (market.Sequence, error) {
	w, err := p.worker(name)
	if err != nil {
		return 0, err
	}
	return market.Sequence(w.watermark.Load()), nil
}

func (p *Projector) worker(name string) (*worker, error) {
	for _, w := range p.workers {
		if w.view.Name() == name {
			return w, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknownView, name)
}

// Rebuild drops a view and folds it anew. It returns once the folding has
// begun; readers get ErrRebuilding until it has caught up.
func (p *Projector) Rebuild(ctx context.Context, name string) error {
	return p.begin(ctx, name, nil)
}

// TakeOver begins a view anew with another node's checkpoint (Checkpoint), and
// folds it on from there once the journal reaches as far. It returns when that
// was read. After an error the view is folded from the journal's start.
func (p *Projector) TakeOver(ctx context.Context, name string, from io.Reader) error {
	return p.begin(ctx, name, from)
}

// Checkpoint writes what a view has stored, for another node's TakeOver:
// ErrRebuilding while it is folded anew itself.
func (p *Projector) Checkpoint(ctx context.Context, name string, to io.Writer) error {
	w, err := p.worker(name)
	if err != nil {
		return err
	}
	if w.state.Load() != live {
		return readmodels.ErrRebuilding
	}
	store, ok := w.store.(readmodels.Shipped)
	if !ok {
		return errNotShipped
	}
	return store.Checkpoint(ctx, to)
}

func (p *Projector) begin(ctx context.Context, name string, from io.Reader) error {
	w, err := p.worker(name)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	w.rebuild(rebuildRequest{done: done, from: from})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-p.reached.closed:
		return ErrClosed
	}
}

// Status is what a view says of itself.
type Status struct {
	Name      string
	Watermark market.Sequence
	// Lag counts the events in the journal that the view does not show yet.
	Lag uint64
	// Waited is how long the oldest of them has been in the journal.
	Waited time.Duration
	State  string // live, paused, rebuilding, failed
	Err    error  // why it failed
}

// Status returns the views' in the order of Config.Views.
func (p *Projector) Status() []Status {
	last := p.config.Journal.Last().Sequence
	all := make([]Status, 0, len(p.workers))
	for _, w := range p.workers {
		all = append(all, w.status(last))
	}
	return all
}

// Close stops folding and closes the stores.
func (p *Projector) Close() error {
	p.stop()
	p.reached.close()
	p.running.Wait()
	return p.closeStores()
}

func (p *Projector) closeStores() error {
	var errs []error
	for _, w := range p.workers {
		if err := w.store.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close read model %s: %w", w.view.Name(), err))
		}
	}
	return errors.Join(errs...)
}
