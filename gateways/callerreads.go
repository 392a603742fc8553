package gateways

import (
	"context"
	"errors"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// What a caller may read. A point (event.Pin) comes from Now, Wait or AsOf; the
// errors are those of Reads, ErrForbidden for what is not his, and ErrOverloaded
// where his participant has as many readings that list or fold in hand as one may
// have.

// Now returns the last point that this node can be read at.
func (c *Caller) Now() event.Pin { return c.venue.config.Reads.Now() }

// Wait returns the point of a sequence once this node has reached it:
// ErrNotCaughtUp when ctx ends first, ErrOverloaded where too many reads of the
// participant wait.
func (c *Caller) Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error) {
	return waited(c, func(r Reads) (event.Pin, error) { return r.Wait(ctx, sequence) })
}

// Newest returns a point at which everything can be read that any node had
// answered before the call: a marker goes through the log.
func (c *Caller) Newest(ctx context.Context) (event.Pin, error) {
	return waited(c, func(r Reads) (event.Pin, error) {
		sequence, err := r.Linearizable(ctx)
		if err != nil {
			return event.Pin{}, err
		}
		return r.Wait(ctx, sequence)
	})
}

// AsOf returns the last point at or before an instant of venue time, and waits
// until that has passed.
func (c *Caller) AsOf(ctx context.Context, at market.Nanos) (event.Pin, error) {
	return waited(c, func(r Reads) (event.Pin, error) {
		sequence, err := r.SequenceAt(ctx, at)
		if err != nil {
			return event.Pin{}, err
		}
		return r.Wait(ctx, sequence)
	})
}

// waited does what waits for the venue, within the participant's share of waits,
// and asks for the key again after it.
func waited[T any](c *Caller, wait func(Reads) (T, error)) (out T, err error) {
	return within(c, &c.venue.waits, func() (T, error) {
		value, err := wait(c.venue.config.Reads)
		if err != nil {
			return out, err
		}
		_, err = c.Who()
		return value, err
	})
}

// listed does what lists or folds, within the participant's share of that.
func listed[T any](c *Caller, read func() (T, error)) (T, error) {
	return within(c, &c.venue.scans, read)
}

// within does something within a share of the participant's.
func within[T any](c *Caller, of *share, do func() (T, error)) (out T, err error) {
	who, err := c.Who()
	if err != nil {
		return out, err
	}
	if err := of.take(who.Participant, 1); err != nil {
		return out, fmt.Errorf("%w: %w", ErrOverloaded, err)
	}
	defer of.give(who.Participant, 1)
	return do()
}

// anybody reads what every key may see.
func anybody[T any](c *Caller, read func(Reads) (T, error)) (out T, err error) {
	if _, err := c.Who(); err != nil {
		return out, err
	}
	return read(c.venue.config.Reads)
}

// auditor reads what administrators and auditors may see.
func auditor[T any](c *Caller, read func(Reads) (T, error)) (out T, err error) {
	who, err := c.Who()
	switch {
	case err != nil:
		return out, err
	case !who.SeesAll():
		return out, ErrForbidden
	}
	return read(c.venue.config.Reads)
}

// owner reads what belongs to an account.
func owner[T any](c *Caller, account string, read func(Reads) (T, error)) (out T, err error) {
	who, err := c.Who()
	switch {
	case err != nil:
		return out, err
	case !who.Owns(c.venue.config.Reads, account):
		return out, ErrForbidden
	}
	return read(c.venue.config.Reads)
}

// ofOrder reads what belongs to an order: whose that is never changes, so the
// newest point says it.
func ofOrder[T any](c *Caller, at event.Pin, id market.OrderID, read func(Reads) (T, error)) (out T, err error) {
	who, err := c.Who()
	if err != nil {
		return out, err
	}
	reads := c.venue.config.Reads
	if who.SeesAll() {
		return read(reads)
	}
	if now := reads.Now(); now.Sequence > at.Sequence {
		at = now
	}
	switch o, err := reads.Order(at, id); {
	case errors.Is(err, ErrNotFound) || err == nil && !who.Owns(reads, o.Value.Account):
		return out, ErrForbidden
	case err != nil:
		return out, err
	}
	return read(reads)
}

// Asset reads an asset; likewise Assets and the instruments.
func (c *Caller) Asset(at event.Pin, asset string) (event.Reading[event.Asset], error) {
	return anybody(c, func(r Reads) (event.Reading[event.Asset], error) { return r.Asset(at, asset) })
}

// Assets lists the assets.
func (c *Caller) Assets(at event.Pin) ([]event.Reading[event.Asset], error) {
	return anybody(c, func(r Reads) ([]event.Reading[event.Asset], error) { return r.Assets(at) })
}

// Instrument reads an instrument.
func (c *Caller) Instrument(at event.Pin, instrument string) (event.Reading[event.Instrument], error) {
	return anybody(c, func(r Reads) (event.Reading[event.Instrument], error) { return r.Instrument(at, instrument) })
}

// Instruments lists the instruments.
func (c *Caller) Instruments(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Instrument]], error) {
	return listed(c, func() (event.List[event.Reading[event.Instrument]], error) {
		return anybody(c, func(r Reads) (event.List[event.Reading[event.Instrument]], error) {
			return r.Instruments(ctx, at, page)
		})
	})
}

// Book reads the depth of an instrument.
func (c *Caller) Book(ctx context.Context, at event.Pin, instrument string, depth int) (event.Book, error) {
	return listed(c, func() (event.Book, error) {
		return anybody(c, func(r Reads) (event.Book, error) { return r.Book(ctx, at, instrument, depth) })
	})
}

// Trades lists the trades of an instrument.
func (c *Caller) Trades(ctx context.Context, at event.Pin, instrument string, page event.Page) (event.List[event.Trade], error) {
	return listed(c, func() (event.List[event.Trade], error) {
		return anybody(c, func(r Reads) (event.List[event.Trade], error) { return r.Trades(ctx, at, instrument, page) })
	})
}

// Account reads one of the caller's accounts.
func (c *Caller) Account(at event.Pin, account string) (event.Reading[event.Account], error) {
	return owner(c, account, func(r Reads) (event.Reading[event.Account], error) { return r.Account(at, account) })
}

// Accounts lists the accounts of the venue, to administrators and auditors.
func (c *Caller) Accounts(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Account]], error) {
	return listed(c, func() (event.List[event.Reading[event.Account]], error) {
		return auditor(c, func(r Reads) (event.List[event.Reading[event.Account]], error) { return r.Accounts(ctx, at, page) })
	})
}

// Balance reads a balance of one of the caller's accounts.
func (c *Caller) Balance(at event.Pin, account, asset string) (event.Reading[event.Balance], error) {
	return owner(c, account, func(r Reads) (event.Reading[event.Balance], error) { return r.Balance(at, account, asset) })
}

// Balances reads all balances of one of the caller's accounts.
func (c *Caller) Balances(at event.Pin, account string) ([]event.Reading[event.Balance], error) {
	return owner(c, account, func(r Reads) ([]event.Reading[event.Balance], error) { return r.Balances(at, account) })
}

// TrialBalance sums the ledger, to administrators and auditors.
func (c *Caller) TrialBalance(at event.Pin) ([]event.TrialBalanceLine, error) {
	return listed(c, func() ([]event.TrialBalanceLine, error) {
		return auditor(c, func(r Reads) ([]event.TrialBalanceLine, error) { return r.TrialBalance(at) })
	})
}

// Limits reads the limits of one of the caller's accounts.
func (c *Caller) Limits(at event.Pin, account string) (event.Reading[command.Limits], error) {
	return owner(c, account, func(r Reads) (event.Reading[command.Limits], error) {
		return r.Limits(at, command.ScopeAccount, account)
	})
}

// Orders lists the orders of one of the caller's accounts.
func (c *Caller) Orders(ctx context.Context, at event.Pin, account string, filter OrderFilter, page event.Page) (event.List[event.Reading[event.Order]], error) {
	return listed(c, func() (event.List[event.Reading[event.Order]], error) {
		return owner(c, account, func(r Reads) (event.List[event.Reading[event.Order]], error) {
			return r.Orders(ctx, at, account, filter, page)
		})
	})
}

// AccountTrades lists the fills of one of the caller's accounts.
func (c *Caller) AccountTrades(ctx context.Context, at event.Pin, account string, page event.Page) (event.List[event.OwnFill], error) {
	return listed(c, func() (event.List[event.OwnFill], error) {
		return c.fills(owner(c, account, func(r Reads) (event.List[event.OwnFill], error) { return r.AccountTrades(ctx, at, account, page) }))
	})
}

// Order reads one of the caller's orders.
func (c *Caller) Order(at event.Pin, id market.OrderID) (event.Reading[event.Order], error) {
	return ofOrder(c, at, id, func(r Reads) (event.Reading[event.Order], error) { return r.Order(at, id) })
}

// OrderFills lists the fills of one of the caller's orders.
func (c *Caller) OrderFills(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.OwnFill], error) {
	return listed(c, func() (event.List[event.OwnFill], error) {
		return c.fills(ofOrder(c, at, id, func(r Reads) (event.List[event.OwnFill], error) { return r.OrderFills(ctx, at, id, page) }))
	})
}

// OrderHistory lists the events of one of the caller's orders.
func (c *Caller) OrderHistory(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[Event], error) {
	return listed(c, func() (event.List[Event], error) {
		return c.seen(ofOrder(c, at, id, func(r Reads) (event.List[event.Public], error) { return r.OrderHistory(ctx, at, id, page) }))
	})
}

// fills leaves out who was on the other side, but for who may know.
func (c *Caller) fills(l event.List[event.OwnFill], err error) (event.List[event.OwnFill], error) {
	who, withdrawn := c.Who()
	if err = errors.Join(err, withdrawn); err != nil || who.SeesAll() {
		return l, err
	}
	for i := range l.Items {
		l.Items[i].Counterparty = ""
	}
	return l, nil
}

// Events lists events after page.After that the caller may see. A page may hold
// fewer than there are; List.Next is where to go on.
func (c *Caller) Events(ctx context.Context, at event.Pin, filter EventFilter, page event.Page) (event.List[Event], error) {
	return listed(c, func() (event.List[Event], error) {
		return c.seen(anybody(c, func(r Reads) (event.List[event.Public], error) { return r.Events(ctx, at, filter, page) }))
	})
}

// seen leaves what the caller may see.
func (c *Caller) seen(l event.List[event.Public], err error) (event.List[Event], error) {
	out := event.List[Event]{Next: l.Next}
	who, withdrawn := c.Who()
	if err = errors.Join(err, withdrawn); err != nil {
		return out, err
	}
	for i := range l.Items {
		if who.Sees(c.venue.config.Reads, &l.Items[i]) {
			out.Items = append(out.Items, EventOf(&l.Items[i], who.Viewer()))
		}
	}
	return out, nil
}

// Follow calls fn with each event after a sequence that the caller may see, as it
// happens, until ctx ends (nil), fn returns an error (returned), or his key is
// withdrawn (ErrStranger). It is told of that with the next event. ErrOverloaded:
// his participant follows as often as one may.
func (c *Caller) Follow(ctx context.Context, after market.Sequence, fn func(Event) error) error {
	_, err := within(c, &c.venue.streams, func() (struct{}, error) { return struct{}{}, c.follow(ctx, after, fn) })
	return err
}

func (c *Caller) follow(ctx context.Context, after market.Sequence, fn func(Event) error) error {
	return c.venue.config.Reads.Follow(ctx, after, func(e event.Public) error {
		who, err := c.Who()
		if err != nil {
			return err
		}
		if !who.Sees(c.venue.config.Reads, &e) {
			return nil
		}
		return fn(EventOf(&e, who.Viewer()))
	})
}
