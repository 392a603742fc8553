package node

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/eventindex"
	"github.com/rialto-exchange/rialto/readmodels/journal"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// filled returns the reads of a node that has nothing but a journal and the
// index of its events, and those events. Without an index it is being rebuilt.
func filled(t testing.TB, blocks int, indexed bool) (*reads, []event.Public) {
	t.Helper()
	s, err := store.Open(store.Options{Dir: t.TempDir() + "/index", Identity: "test", Boot: "boot"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v := eventindex.New(200)
	if _, err := v.Open(s, 0); err != nil {
		t.Fatal(err)
	}
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
		if err := s.Commit(b.Last(), func(w readmodels.Writer) error { return v.Fold(b, w) }); err != nil {
			t.Fatal(err)
		}
	}
	if !indexed {
		if err := s.Reset(); err != nil {
			t.Fatal(err)
		}
	}
	return &reads{node: &Node{journal: j}, views: &views{events: v}}, all
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
	for _, indexed := range []bool{true, false} {
		t.Run(fmt.Sprintf("indexed %t", indexed), func(t *testing.T) { pagesOfEvents(t, indexed) })
	}
}

func pagesOfEvents(t *testing.T, indexed bool) {
	r, all := filled(t, 300, indexed)
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
	r, all := filled(t, scanBlocks+100, false)
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

// What few events are is found without reading the others: in a journal that is
// far longer than a page's budget, one page is enough in both directions, also
// for what is not there at all.
func TestRareEventsAreFoundAtOnce(t *testing.T) {
	r, all := filled(t, scanBlocks+500, true)
	last := all[len(all)-1].Sequence
	rare := all[20]
	for _, e := range all[:200] {
		if e.Type == event.TypeOrderAccepted {
			rare = e
		}
	}
	for _, f := range []gateways.EventFilter{{Aggregate: rare.Aggregate}, {Aggregate: "nobody"}, {Type: "Nothing"}} {
		var want []market.Sequence
		for _, e := range all {
			if visible(e, f) {
				want = append(want, e.Sequence)
			}
		}
		for _, descending := range []bool{false, true} {
			got, n := pages(t, r, last, f, event.Page{Limit: 1000, Descending: descending})
			if descending {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) || n > 2 {
				t.Errorf("%+v, descending %t: %v on %d pages, want %v on one and the end", f, descending, got, n, want)
			}
		}
	}
}
