package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/commandindex"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// A question about an id waits until the view of commands has got so far, while
// it is folded anew too, and no longer than its caller.
func TestCommandsKnownWaits(t *testing.T) {
	j := viewtest.NewJournal(viewtest.NewGenerator(1).Blocks(3)...)
	last := j.Last().Sequence
	s, err := store.Open(store.Options{Dir: t.TempDir() + "/index", Identity: "test", Boot: "boot"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v := commandindex.New(j, 0)
	if _, err := v.Open(s, 0); err != nil {
		t.Fatal(err)
	}
	r := &reads{views: &views{commands: v}}
	serve := func() {
		if err := s.Commit(last, func(readmodels.Writer) error { return nil }); err != nil {
			t.Error(err)
		}
		s.Serve()
	}
	for _, c := range []struct {
		name  string
		begin func() error
		want  error
	}{
		{"behind", func() error { return nil }, gateways.ErrNotCaughtUp},
		{"folded anew", s.Reset, gateways.ErrUnavailable},
	} {
		if err := c.begin(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := r.CommandsKnown(ctx, last); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		cancel()
		known := make(chan error, 1)
		go func() { known <- r.CommandsKnown(t.Context(), last) }()
		serve()
		if err := <-known; err != nil {
			t.Errorf("%s, then there: %v", c.name, err)
		}
	}
}
