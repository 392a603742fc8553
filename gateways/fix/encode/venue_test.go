package encode_test

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// at is when everything happens: 2026-11-21 10:00:00.123456789 UTC.
const at = market.Nanos(1795255200_123456789)

// desk is who trades here: over the session TRADER1, copied to TRADER1-DC.
const (
	desk     = "TRADER1"
	dropCopy = "TRADER1-DC"
)

// order is an order of the desk: buy 2 BTC-USD at 100.50, good till cancelled.
func order(change func(*event.Order)) event.Order {
	o := event.Order{
		ID: market.NewOrderID(7, 1), ClientOrderID: "a1", Session: desk, Account: "trader1", Instrument: "BTC-USD",
		Side: market.Buy, Type: market.Limit, TimeInForce: market.GoodTillCancel, Status: market.StatusOpen,
		Quantity: 20_000, Remaining: 20_000, Price: 10_050, Sequence: 1, CreatedAt: at, UpdatedAt: at,
		PriceDigits: 2, QuantityDigits: 4, QuoteScale: 6,
	}
	if change != nil {
		change(&o)
	}
	return o
}

// closed returns an order that ended.
func closed(s market.OrderStatus, r market.Reason) event.Order {
	return order(func(o *event.Order) { o.Status, o.Reason, o.Remaining = s, r, 0 })
}

// asked is the context of a request that the desk sent by FIX.
func asked(kind command.Kind, q command.Request) event.Context {
	return event.Context{
		CommandKind: uint8(kind), Source: market.SourceFIX, Participant: "TRADER1", Actor: desk,
		Session: &command.SessionPlace{Epoch: 1, Number: 2, Request: q},
	}
}

// elsewhere is the context of a command that came by another door, or of none.
func elsewhere(kind command.Kind) event.Context {
	return event.Context{CommandKind: uint8(kind), Source: market.SourceREST, Participant: "TRADER1", Actor: "key1"}
}

// reports returns what a block with one group reports, in order, numbered from
// 5 on in each session.
func reports(c event.Context, records ...event.Record) (*event.Block, []event.Report) {
	b := &event.Block{
		Index: 3, Term: 1, At: at, History: 0xab, First: 100,
		Groups: []event.Group{{Context: c, First: 100, Records: records}},
		Sessions: []event.SessionTouch{
			{CompID: desk, Kind: market.SessionOrderEntry, First: 5, Count: 1},
			{CompID: dropCopy, Kind: market.SessionDropCopy, Accounts: []string{"trader1"}, First: 5, Count: 1},
		},
	}
	if c.Session != nil && c.Actor != desk { // who asks has a number too
		b.Sessions = append(b.Sessions, event.SessionTouch{CompID: c.Actor, Kind: market.SessionOrderEntry, First: 5, Count: 1})
	}
	var list []event.Report
	b.Reports(func(r event.Report) bool {
		list = append(list, r)
		return true
	})
	return b, list
}

// changed is a record about one order.
func changed(t event.Type, o event.Order) event.Record { return &event.OrderChanged{Type: t, Order: o} }

// fill is a trade of 0.5 at 100.25 in which the desk's order is one side.
func fill(taker bool, o event.Order) *event.Fill {
	other := order(func(o *event.Order) {
		o.ID, o.Session, o.Account, o.ClientOrderID, o.Side = market.NewOrderID(9, 1), "", "trader2", "b1", market.Sell
	})
	f := &event.Fill{
		TradeID: 42, Price: 10_025, Quantity: 5_000, Notional: 50_125_000, TakerSide: market.Buy,
		Taker: o, Maker: other, TakerFee: 25_063, MakerFee: -5_000, FeeAsset: "USD",
	}
	if !taker {
		f.Taker, f.Maker, f.TakerSide = other, o, market.Sell
	}
	return f
}

func filled(o *event.Order) {
	o.Filled, o.Remaining, o.FilledNotional, o.Fees = 5_000, 15_000, 50_125_000, 25_063
	o.Status = market.StatusPartiallyFilled
}

func number(units int64, digits uint8) command.Optional {
	return command.Optional{Set: true, Value: market.Decimal{Units: units, Digits: digits}}
}

// refused is the refusal of a request.
func refused(code event.Code, detail string, echo event.Echo) event.Record {
	return &event.CommandRejected{Code: code, Rule: "rule", Detail: detail, Aggregate: "trader1", Echo: &echo}
}

// placement is what a refused placement asked for.
func placement() event.Echo {
	return event.Echo{
		Request: command.KindPlaceOrder, Account: "trader1", Instrument: "BTC-USD", Side: market.Sell, Type: market.Limit,
		TimeInForce: market.ImmediateOrCancel, Quantity: number(25, 1), Price: number(10050, 2),
	}
}

func newOrder() command.Request { return command.Request{ClOrdID: "a1"} }
func replace() command.Request {
	return command.Request{ClOrdID: "a2", OrigClOrdID: "a1", ResponseTo: '2'}
}
func cancel() command.Request {
	return command.Request{ClOrdID: "c1", OrigClOrdID: "a1", ResponseTo: '1'}
}
