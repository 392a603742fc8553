package gateways_test

import (
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

const one market.OrderID = 1

// block is the entry with a record that ends at a sequence.
func block(last market.Sequence, r event.Record) *event.Block {
	n := uint32(r.Events())
	first := last + 1 - market.Sequence(n)
	return &event.Block{First: first, Count: n, Groups: []event.Group{{First: first, Count: n, Records: []event.Record{r}}}}
}

// deposited is a deposit that is the account's version-th change.
func deposited(account string, version uint64) event.Record {
	return &event.FundsChanged{Type: event.TypeFundsDeposited, Account: account, Sequence: version, Counter: event.AccountBalance{Account: "venue:external"}}
}

// told returns what a watch has been told, the zero value if nothing.
func told(w *gateways.Watch) gateways.Change {
	select {
	case c := <-w.Changes():
		return c
	default:
		return gateways.Change{}
	}
}

// Every record that moves an account's or order's version on tells those who
// wait for it, and nobody else.
func TestWatchesAreToldOfEveryChange(t *testing.T) {
	account := func(id string) gateways.Aggregate { return gateways.Aggregate{Account: id} }
	taker, maker := event.Order{ID: one, Sequence: 7}, event.Order{ID: one + 1, Sequence: 7}
	for name, c := range map[string]struct {
		record event.Record
		moves  []gateways.Aggregate
	}{
		"a deposit":                            {deposited("a", 7), []gateways.Aggregate{account("a")}},
		"a transfer":                           {&event.FundsMoved{From: event.Posting{Account: "a", Sequence: 7}, To: event.Posting{Account: "b", Sequence: 7}}, []gateways.Aggregate{account("a"), account("b")}},
		"a suspension":                         {&event.AccountChanged{Type: event.TypeAccountSuspended, Account: event.Account{Account: "a", Sequence: 7}}, []gateways.Aggregate{account("a")}},
		"limits":                               {&event.LimitsChanged{Scope: command.ScopeAccount, Target: "a", Sequence: 7}, []gateways.Aggregate{account("a")}},
		"limits of an instrument of that name": {&event.LimitsChanged{Scope: command.ScopeInstrument, Target: "a", Sequence: 7}, nil},
		"an order":                             {&event.OrderChanged{Type: event.TypeOrderAccepted, Order: event.Order{ID: one, Account: "a", Sequence: 7}}, []gateways.Aggregate{{Order: one}}},
		"a fill": {
			&event.Fill{Taker: taker, Maker: maker, Postings: []event.Posting{{Account: "a", Sequence: 7}, {Account: "b", Sequence: 7}}},
			[]gateways.Aggregate{{Order: one}, {Order: one + 1}, account("a"), account("b")},
		},
		"a self-trade": {&event.SelfTradePrevented{Incoming: taker, Resting: maker}, []gateways.Aggregate{{Order: one}, {Order: one + 1}}},
		"a refusal":    {&event.CommandRejected{Aggregate: "a", CurrentSequence: 7}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var all gateways.Watches
			moved := map[gateways.Aggregate]bool{}
			for _, of := range c.moves {
				moved[of] = true
			}
			for _, of := range []gateways.Aggregate{account("a"), account("b"), {Order: one}, {Order: one + 1}} {
				at, beyond := all.Watch(of, 7), all.Watch(of, 8)
				all.Note(block(20, c.record))
				want := gateways.Change{}
				if moved[of] {
					want = gateways.Change{Sequence: 20, Version: 7}
				}
				if got := told(at); got != want {
					t.Errorf("%v: who waits for version 7 is told %v, want %v", of, got, want)
				}
				if got := told(beyond); got != (gateways.Change{}) {
					t.Errorf("%v: who waits for version 8 is told %v", of, got)
				}
				at.End()
				beyond.End()
			}
		})
	}
}

// A watch begins after what has been told before it, is told the newest, and no
// more once it has ended; others of the same account are not concerned.
func TestWatchFromBeginningToEnd(t *testing.T) {
	var all gateways.Watches
	a := gateways.Aggregate{Account: "a"}
	all.Note(block(10, deposited("a", 3)))
	first := all.Watch(a, 4)
	if first.Since() != 10 || told(first) != (gateways.Change{}) {
		t.Errorf("begins after %d", first.Since())
	}
	later := all.Watch(a, 6)
	for i := range uint64(2) {
		all.Note(block(market.Sequence(11+i), deposited("a", 4+i)))
	}
	if got := told(first); got != (gateways.Change{Sequence: 12, Version: 5}) {
		t.Errorf("told %v, want the newest", got)
	}
	first.End()
	all.Note(block(13, deposited("a", 6)))
	if told(first) != (gateways.Change{}) || told(later) != (gateways.Change{Sequence: 13, Version: 6}) {
		t.Error("the one that ended was told, or the other was not")
	}
	later.End()
}

// A node that skips entries, for it was given a snapshot, has all look up.
func TestWatchesOfWhatWasSkipped(t *testing.T) {
	var all gateways.Watches
	w := all.Watch(gateways.Aggregate{Account: "a"}, 1000)
	defer w.End()
	all.Skipped(99)
	if got := told(w); got != (gateways.Change{Sequence: 99}) {
		t.Errorf("told %v", got)
	}
	again := all.Watch(gateways.Aggregate{Account: "a"}, 1000)
	defer again.End()
	if again.Since() != 99 {
		t.Errorf("begins after %d", again.Since())
	}
}

// Of a change that comes while a watch begins, it is told, or it begins after it.
func TestWatchesMissNothing(t *testing.T) {
	var all gateways.Watches
	const changes = 2000
	var wait sync.WaitGroup
	begun := make(chan struct{})
	wait.Go(func() {
		<-begun
		for i := range uint64(changes) {
			all.Note(block(market.Sequence(i+1), deposited("a", i+1)))
		}
	})
	for i := range 4 {
		wait.Go(func() {
			if i == 0 {
				close(begun)
			}
			for version := uint64(1); version <= changes; {
				w := all.Watch(gateways.Aggregate{Account: "a"}, version)
				if reached := uint64(w.Since()); reached >= version {
					version = reached + 1 // each event is one change
				} else {
					version = max(version, (<-w.Changes()).Version) + 1
				}
				w.End()
			}
		})
	}
	wait.Wait()
}
