package node

import (
	"context"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels"
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
	if page.Descending {
		err = r.node.journal.ReadBack(s.through(), s.block)
	} else {
		err = r.node.journal.Read(s.window.After, s.block)
	}
	return s.list, readError(err)
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
