package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// sleep waits for a span of venue time, at most ten seconds of it, or until
// ctx ends.
func sleep(ctx context.Context, d market.Nanos) error {
	t := time.NewTimer(min(time.Duration(d)+time.Microsecond, 10*time.Second))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// eventsExamined bounds how many events one filtered page looks at: about
// half a second of reading. A page that ends there says where to go on.
const eventsExamined = 1_000_000

// Events implements gateways.EventReads.
func (r *reads) Events(at event.Pin, filter gateways.EventFilter, page event.Page) (event.List[event.Public], error) {
	if page.Descending {
		return r.eventsBackwards(at, filter, page)
	}
	list := event.List[event.Public]{Next: page.After}
	examined := 0
	err := r.node.journal.Read(page.After, func(b *event.Block) bool {
		if b.First > at.Sequence {
			return false
		}
		for e := range b.Events {
			if e.Sequence <= page.After {
				continue
			}
			if e.Sequence > at.Sequence || len(list.Items) == page.Limit || examined == eventsExamined ||
				page.To != 0 && b.At >= page.To {
				return false
			}
			examined++
			list.Next = e.Sequence
			if b.At >= page.From && visible(e, filter) {
				list.Items = append(list.Items, e)
			}
		}
		return true
	})
	return list, readError(err)
}

// eventsBackwards lists the newest first, a block at a time.
func (r *reads) eventsBackwards(at event.Pin, filter gateways.EventFilter, page event.Page) (event.List[event.Public], error) {
	next := at.Sequence
	if page.After != 0 {
		next = min(next, page.After-1)
	}
	list := event.List[event.Public]{Next: next + 1}
	floor := max(r.node.journal.Floor().Sequence, 1)
	for examined := 0; next >= floor; {
		b, err := r.node.journal.Block(next)
		if err != nil {
			return list, readError(err)
		}
		if b.At < page.From {
			break
		}
		events := slices.Collect(b.Events)
		for _, e := range slices.Backward(events) {
			if e.Sequence > next {
				continue
			}
			if len(list.Items) == page.Limit || examined == eventsExamined {
				return list, nil
			}
			examined++
			list.Next = e.Sequence
			if (page.To == 0 || b.At < page.To) && visible(e, filter) {
				list.Items = append(list.Items, e)
			}
		}
		next = b.First - 1
	}
	return list, nil
}

// visible says whether an event passes a filter: type and aggregate by name,
// and, for a trader, only what concerns its own accounts or everybody.
func visible(e event.Public, f gateways.EventFilter) bool {
	if f.Type != "" && e.Type != f.Type || f.Aggregate != "" && e.Aggregate != f.Aggregate {
		return false
	}
	return f.Accounts == nil || concerns(e, f.Accounts)
}

// concerns says whether an event is one of a trader's accounts, or public:
// definitions of assets and instruments, phases and trades.
func concerns(e event.Public, accounts []string) bool {
	own := func(account string) bool { return slices.Contains(accounts, account) }
	switch r := e.Record.(type) {
	case *event.AssetChanged, *event.InstrumentChanged, *event.LeaderStarted, *event.LevelRaised:
		return true
	case *event.AccountChanged:
		return own(r.Account.Account)
	case *event.FundsChanged:
		return own(r.Account)
	case *event.FundsMoved:
		return own(e.Aggregate)
	case *event.OrderChanged:
		return own(r.Order.Account)
	case *event.SelfTradePrevented:
		return own(r.Incoming.Account) && e.Index == 0 || own(r.Resting.Account) && e.Index == 1
	case *event.Fill:
		return fillConcerns(r, e.Index, own)
	case *event.OrdersCancelled:
		return own(r.Account)
	case *event.CommandRejected:
		return own(r.Aggregate)
	}
	return false
}

func fillConcerns(f *event.Fill, part int, own func(string) bool) bool {
	switch part {
	case 0:
		return true // trades are public
	case 1:
		return own(f.Taker.Account)
	case 2:
		return own(f.Maker.Account)
	}
	return own(f.Postings[part-3].Account)
}

// Follow implements gateways.EventReads. It reads the journal itself: an
// event is out as soon as it is applied here.
func (r *reads) Follow(ctx context.Context, after market.Sequence, yield func(event.Public) error) error {
	if floor := r.node.journal.Floor(); after+1 < floor.Sequence {
		return gateways.ErrBeforeFloor
	}
	for {
		if err := r.node.journal.Wait(ctx, after+1); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("follow events: %w", err)
		}
		var stopped error
		err := r.node.journal.Read(after, func(b *event.Block) bool {
			for e := range b.Events {
				if e.Sequence <= after {
					continue
				}
				if stopped = yield(e); stopped != nil {
					return false
				}
				after = e.Sequence
			}
			return ctx.Err() == nil
		})
		switch {
		case stopped != nil:
			return stopped
		case err != nil:
			return readError(err)
		case ctx.Err() != nil:
			return nil
		}
	}
}
