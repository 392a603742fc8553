package readmodels

import (
	"context"
	"errors"
	"runtime"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Window is a page's part of a list in sequences: low < sequence <= Span.At.
type Window struct {
	Span
	Low market.Sequence
}

// WindowOf translates the instants of a page into sequences, so that a list
// is entered where the page begins and not stepped through from its start.
func WindowOf(j Journal, at market.Sequence, p event.Page) (Window, error) {
	w := Window{Span: Span{At: at, After: p.After, Descending: p.Descending}}
	if p.From > 0 {
		low, err := j.SequenceAt(p.From - 1)
		if err != nil {
			return w, err
		}
		w.Low = low
	}
	if p.To > 0 {
		high, err := j.SequenceAt(p.To - 1)
		if err != nil {
			return w, err
		}
		w.At = min(at, high)
	}
	if !p.Descending {
		w.After = max(w.After, w.Low)
	}
	return w, nil
}

// examined bounds how many candidates one page of a filtered list looks at
// for each item asked for: a page may be short, and then says where to go on.
const examined = 10

// yieldEvery is after how many candidates a page lets others run.
const yieldEvery = 16

// Pager collects one page. Candidates are offered in the list's order.
type Pager[T any] struct {
	list   event.List[T]
	limit  int
	budget int
	low    market.Sequence
	ended  func() error    // of the reader's context
	err    error           // why the page was cut short
	last   market.Sequence // the last candidate that was looked at
}

// NewPager begins a page of at most limit items. It ends with ctx, too.
func NewPager[T any](ctx context.Context, w Window, limit int) *Pager[T] {
	return &Pager[T]{limit: limit, budget: examined * limit, low: w.Low, ended: ctx.Err}
}

// Wants reports whether a candidate at a sequence is to be looked at. If not,
// the page is over: full, or at its bound, or past its window.
func (p *Pager[T]) Wants(at market.Sequence) bool {
	if at <= p.low {
		return false
	}
	if len(p.list.Items) >= p.limit || p.budget == 0 {
		p.list.Next = p.last
		return false
	}
	if p.err = p.ended(); p.err != nil {
		p.list.Next = p.last
		return false
	}
	p.budget--
	p.last = at
	if p.budget%yieldEvery == 0 {
		runtime.Gosched() // what waits for this processor goes first
	}
	return true
}

// Add takes the candidate that Wants was last asked for. Of one that holds
// several items all are taken, also beyond the limit.
func (p *Pager[T]) Add(item T) { p.list.Items = append(p.list.Items, item) }

// List returns the page, unless something failed while it was collected. A
// page that was cut short says where to go on; only one that has looked at
// nothing has no such place, and is the context's error.
func (p *Pager[T]) List(failed ...error) (event.List[T], error) {
	err := errors.Join(failed...)
	if err == nil && p.last == 0 {
		err = p.err
	}
	return p.list, err
}
