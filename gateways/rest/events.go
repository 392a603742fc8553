package rest

import (
	"context"
	"errors"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// Where few events pass the filter or are the caller's to see, one request
// looks through at most scanTime of them, scanPage at a time, or until its own
// timeout; next goes on from there.
const (
	scanTime = defaultTimeout
	scanPage = 4096
)

// event1 appends an event as the caller may see it.
func (x *call) event1(dst []byte, e *event.Public) []byte {
	seen := gateways.EventOf(e, x.caller.Viewer())
	return render.Event(dst, &seen)
}

// events serves a page of the event store. It always gives next, so that the
// last page's is where to ask again: pinned to the first page's point until
// that is reached, and free after it unless the client asked for a past one.
func (x *call) events() {
	p, ok := x.paging()
	if !ok {
		return
	}
	filter, ok := x.eventFilter()
	if !ok {
		return
	}
	x.at("not_found", func(ctx context.Context, at event.Pin) error {
		at, err := x.pinned(ctx, at, &p)
		if err != nil {
			return err
		}
		known, err := x.mayLookFor(at, filter.Aggregate)
		if err != nil {
			return err
		}
		l := nothing(at, p.page)
		if known {
			l, err = inTurn(ctx, x, func() (event.List[event.Public], error) { return x.visibleEvents(ctx, at, filter, p.page) })
		}
		if err != nil {
			return err
		}
		next := x.next(&p, x.nextPin(&p, at, l.Next), l.Next)
		return x.reply(func(dst []byte) []byte { return appendItems(dst, at.Sequence, l.Items, next, x.event1) })
	})
}

// mayLookFor reports whether the caller can see anything of an aggregate: an
// account or order of its own, an instrument, the venue. Events of another are
// not even counted, for how long that takes would tell whether there are any.
func (x *call) mayLookFor(at event.Pin, aggregate string) (bool, error) {
	if aggregate == "" || aggregate == market.Venue || x.owns(aggregate) {
		return true, nil
	}
	if id, ok := market.ParseOrderID(aggregate); ok {
		return x.ownsOrder(at, id)
	}
	_, err := x.h.reads.Instrument(at, aggregate)
	if errors.Is(err, gateways.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// nothing is a page without events that leads on to the end.
func nothing(at event.Pin, page event.Page) event.List[event.Public] {
	if page.Descending {
		return event.List[event.Public]{Next: 1}
	}
	return event.List[event.Public]{Next: max(at.Sequence, page.After)}
}

// nextPin returns the point of the following page of events, 0 when it is the
// newest one then.
func (x *call) nextPin(p *paging, at event.Pin, next market.Sequence) market.Sequence {
	if p.page.Descending || next < at.Sequence || p.past {
		return at.Sequence
	}
	return 0
}

// visibleEvents reads one page of what the caller may see, and scans on until
// it is full, the end is reached or the time is up: an empty page that is not
// the last looks to a person as if there were nothing.
func (x *call) visibleEvents(ctx context.Context, at event.Pin, filter gateways.EventFilter, page event.Page) (event.List[event.Public], error) {
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	out := event.List[event.Public]{Next: page.After}
	for limit := page.Limit; ; {
		page.Limit = limit - len(out.Items)
		if !x.caller.SeesAll() {
			page.Limit = max(page.Limit, scanPage)
		}
		l, err := x.h.reads.Events(ctx, at, filter, page)
		if err != nil {
			return out, err
		}
		for i := range l.Items {
			out.Next = l.Items[i].Sequence
			if x.sees(&l.Items[i]) {
				if out.Items = append(out.Items, l.Items[i]); len(out.Items) == limit {
					return out, nil
				}
			}
		}
		if l.Next == 0 || l.Next == page.After {
			return out, nil
		}
		out.Next, page.After = l.Next, l.Next
		end := !page.Descending && l.Next >= at.Sequence
		if end || ctx.Err() != nil || x.pause(ctx) != nil {
			return out, nil
		}
		if err := x.anew(); err != nil {
			return out, err
		}
	}
}

// sees reports whether the caller may see an event.
func (x *call) sees(e *event.Public) bool { return x.caller.Sees(x.h.reads, e) }
