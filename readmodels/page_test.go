package readmodels_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// A page stops when its reader is gone: with what it has and where to go on,
// or, if it has looked at nothing, with the reason.
func TestPageEndsWithItsReader(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	p := readmodels.NewPager[int](ctx, readmodels.Window{}, 10)
	for at := market.Sequence(1); at <= 3; at++ {
		if !p.Wants(at) {
			t.Fatalf("the page is over at %d", at)
		}
		p.Add(int(at))
	}
	leave()
	if p.Wants(4) {
		t.Error("the page goes on without a reader")
	}
	if l, err := p.List(); err != nil || len(l.Items) != 3 || l.Next != 3 {
		t.Errorf("got %v, %v; want three items and next 3", l, err)
	}

	p = readmodels.NewPager[int](ctx, readmodels.Window{}, 10)
	if p.Wants(1) {
		t.Error("a page without a reader began")
	}
	if l, err := p.List(); !errors.Is(err, context.Canceled) || l.Next != 0 {
		t.Errorf("got %v, %v; want the context's error", l, err)
	}
}
