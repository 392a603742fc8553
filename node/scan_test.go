package node

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels/journal"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// filled returns the reads of a node that has nothing but a journal, and the
// events in it.
func filled(t testing.TB, blocks int) (*reads, []event.Public) {
	t.Helper()
	j, err := journal.Open(journal.Options{Dir: t.TempDir(), SegmentBytes: 64 << 10, RecentBytes: 16 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	var all []event.Public
	for _, b := range viewtest.NewGenerator(1).Blocks(blocks) {
		if err := j.Append(b); err != nil {
			t.Fatal(err)
		}
		all = slices.AppendSeq(all, b.Events)
	}
	return &reads{node: &Node{journal: j}}, all
}

// pages reads a list page by page as a client does, until a page moves no
// further, and returns the sequences and how many pages it took.
func pages(t testing.TB, r *reads, at market.Sequence, f gateways.EventFilter, p event.Page) (got []market.Sequence, n int) {
	t.Helper()
	for {
		l, err := r.Events(t.Context(), event.Pin{Sequence: at}, f, p)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Items) > p.Limit {
			t.Fatalf("%d items on a page of %d", len(l.Items), p.Limit)
		}
		for _, e := range l.Items {
			got = append(got, e.Sequence)
		}
		n++
		if l.Next == p.After || l.Next == 0 {
			return got, n
		}
		p.After = l.Next
	}
}

// In both directions, whatever the filter, the window and the size of a page,
// the pages together are the events that pass.
func TestPagesOfEvents(t *testing.T) {
	r, all := filled(t, 300)
	last := all[len(all)-1].Sequence
	middle := all[len(all)/2].Block.At
	for _, f := range []gateways.EventFilter{
		{}, {Type: event.TypeOrderAccepted}, {Type: event.TypeLimitsSet}, {Type: "Nothing"},
		{Aggregate: all[40].Aggregate}, {Aggregate: viewtest.Accounts()[0]}, {Aggregate: "nobody"},
		{Type: event.TypeFundsPosted, Aggregate: viewtest.Accounts()[0]},
	} {
		for _, p := range []event.Page{
			{Limit: 1000}, {Limit: 7}, {Limit: 7, Descending: true}, {Limit: 1000, Descending: true},
			{Limit: 7, From: middle}, {Limit: 7, From: middle, Descending: true},
			{Limit: 7, To: middle}, {Limit: 7, To: middle, Descending: true},
			{Limit: 50, After: 300}, {Limit: 50, After: 300, Descending: true},
		} {
			for _, at := range []market.Sequence{last, last / 3, 1} {
				t.Run(fmt.Sprintf("%v %+v at %d", f, p, at), func(t *testing.T) {
					var want []market.Sequence
					for _, e := range all {
						in := e.Sequence <= at && (p.From == 0 || e.Block.At >= p.From) && (p.To == 0 || e.Block.At < p.To)
						if p.Descending {
							in = in && (p.After == 0 || e.Sequence < p.After)
						} else {
							in = in && e.Sequence > p.After
						}
						if in && visible(e, f) {
							want = append(want, e.Sequence)
						}
					}
					if p.Descending {
						slices.Reverse(want)
					}
					if got, _ := pages(t, r, at, f, p); !slices.Equal(got, want) {
						t.Errorf("got %v, want %v", got, want)
					}
				})
			}
		}
	}
}

// A page has a budget: one that finds nothing is over after so many blocks,
// says where to go on, and goes on there.
func TestPageOfEventsHasABudget(t *testing.T) {
	r, all := filled(t, scanBlocks+100)
	last := all[len(all)-1].Sequence
	budget := all[len(all)-1].Block // of the block after the last that is looked at
	for _, e := range all {
		if e.Block.Index == all[0].Block.Index+scanBlocks {
			budget = e.Block
			break
		}
	}
	nothing := func(e event.Type) gateways.EventFilter { return gateways.EventFilter{Accounts: []string{}, Type: e} }
	l, err := r.Events(t.Context(), event.Pin{Sequence: last}, nothing(event.TypeFundsPosted), event.Page{Limit: 10})
	if err != nil || len(l.Items) != 0 {
		t.Fatalf("%d items, %v", len(l.Items), err)
	}
	if l.Next != budget.First-1 {
		t.Errorf("after %d blocks: next %d, want %d", scanBlocks, l.Next, budget.First-1)
	}
	if _, n := pages(t, r, last, nothing(event.TypeFundsPosted), event.Page{Limit: 10}); n != 3 {
		t.Errorf("%d pages, want 3: the budget's, the rest, the end", n)
	}
	if _, n := pages(t, r, last, nothing(event.TypeFundsPosted), event.Page{Limit: 10, Descending: true}); n != 3 {
		t.Errorf("%d pages backwards, want 3", n)
	}

	gone, leave := context.WithCancel(t.Context())
	leave()
	l, err = r.Events(gone, event.Pin{Sequence: last}, gateways.EventFilter{}, event.Page{Limit: 10, After: 5})
	if err != nil || len(l.Items) != 0 || l.Next != 5 {
		t.Errorf("for a client that is gone: %d items, next %d, %v", len(l.Items), l.Next, err)
	}
}
