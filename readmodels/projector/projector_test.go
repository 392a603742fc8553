package projector_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/balances"
	"github.com/rialto-exchange/rialto/readmodels/orders"
	"github.com/rialto-exchange/rialto/readmodels/projector"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// open opens a projector with stores in a folder.
func open(t testing.TB, dir string, j readmodels.Journal, views ...readmodels.View) *projector.Projector {
	t.Helper()
	p, err := projector.Open(projector.Config{
		Journal: j, Views: views,
		OpenStore: func(v readmodels.View) (readmodels.Store, error) {
			return store.Open(store.Options{Dir: filepath.Join(dir, v.Name()), Identity: v.Name(), Boot: "b", MemTable: 1 << 20})
		},
	})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return p
}

func closing(t testing.TB, p *projector.Projector) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// patience is how long a test waits for what must happen.
func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func reach(t testing.TB, p *projector.Projector, s market.Sequence) {
	t.Helper()
	if err := p.Wait(patience(t), s); err != nil {
		t.Fatalf("wait for %d: %v; %+v", s, err, p.Status())
	}
}

// faulty is a view that counts what it folds, and can be told to wait, to
// fail or to panic.
type faulty struct {
	name   string
	folded atomic.Int64
	gate   chan struct{} // when set, each fold waits for it
	fault  atomic.Pointer[error]
	panics atomic.Bool
}

func (f *faulty) Name() string   { return f.name }
func (f *faulty) Format() uint32 { return 1 }
func (f *faulty) Open(_ readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	return cursor, nil
}

func (f *faulty) Fold(b *event.Block, _ readmodels.Writer) error {
	if f.gate != nil {
		<-f.gate
	}
	if f.panics.Load() {
		panic("broken view")
	}
	if err := f.fault.Load(); err != nil {
		return *err
	}
	f.folded.Add(int64(b.Count))
	return nil
}

// TestFollow shows that views follow the journal as it grows, that waiters are
// told, and that a view goes on from its cursor after a restart.
func TestFollow(t *testing.T) {
	dir, j, g := t.TempDir(), viewtest.NewJournal(), viewtest.NewGenerator(1)
	first := &faulty{name: "counting"}
	p := open(t, dir, j, balances.New(), first)
	for range 50 {
		b := g.Next()
		var waiters sync.WaitGroup
		for range 3 {
			waiters.Go(func() { reach(t, p, b.Last()) })
		}
		j.Append(b)
		waiters.Wait()
	}
	last := j.Last()
	if now, err := p.Now(); err != nil || now != last {
		t.Errorf("now: got %v, %v; want %v", now, err, last)
	}
	closing(t, p)
	if got := market.Sequence(first.folded.Load()); got != last.Sequence {
		t.Errorf("folded %d events, want %d", got, last.Sequence)
	}
	second := &faulty{name: "counting"}
	v := balances.New()
	p = open(t, dir, j, v, second)
	defer closing(t, p)
	reach(t, p, last.Sequence)
	if got := second.folded.Load(); got != 0 {
		t.Errorf("folded %d events again after a clean close", got)
	}
	if r, err := v.Balance(last, "alice", "USD"); err != nil || r.Value.Total == 0 {
		t.Errorf("balance after restart: got %+v, %v", r, err)
	}
}

// TestNotCaughtUp shows that a wait ends with its context, and that lag is
// reported meanwhile.
func TestNotCaughtUp(t *testing.T) {
	j := viewtest.NewJournal()
	slow := &faulty{name: "slow", gate: make(chan struct{})}
	p := open(t, t.TempDir(), j, balances.New(), slow)
	j.Append(viewtest.NewGenerator(1).Next())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Wait(ctx, j.Last().Sequence); !errors.Is(err, readmodels.ErrNotCaughtUp) {
		t.Errorf("wait: got %v, want %v", err, readmodels.ErrNotCaughtUp)
	}
	if s := p.Status()[1]; s.Lag != uint64(j.Last().Sequence) || s.Watermark != 0 {
		t.Errorf("status of the slow view: got %+v", s)
	}
	close(slow.gate)
	reach(t, p, j.Last().Sequence)
	closing(t, p)
}

// TestFailure shows that a view that panics or fails is set aside, that the
// others go on without it, and that a rebuild brings it back.
func TestFailure(t *testing.T) {
	for _, panics := range []bool{false, true} {
		j, g := viewtest.NewJournal(), viewtest.NewGenerator(1)
		bad := &faulty{name: "bad"}
		p := open(t, t.TempDir(), j, balances.New(), bad)
		j.Append(g.Next())
		reach(t, p, j.Last().Sequence)
		broken := errors.New("broken view")
		if panics {
			bad.panics.Store(true)
		} else {
			bad.fault.Store(&broken)
		}
		j.Append(g.Next())
		reach(t, p, j.Last().Sequence)
		if s := p.Status()[1]; s.State != "failed" || !errors.Is(s.Err, projector.ErrFailed) {
			t.Errorf("status: got %+v", s)
		}
		bad.panics.Store(false)
		bad.fault.Store(nil)
		if err := p.Rebuild(patience(t), "bad"); err != nil {
			t.Fatalf("rebuild: %v", err)
		}
		j.Append(g.Next())
		waitLive(t, p, j.Last().Sequence)
		closing(t, p)
	}
}

// waitLive waits until all views are live and have reached a sequence.
func waitLive(t testing.TB, p *projector.Projector, s market.Sequence) {
	t.Helper()
	for ctx := patience(t); ; {
		all := true
		for _, v := range p.Status() {
			all = all && v.State == "live" && v.Watermark >= s
		}
		if all {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not live: %+v", p.Status())
		case <-time.After(time.Millisecond):
		}
	}
}

// TestRebuild shows that a view is dropped and folded anew while the venue
// goes on: its readers are told so meanwhile, the other views' readers notice
// nothing, and afterwards it answers as before.
func TestRebuild(t *testing.T) {
	j := viewtest.NewJournal(viewtest.NewGenerator(1).Blocks(200)...)
	v, other := orders.New(j), balances.New()
	p := open(t, t.TempDir(), j, v, other)
	defer closing(t, p)
	last := j.Last()
	waitLive(t, p, last.Sequence)
	before, err := v.Orders(t.Context(), last, "alice", orders.Filter{}, event.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for range 200 {
				r, err := v.Order(last, before.Items[0].Value.ID)
				if err == nil && r != before.Items[0] || err != nil && !errors.Is(err, readmodels.ErrRebuilding) {
					t.Errorf("read while rebuilding: got %+v, %v", r, err)
				}
			}
		})
	}
	if err := p.Rebuild(patience(t), "orders"); err != nil {
		t.Fatal(err)
	}
	defer readers.Wait()
	if got := p.Reached(); got != last.Sequence {
		t.Errorf("reached %d while rebuilding, want %d", got, last.Sequence)
	}
	waitLive(t, p, last.Sequence)
	after, err := v.Orders(t.Context(), last, "alice", orders.Filter{}, event.Page{Limit: 1000})
	if err != nil || len(after.Items) != len(before.Items) || after.Items[0] != before.Items[0] {
		t.Errorf("after: got %d orders, %v; want %d", len(after.Items), err, len(before.Items))
	}
	if err := p.Rebuild(patience(t), "nonsense"); !errors.Is(err, projector.ErrUnknownView) {
		t.Errorf("rebuild of nothing: got %v", err)
	}
}

// damagable is a store that can be told that it is damaged.
type damagable struct {
	readmodels.Store
	tell func(error)
}

func (d *damagable) OnDamage(tell func(error)) {
	d.tell = tell
	d.Store.OnDamage(tell)
}

// TestDamagedRebuilds shows that a view whose store does not verify any more is
// thrown away and folded anew by itself, that the others stay where they are,
// and that it answers as before afterwards.
func TestDamagedRebuilds(t *testing.T) {
	j := viewtest.NewJournal(viewtest.NewGenerator(1).Blocks(200)...)
	dir := t.TempDir()
	v, other := orders.New(j), balances.New()
	stores := map[string]*damagable{}
	damaged := make(chan string, 8)
	p, err := projector.Open(projector.Config{
		Journal: j, Views: []readmodels.View{v, other},
		OpenStore: func(v readmodels.View) (readmodels.Store, error) {
			s, err := store.Open(store.Options{Dir: filepath.Join(dir, v.Name()), Identity: v.Name(), Boot: "b"})
			stores[v.Name()] = &damagable{Store: s}
			return stores[v.Name()], err
		},
		Damaged: func(view string, _ error) { damaged <- view },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, p)
	last := j.Last()
	waitLive(t, p, last.Sequence)
	before, err := v.Orders(t.Context(), last, "alice", orders.Filter{}, event.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	stores["orders"].tell(readmodels.ErrDamaged)
	if got := <-damaged; got != "orders" {
		t.Errorf("damaged: got %s, want orders", got)
	}
	if got := p.Reached(); got != last.Sequence {
		t.Errorf("reached %d while rebuilding, want %d", got, last.Sequence)
	}
	waitLive(t, p, last.Sequence)
	after, err := v.Orders(t.Context(), last, "alice", orders.Filter{}, event.Page{Limit: 1000})
	if err != nil || len(after.Items) != len(before.Items) || after.Items[0] != before.Items[0] {
		t.Errorf("after: got %d orders, %v; want %d", len(after.Items), err, len(before.Items))
	}
}

// repairing is a journal that does not verify at first.
type repairing struct {
	*viewtest.Journal
	asked  atomic.Int64
	mended chan struct{}
}

func (r *repairing) Verify(context.Context) error {
	r.asked.Add(1)
	select {
	case <-r.mended:
		return nil
	default:
		return readmodels.ErrRepairing
	}
}

// TestRebuildVerifiesTheJournal shows that a view is not thrown away while the
// journal that it would be made from is damaged: it goes on answering, and is
// rebuilt once the journal is whole.
func TestRebuildVerifiesTheJournal(t *testing.T) {
	j := &repairing{Journal: viewtest.NewJournal(viewtest.NewGenerator(1).Blocks(50)...), mended: make(chan struct{})}
	v := balances.New()
	p := open(t, t.TempDir(), j, v)
	defer closing(t, p)
	waitLive(t, p, j.Last().Sequence)
	done := make(chan error, 1)
	go func() { done <- p.Rebuild(patience(t), "balances") }()
	for ctx := patience(t); j.asked.Load() < 2; {
		select {
		case <-ctx.Done():
			t.Fatal("nobody asked the journal twice")
		case <-time.After(time.Millisecond):
		}
	}
	if s := p.Status()[0]; s.State != "live" {
		t.Errorf("state %s while the journal is damaged, want live", s.State)
	}
	close(j.mended)
	if err := <-done; err != nil {
		t.Errorf("rebuild: %v", err)
	}
	waitLive(t, p, j.Last().Sequence)
}
