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
	case *event.AssetChanged, *event.InstrumentChanged, *event.LeaderStarted, *event.LevelRaised,
		*event.HistoryBegan, *event.EntryVoided:
		return true
	case *event.AccountChanged:
		return own(r.Account.Account)
	case *event.FundsChanged:
		return own(r.Account)
	case *event.FundsMoved:
		return own(e.Aggregate)
	case *event.OrderChanged:
		return own(r.Order.Account)
	case *event.OrderReported:
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
