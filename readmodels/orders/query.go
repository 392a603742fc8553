package orders

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Filter narrows a list of orders.
type Filter struct {
	OpenOnly      bool
	Status        market.OrderStatus // StatusNone = any
	ClientOrderID string             // "" = any
	Instrument    string             // "" = any
	// HadClientOrderID is an id that an order has or had: a replacement gives it
	// another, a cancel by FIX has one, and it is asked for by each. "" = any.
	HadClientOrderID string
}

func (f Filter) takes(o *event.Order) bool {
	return (!f.OpenOnly || o.Status.IsOpen()) &&
		(f.Status == market.StatusNone || f.Status == o.Status) &&
		(f.ClientOrderID == "" || f.ClientOrderID == o.ClientOrderID) &&
		(f.Instrument == "" || f.Instrument == o.Instrument)
}

// Order returns an order.
func (v *View) Order(at event.Pin, id market.OrderID) (event.Reading[event.Order], error) {
	value, from, err := v.reader.Get(appendOrderKey(nil, id), at.Sequence)
	if err != nil {
		return event.Reading[event.Order]{}, err
	}
	o, err := reading(value, id, from)
	return o, v.reader.Noticed(err)
}

func reading(value []byte, id market.OrderID, from market.Sequence) (event.Reading[event.Order], error) {
	o, err := unpackImage(value, id)
	return event.Reading[event.Order]{Value: o, Version: o.Sequence, Changed: event.Pin{Sequence: from, At: o.UpdatedAt}}, err
}

// Orders lists an account's orders in the order in which they came. A page may
// hold fewer than asked for, or none, and still have a next one: it looks at a
// bounded number of orders.
func (v *View) Orders(ctx context.Context, at event.Pin, account string, filter Filter, page event.Page) (event.List[event.Reading[event.Order]], error) {
	none := event.List[event.Reading[event.Order]]{}
	w, err := readmodels.WindowOf(v.journal, at.Sequence, page)
	if err != nil {
		return none, err
	}
	pager := readmodels.NewPager[event.Reading[event.Order]](ctx, w, page.Limit)
	var failed error
	offer := func(id market.OrderID, came market.Sequence) bool {
		if !pager.Wants(came) {
			return false
		}
		var r event.Reading[event.Order]
		if r, failed = v.Order(at, id); failed == nil && r.Value.Account == account && filter.takes(&r.Value) {
			pager.Add(r)
		}
		return failed == nil
	}
	switch {
	case filter.ClientOrderID != "":
		err = v.byClient(account, filter.ClientOrderID, w, offer)
	case filter.HadClientOrderID != "":
		err = v.byClient(account, filter.HadClientOrderID, w, offer)
	case filter.OpenOnly || filter.Status.IsOpen():
		err = v.open(at, account, w, offer)
	default:
		err = v.all(account, w, offer)
	}
	return pager.List(err, failed)
}

type offer func(id market.OrderID, came market.Sequence) bool

// all offers every order of the account.
func (v *View) all(account string, w readmodels.Window, offer offer) error {
	var damaged error
	err := v.reader.List(appendListKey(nil, account), w.Span, func(item []byte, at market.Sequence) bool {
		what, id, err := unpackItem(item)
		if err != nil {
			damaged = err
			return false
		}
		return what != came || offer(id, at)
	})
	return errors.Join(err, v.reader.Noticed(damaged))
}

// open offers the orders that were open at the point.
func (v *View) open(at event.Pin, account string, w readmodels.Window, offer offer) error {
	open, err := readOpen(v.reader, account, at.Sequence)
	if err != nil {
		return err
	}
	if w.Descending {
		slices.Reverse(open)
	}
	for _, o := range open {
		if !inWindow(o.came, w) {
			continue
		}
		if !offer(o.id, o.came) {
			break
		}
	}
	return nil
}

func inWindow(at market.Sequence, w readmodels.Window) bool {
	if at > w.At || at <= w.Low {
		return false
	}
	if w.Descending {
		return w.After == 0 || at < w.After
	}
	return at > w.After
}

// byClient offers the orders that had a client order id. An order takes its
// place by when it got the id.
func (v *View) byClient(account, client string, w readmodels.Window, offer offer) error {
	seen := map[market.OrderID]bool{}
	var damaged error
	err := v.reader.Versions(appendClientKey(nil, account, client), w.Span, func(value []byte, at market.Sequence) bool {
		if len(value) != 8 {
			damaged = fmt.Errorf("order id of %d bytes: %w", len(value), readmodels.ErrDamaged)
			return false
		}
		id := market.OrderID(binary.BigEndian.Uint64(value))
		if seen[id] {
			return true
		}
		seen[id] = true
		return offer(id, at)
	})
	return errors.Join(err, v.reader.Noticed(damaged))
}

// OrderHistory lists the order's events. ErrNotFound: no such order then.
func (v *View) OrderHistory(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.Public], error) {
	return history(ctx, v, at, id, page, func([]byte) bool { return true },
		func(e event.Public) event.Public { return e })
}

// OrderFills lists the order's fills. ErrNotFound: no such order then.
func (v *View) OrderFills(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.OwnFill], error) {
	return history(ctx, v, at, id, page, func(image []byte) bool { return image[0] == afterFill },
		func(e event.Public) event.OwnFill {
			f := e.Record.(*event.Fill)
			trade := f.Trade(e.Sequence-market.Sequence(e.Index), e.Block.At)
			return f.Own(trade, e.Index == 1)
		})
}

// history pages through the images of an order and looks up in the journal
// the events that they follow.
func history[T any](ctx context.Context, v *View, at event.Pin, id market.OrderID, page event.Page, wants func(image []byte) bool, make func(event.Public) T) (event.List[T], error) {
	if _, _, err := v.reader.Get(appendOrderKey(nil, id), at.Sequence); err != nil {
		return event.List[T]{}, err
	}
	w, err := readmodels.WindowOf(v.journal, at.Sequence, page)
	if err != nil {
		return event.List[T]{}, err
	}
	pager := readmodels.NewPager[T](ctx, w, page.Limit)
	var failed error
	err = v.reader.Versions(appendOrderKey(nil, id), w.Span, func(image []byte, at market.Sequence) bool {
		if !pager.Wants(at) {
			return false
		}
		if len(image) == 0 || !wants(image) {
			return true
		}
		var e event.Public
		if e, failed = readmodels.EventAt(v.journal, at); failed == nil {
			pager.Add(make(e))
		}
		return failed == nil
	})
	return pager.List(err, failed)
}
