package gateways

import (
	"sync"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// AggregateReads tells of changes of accounts and orders, so that nobody who
// waits for one has to look after every event.
type AggregateReads interface {
	// Watch watches an aggregate until it has a version. Watch.End must follow.
	Watch(of Aggregate, version uint64) *Watch
}

// Aggregate is an account or, with Account "", an order.
type Aggregate struct {
	Account string
	Order   market.OrderID
}

// Change is how far an aggregate has come.
type Change struct {
	// Sequence is the last of the entry with the change: readable once the read
	// models have reached it.
	Sequence market.Sequence
	// Version is the aggregate's after the entry; 0: look it up, for this node
	// has not seen what changed.
	Version uint64
}

// Watches are those who wait for versions of aggregates. The goroutine that
// applies entries tells it of each block, which costs next to nothing while
// nobody watches, and one look into a map for each change while somebody does.
// The zero value is ready.
type Watches struct {
	last  atomic.Uint64 // sequence that has been told
	count atomic.Int64  // of watches

	mu sync.Mutex
	of map[Aggregate]*watched
}

// watched is one aggregate with watches.
type watched struct {
	least   uint64 // of the versions that are waited for
	watches map[*Watch]struct{}
}

// Watch is one who waits. Its methods are for one goroutine.
type Watch struct {
	all     *Watches
	of      Aggregate
	version uint64
	since   market.Sequence
	changes chan Change
}

// Watch begins to watch. It is never told of what is at or before Watch.Since:
// that is to be looked up.
func (w *Watches) Watch(of Aggregate, version uint64) *Watch {
	watch := &Watch{all: w, of: of, version: version, changes: make(chan Change, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[Aggregate]*watched{}
	}
	a := w.of[of]
	if a == nil {
		a = &watched{least: version, watches: map[*Watch]struct{}{}}
		w.of[of] = a
	}
	a.least = min(a.least, version)
	a.watches[watch] = struct{}{}
	// In this order, as Note stores before it counts: what it does not tell this
	// watch of is in since.
	w.count.Add(1)
	watch.since = market.Sequence(w.last.Load())
	return watch
}

// Since is the sequence that the watch began after.
func (w *Watch) Since() market.Sequence { return w.since }

// Changes has the newest change with a version that is waited for, or with one
// that has to be looked up.
func (w *Watch) Changes() <-chan Change { return w.changes }

// End ends the watch, once.
func (w *Watch) End() {
	all := w.all
	all.mu.Lock()
	defer all.mu.Unlock()
	all.count.Add(-1)
	a := all.of[w.of]
	delete(a.watches, w)
	if len(a.watches) == 0 {
		delete(all.of, w.of)
		return
	}
	if w.version > a.least {
		return
	}
	first := true
	for other := range a.watches {
		if first || other.version < a.least {
			a.least, first = other.version, false
		}
	}
}

// Note tells of a block, before it is readable.
func (w *Watches) Note(b *event.Block) {
	w.last.Store(uint64(b.Last()))
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for g := range b.Groups {
		for _, r := range b.Groups[g].Records {
			w.record(r, b.Last())
		}
	}
}

// Skipped tells that everything may have changed up to a sequence.
func (w *Watches) Skipped(to market.Sequence) {
	w.last.Store(uint64(to))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.of {
		for watch := range a.watches {
			watch.tell(Change{Sequence: to})
		}
	}
}

func (w *Watches) record(r event.Record, at market.Sequence) {
	switch r := r.(type) {
	case *event.OrderChanged:
		w.order(&r.Order, at)
	case *event.Fill:
		w.order(&r.Taker, at)
		w.order(&r.Maker, at)
		for i := range r.Postings {
			w.account(r.Postings[i].Account, r.Postings[i].Sequence, at)
		}
	case *event.SelfTradePrevented:
		w.order(&r.Incoming, at)
		w.order(&r.Resting, at)
	case *event.FundsChanged:
		w.account(r.Account, r.Sequence, at)
	case *event.FundsMoved:
		w.account(r.From.Account, r.From.Sequence, at)
		w.account(r.To.Account, r.To.Sequence, at)
	case *event.AccountChanged:
		w.account(r.Account.Account, r.Account.Sequence, at)
	case *event.LimitsChanged:
		if r.Scope == command.ScopeAccount {
			w.account(r.Target, r.Sequence, at)
		}
	}
}

func (w *Watches) order(o *event.Order, at market.Sequence) {
	w.changed(Aggregate{Order: o.ID}, Change{at, o.Sequence})
}

func (w *Watches) account(id string, version uint64, at market.Sequence) {
	w.changed(Aggregate{Account: id}, Change{at, version})
}

func (w *Watches) changed(of Aggregate, c Change) {
	a := w.of[of]
	if a == nil || c.Version < a.least {
		return
	}
	for watch := range a.watches {
		if c.Version >= watch.version {
			watch.tell(c)
		}
	}
}

// tell puts a change in the place of an older one. Only one teller is at work.
func (w *Watch) tell(c Change) {
	select {
	case <-w.changes:
	default:
	}
	w.changes <- c
}
