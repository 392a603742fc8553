package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/projector"
)

// MaxReadModels bounds the read models that a program adds to a node: each has a
// store of its own, with a share of memory.read_model_bytes beside the node's.
const MaxReadModels = 16

// WithReadModel adds a read model of the embedding program's. It is folded from
// the journal like the node's own, with a store in data_dir/views, and has its
// own watermark: see Node.ReadModel.
//
// It delays nothing: the node's own views, reads and readiness do not wait for
// it, nor does Open. One that is more than a second behind, is not open, has
// failed or has panicked is a finding of the node (view_lags, view_not_live); a
// failed one stays where it is until it is rebuilt.
//
// Its name is an id that no other read model has, and does not begin with a
// point.
func WithReadModel(v readmodels.View) Option {
	return func(n *Node) { n.addedViews = append(n.addedViews, v) }
}

// ErrReadModel: a read model has failed, and is to be rebuilt.
var ErrReadModel = errors.New("read model failed")

// errOwnView: WithReadModel was given something that can't be one.
var errOwnView = errors.New("not a read model to add")

// ownViewPatience bounds how long the node's end waits for a program's view.
const ownViewPatience = time.Second

// ReadModel is how far a program's read model is. Its methods may be called from
// any goroutine.
type ReadModel struct {
	name string
	open func() (*projector.Projector, error)

	mu        sync.Mutex
	projector *projector.Projector // nil until it is open
	failure   error                // nil: it has not failed
	changed   chan struct{}        // closed when it is open, or has failed
	closed    bool
}

// ReadModel returns what was added under a name, nil if nothing was.
func (n *Node) ReadModel(name string) *ReadModel {
	for _, m := range n.ownViews {
		if m.name == name {
			return m
		}
	}
	return nil
}

// Watermark returns the last sequence that the view can be read at, 0 while it
// is being folded anew.
func (m *ReadModel) Watermark() market.Sequence {
	p, err, _ := m.now()
	if p == nil || err != nil {
		return 0
	}
	at, _ := p.Watermark(m.name) // it has this one
	return at
}

// Err is why the view has failed, nil if it has not.
func (m *ReadModel) Err() error {
	_, err, _ := m.now()
	return err
}

func (m *ReadModel) now() (*projector.Projector, error, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.projector, m.failure, m.changed
}

// Wait returns once the view has reached a sequence: readmodels.ErrNotCaughtUp
// when ctx ends first, ErrReadModel with the reason once the view has failed.
func (m *ReadModel) Wait(ctx context.Context, sequence market.Sequence) error {
	for {
		p, err, changed := m.now()
		switch {
		case err != nil:
			return fmt.Errorf("%w: %s: %w", ErrReadModel, m.name, err)
		case p == nil:
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return fmt.Errorf("%s is not open: %w", m.name, readmodels.ErrNotCaughtUp)
			}
		}
		waiting, cancel := context.WithCancel(ctx)
		stop := make(chan struct{})
		var watching sync.WaitGroup
		watching.Go(func() {
			select {
			case <-changed:
				cancel()
			case <-stop:
			}
		})
		err = p.Wait(waiting, sequence)
		close(stop)
		watching.Wait()
		cancel()
		if err == nil || ctx.Err() != nil || errors.Is(err, projector.ErrClosed) {
			return err
		}
	}
}

// Rebuild throws the view's values away and folds it anew, from the retention
// floor on. It returns once that has begun.
func (m *ReadModel) Rebuild(ctx context.Context) error {
	m.mu.Lock()
	p := m.projector
	m.failure = nil
	m.renew()
	m.mu.Unlock()
	if p == nil {
		return m.begin()
	}
	return p.Rebuild(ctx, m.name)
}

// renew tells those who wait that something has changed. Under mu.
func (m *ReadModel) renew() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// begin opens the view.
func (m *ReadModel) begin() error {
	p, err := m.open()
	if err != nil {
		m.fail(err)
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.projector != nil {
		return p.Close()
	}
	m.projector = p
	m.renew()
	return nil
}

// fail is told that the view has failed.
func (m *ReadModel) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
	m.renew()
}

func (m *ReadModel) close() error {
	m.mu.Lock()
	m.closed = true
	p := m.projector
	m.mu.Unlock()
	if p == nil {
		return nil
	}
	return p.Close()
}

func (m *ReadModel) status(last market.Sequence) projector.Status {
	p, err, _ := m.now()
	if p != nil {
		return p.Status()[0]
	}
	s := projector.Status{Name: m.name, State: "opening", Lag: uint64(last), Err: err}
	if err != nil {
		s.State = "failed"
	}
	return s
}

// openOwnViews begins to open those of the program, each with a projector of its
// own: so nobody but its own readers waits for one.
func (n *Node) openOwnViews() error {
	if len(n.addedViews) > MaxReadModels {
		return fmt.Errorf("%w: %d of them, and there may be %d", errOwnView, len(n.addedViews), MaxReadModels)
	}
	for _, v := range n.addedViews {
		if name := v.Name(); !market.ValidID(name) || strings.HasPrefix(name, ".") || n.hasView(name) {
			return fmt.Errorf("%w: its name %q is no id, or another's", errOwnView, name)
		}
		m := &ReadModel{name: v.Name(), changed: make(chan struct{})}
		config := n.projection(v)
		told := config.Failed
		config.Failed = func(view string, err error) { told(view, err); m.fail(err) }
		m.open = func() (*projector.Projector, error) { return projector.Open(config) }
		n.ownViews = append(n.ownViews, m)
		opened := make(chan struct{})
		go func() { // waited for by the closer below, for as long as it has patience
			defer close(opened)
			if err := m.begin(); err != nil {
				n.log.Error("read model failed", "read_model", m.name, "error", err)
			}
		}()
		n.onClose("read model "+m.name, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, ownViewPatience)
			defer cancel()
			return within(ctx, func(context.Context) error {
				<-opened
				return m.close()
			})
		})
	}
	return nil
}

// hasView reports whether a read model of that name is there.
func (n *Node) hasView(name string) bool {
	for _, v := range n.views.list() {
		if v.Name() == name {
			return true
		}
	}
	return n.ReadModel(name) != nil
}

// viewStatus is what all read models say of themselves, the program's last.
func (n *Node) viewStatus() []projector.Status {
	all := n.views.projector.Status()
	for _, m := range n.ownViews {
		all = append(all, m.status(n.journal.Last().Sequence))
	}
	return all
}
