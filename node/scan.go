package node

import (
	"context"
	"runtime"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/eventindex"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// The budget of one page of events: some tens of milliseconds of reading. A
// page that ends there says where to go on.
const (
	scanBlocks = 2_000
	scanEvents = 50_000
)

// Events implements gateways.EventReads.
func (r *reads) Events(ctx context.Context, at event.Pin, filter gateways.EventFilter, page event.Page) (event.List[event.Public], error) {
	s, err := newScan(ctx, r.node.journal, at, filter, page)
	if err != nil || s.over() {
		return s.list, readError(err)
	}
	goOn := true
	if filter.Type != "" || filter.Aggregate != "" {
		goOn, err = s.find(r.views.events, r.node.journal)
	}
	if err == nil && goOn {
		err = s.read(r.node.journal)
	}
	return s.list, readError(err)
}

// read looks at each block of the window.
func (s *scan) read(j *journal.Journal) error {
	if s.window.Descending {
		return j.ReadBack(s.through(), s.block)
	}
	return j.Read(s.window.After, s.block)
}

// A filter is dense if the first blocks that the index finds have so few events
// from one to the next: then the journal is read on as it lies, because to find
// a block costs as much as to read that many events.
const (
	denseAfter  = 8 // blocks
	denseWithin = 256
)

// find looks at the blocks that the index leads to. It reports whether the rest
// of the window is to be read as it lies: the filter is dense, or the index
// can't be read.
func (s *scan) find(v *eventindex.View, j *journal.Journal) (goOn bool, err error) {
	var first market.Sequence
	over := false
	looked, findErr := v.Blocks(s.ctx, eventindex.Filter{Type: s.filter.Type, Aggregate: s.filter.Aggregate}, s.window.Span, func(at market.Sequence) bool {
		if s.blocks == 0 {
			first = at
		}
		if s.blocks == denseAfter && max(at, first)-min(at, first) < denseAfter*denseWithin {
			goOn = true
			return false
		}
		var b *event.Block
		if b, err = j.Block(at); err == nil {
			over = !s.block(b)
		}
		return err == nil && !over
	})
	switch {
	case err != nil || over:
		return false, err
	case goOn || findErr != nil:
		s.window.After = s.list.Next
		return true, nil
	case s.window.Descending:
		s.list.Next = min(s.list.Next, max(looked, s.window.Low+1))
	default:
		s.list.Next = max(s.list.Next, looked)
	}
	return false, nil
}

// scan collects one page of events, a block at a time.
type scan struct {
	ctx            context.Context
	filter         gateways.EventFilter
	window         readmodels.Window
	limit          int
	blocks, events int // looked at
	list           event.List[event.Public]
}

func newScan(ctx context.Context, j readmodels.Journal, at event.Pin, filter gateways.EventFilter, page event.Page) (*scan, error) {
	s := &scan{ctx: ctx, filter: filter, limit: page.Limit, list: event.List[event.Public]{Next: page.After}}
	var err error
	if s.window, err = readmodels.WindowOf(j, at.Sequence, page); err != nil {
		return s, err
	}
	if floor := j.Floor().Sequence; floor > 0 {
		s.window.Low = max(s.window.Low, floor-1)
	}
	if page.Descending {
		s.list.Next = s.through() + 1
	} else {
		s.list.Next = max(page.After, min(s.window.After, s.window.At))
	}
	return s, nil
}

// through is the last sequence that a descending page may hold.
func (s *scan) through() market.Sequence {
	if s.window.Descending && s.window.After != 0 {
		return min(s.window.At, s.window.After-1)
	}
	return s.window.At
}

// over reports whether nothing can be in the page.
func (s *scan) over() bool {
	if s.window.Descending {
		return s.through() <= s.window.Low
	}
	return s.window.After >= s.window.At
}

// block takes a block's events, in the page's order, and reports whether the
// page wants the next block.
func (s *scan) block(b *event.Block) bool {
	if s.blocks == scanBlocks || s.ctx.Err() != nil {
		return false
	}
	s.blocks++
	runtime.Gosched() // what waits for this processor goes first
	if !s.window.Descending {
		for e := range b.Events {
			if !s.event(e) {
				return false
			}
		}
		return b.Last() < s.window.At
	}
	for _, e := range slices.Backward(slices.Collect(b.Events)) {
		if !s.event(e) {
			return false
		}
	}
	return b.First > s.window.Low+1
}

// event takes an event if it belongs to the page, and reports whether the page
// goes on behind it.
func (s *scan) event(e event.Public) bool {
	low, high := s.window.After, s.window.At
	if s.window.Descending {
		low, high = s.window.Low, s.through()
	}
	if e.Sequence <= low {
		return !s.window.Descending
	}
	if e.Sequence > high {
		return s.window.Descending
	}
	if len(s.list.Items) == s.limit || s.events == scanEvents {
		return false
	}
	s.events++
	s.list.Next = e.Sequence
	if visible(e, s.filter) {
		s.list.Items = append(s.list.Items, e)
	}
	return true
}
