package projector_test

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/balances"
	"github.com/rialto-exchange/rialto/readmodels/projector"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// TestPaused shows views that must not grow: they stay where they are, say so,
// are read there, and go on by themselves.
func TestPaused(t *testing.T) {
	var full atomic.Bool
	j, g := viewtest.NewJournal(), viewtest.NewGenerator(1)
	v := balances.New()
	p := openWith(t, j, func(c *projector.Config) {
		c.MayGrow = func() error {
			if full.Load() {
				return errors.New("no room")
			}
			return nil
		}
	}, v)
	defer closing(t, p)
	for range 20 {
		j.Append(g.Next())
	}
	before := j.Last()
	reach(t, p, before.Sequence)
	full.Store(true)
	j.Append(g.Next())
	waitState(t, p, "paused")
	if s := p.Status()[0]; s.Watermark != before.Sequence || s.Lag == 0 {
		t.Errorf("status %+v, want it to stay at %d", s, before.Sequence)
	}
	if _, err := v.TrialBalance(before); err != nil {
		t.Errorf("a read while it waits: %v", err)
	}
	full.Store(false)
	waitLive(t, p, j.Last().Sequence)
}

// TestSickViewComesBack shows that a view which failed for want of the
// computer is folded anew by itself when the cause is gone, and not before.
func TestSickViewComesBack(t *testing.T) {
	j, g := viewtest.NewJournal(), viewtest.NewGenerator(1)
	sick := errors.New("no room")
	bad := &faulty{name: "bad"}
	p := openWith(t, j, func(c *projector.Config) {
		c.Sick = func(err error) bool { return errors.Is(err, sick) }
		c.Retry = time.Millisecond
	}, bad)
	defer closing(t, p)
	bad.fault.Store(&sick)
	j.Append(g.Next())
	waitState(t, p, "paused")
	bad.fault.Store(nil)
	waitLive(t, p, j.Last().Sequence)
}

func openWith(t *testing.T, j readmodels.Journal, set func(*projector.Config), views ...readmodels.View) *projector.Projector {
	t.Helper()
	dir := t.TempDir()
	c := projector.Config{Journal: j, Views: views, OpenStore: func(v readmodels.View) (readmodels.Store, error) {
		return store.Open(store.Options{Dir: filepath.Join(dir, v.Name()), Identity: v.Name(), Boot: "b", MemTable: 1 << 20})
	}}
	set(&c)
	p, err := projector.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// waitState waits until the first view says that it is in a state.
func waitState(t *testing.T, p *projector.Projector, state string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ctx := patience(t); p.Status()[0].State != state; {
		select {
		case <-ctx.Done():
			t.Fatalf("not %s: %+v", state, p.Status())
		case <-tick.C:
		}
	}
}
