package rest

import (
	"context"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// orderFilter reads the filters of a list of orders.
func (x *call) orderFilter(query func(string) string) (f gateways.OrderFilter, ok bool) {
	f.ClientOrderID, f.Instrument = query("client_order_id"), query("instrument")
	for _, name := range [...]string{"client_order_id", "instrument"} {
		if v := query(name); v != "" && !market.ValidID(v) {
			x.malformed(name, "is not an id")
			return f, false
		}
	}
	switch status := query("status"); status {
	case "":
	case "open": // all that can still trade
		f.OpenOnly = true
	default:
		if f.Status, ok = market.ParseOrderStatus(status); !ok {
			x.malformed("status", "must be one of "+strings.Join(market.StatusNames(), ", "))
			return f, false
		}
	}
	return f, true
}

func (x *call) accountOrders() {
	id, ok := x.pathID(unknownAccount)
	if !ok {
		return
	}
	list(x, unknownAccount, func(ctx context.Context, at event.Pin, page event.Page) (out event.List[event.Reading[event.Order]], err error) {
		if at, err = x.account1(ctx, at, id); err != nil {
			return out, err
		}
		filter, ok := x.orderFilter(x.query.Get)
		if !ok {
			return out, errAnswered
		}
		return inTurn(ctx, x, func() (event.List[event.Reading[event.Order]], error) {
			return x.h.reads.Orders(ctx, at, id, filter, page)
		})
	}, func(dst []byte, o *event.Reading[event.Order]) []byte { return render.Order(dst, &o.Value) })
}

func (x *call) accountTrades() {
	id, ok := x.pathID(unknownAccount)
	if !ok {
		return
	}
	list(x, unknownAccount, func(ctx context.Context, at event.Pin, page event.Page) (out event.List[event.OwnFill], err error) {
		if at, err = x.account1(ctx, at, id); err != nil {
			return out, err
		}
		return inTurn(ctx, x, func() (event.List[event.OwnFill], error) { return x.h.reads.AccountTrades(ctx, at, id, page) })
	}, x.fill1)
}

// fill1 appends a fill as the caller may see it.
func (x *call) fill1(dst []byte, f *event.OwnFill) []byte {
	if !x.caller.SeesAll() {
		own := *f
		own.Counterparty = ""
		f = &own
	}
	return render.Fill(dst, f)
}

// orderAt reads the order of the path once it has reached
// min_aggregate_sequence. Whose it is comes first: to those who don't see all,
// an order of another and one that never was look the same, and take as long.
func (x *call) orderAt(ctx context.Context, at event.Pin) (o event.Reading[event.Order], _ event.Pin, err error) {
	id, ok := market.ParseOrderID(x.r.PathValue("id"))
	x.permit = func() error { return x.myOrder(at, id, ok) }
	if err := x.permit(); err != nil {
		return o, at, err
	}
	if !ok {
		return o, at, gateways.ErrNotFound
	}
	at, err = x.aggregateReached(ctx, at, gateways.Aggregate{Order: id}, func(at event.Pin) (uint64, error) {
		o, err := x.h.reads.Order(at, id)
		return max(o.Version, o.Value.Sequence), err
	})
	if err == nil {
		o, err = x.h.reads.Order(at, id)
	}
	return o, at, err
}

func (x *call) order() {
	x.at(unknownOrder, func(ctx context.Context, at event.Pin) error {
		o, _, err := x.orderAt(ctx, at)
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte { return render.Order(dst, &o.Value) })
	})
}

func (x *call) orderHistory() {
	list(x, unknownOrder, func(ctx context.Context, at event.Pin, page event.Page) (out event.List[event.Public], err error) {
		o, at, err := x.orderAt(ctx, at)
		if err != nil {
			return out, err
		}
		return inTurn(ctx, x, func() (event.List[event.Public], error) {
			return x.h.reads.OrderHistory(ctx, at, o.Value.ID, page)
		})
	}, x.event1)
}

func (x *call) orderFills() {
	list(x, unknownOrder, func(ctx context.Context, at event.Pin, page event.Page) (out event.List[event.OwnFill], err error) {
		o, at, err := x.orderAt(ctx, at)
		if err != nil {
			return out, err
		}
		return inTurn(ctx, x, func() (event.List[event.OwnFill], error) {
			return x.h.reads.OrderFills(ctx, at, o.Value.ID, page)
		})
	}, x.fill1)
}
