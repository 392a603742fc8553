package encode_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// told is one thing that clients are told, and how it is written.
type told struct {
	what  string
	write func(e *encode.Encoder) [][]byte
}

// reported is what one block reports to everybody.
func reported(what string, c event.Context, records ...event.Record) told {
	return told{what, func(e *encode.Encoder) [][]byte {
		b, list := reports(c, records...)
		var out [][]byte
		for i := range list {
			out = append(out, e.Report(nil, b, &list[i], encode.Sending{At: at + 1_000_000}))
		}
		return out
	}}
}

// answered is one answer.
func answered(what string, write func(e *encode.Encoder) []byte) told {
	return told{what, func(e *encode.Encoder) [][]byte { return [][]byte{write(e)} }}
}

func encoder(beginString string) *encode.Encoder {
	return encode.New(encode.Session{BeginString: beginString, Sender: "RIALTO", Target: desk, Digits: 9})
}

func check(t *testing.T, file string, list []told) {
	t.Helper()
	var got strings.Builder
	for _, c := range list {
		fmt.Fprintf(&got, "# %s\n", c.what)
		for _, protocol := range []string{encode.FIX44, encode.FIXT11} {
			for _, m := range c.write(encoder(protocol)) {
				if why := invalid(t, m); why != "" {
					t.Errorf("%s: %s\n%s", c.what, why, readable(m))
				}
				got.WriteString(readable(m) + "\n")
			}
		}
		got.WriteString("\n")
	}
	file = "testdata/" + file
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("differs from %s (-update rewrites it):\n%s", file, difference(got.String(), string(want)))
	}
}

func readable(m []byte) string { return strings.ReplaceAll(string(m), "\x01", "|") }

// difference returns the first line that differs.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, g[i], append(w, "(nothing)")[min(i, len(w))])
		}
	}
	return "the golden file is longer"
}

// What happens to an order, in the words of each version, to the session that
// placed it and to the drop copy.
func TestExecutionReports(t *testing.T) {
	check(t, "executions.golden", []told{
		reported("a new order", asked(command.KindPlaceOrder, newOrder()), changed(event.TypeOrderAccepted, order(nil))),
		reported("the parties of a request come back, and its other ids", asked(command.KindPlaceOrder, command.Request{
			ClOrdID: "a1", Parties: "526=second\x01583=link\x01453=1\x01448=DESK7\x01447=D\x01452=11\x01"}), changed(event.TypeOrderAccepted, order(nil))),
		reported("a day order, post-only, that shows a part", asked(command.KindPlaceOrder, newOrder()),
			changed(event.TypeOrderAccepted, order(func(o *event.Order) {
				o.TimeInForce, o.ExpireAt, o.PostOnly, o.DisplayQuantity = market.Day, at+50_000e9, true, 1_000
			}))),
		reported("good till a date", asked(command.KindPlaceOrder, newOrder()),
			changed(event.TypeOrderAccepted, order(func(o *event.Order) { o.TimeInForce, o.ExpireAt = market.GoodTillDate, at+3_600e9 }))),
		reported("a stop that waits", asked(command.KindPlaceOrder, newOrder()), changed(event.TypeOrderAccepted, stop(market.Stop))),
		reported("a stop with a limit that waits", asked(command.KindPlaceOrder, newOrder()), changed(event.TypeOrderAccepted, stop(market.StopLimit))),
		reported("a stop is triggered", elsewhere(0), changed(event.TypeOrderTriggered, order(func(o *event.Order) { o.Type, o.Price, o.StopPrice = market.Stop, 0, 10_100 }))),
		reported("a stop is refused when it is triggered", elsewhere(0), changed(event.TypeOrderRejected, closed(market.StatusRejected, market.ReasonTriggerRefused))),
		reported("a market order by what it may cost, all or nothing", asked(command.KindPlaceOrder, newOrder()),
			changed(event.TypeOrderAccepted, order(func(o *event.Order) {
				o.Type, o.TimeInForce, o.Price, o.Quantity, o.Remaining, o.QuoteQuantity = market.Market, market.FillOrKill, 0, 0, 0, 1_000_500_000
			}))),
		reported("a part is filled, and liquidity taken", asked(command.KindPlaceOrder, newOrder()),
			changed(event.TypeOrderAccepted, order(nil)), fill(true, order(filled))),
		reported("a part is filled in the book, with a rebate", elsewhere(command.KindPlaceOrder), fill(false, order(filled))),
		reported("the rest is filled: the average is exact, half to even", elsewhere(command.KindPlaceOrder), fill(false, order(func(o *event.Order) {
			o.Filled, o.Remaining, o.Status, o.FilledNotional = 20_000, 0, market.StatusFilled, 200_333_333
		}))),
		reported("a trade in an auction", elsewhere(0), func() *event.Fill {
			f := fill(true, order(filled))
			f.TakerSide, f.TakerFee = market.SideNone, 0
			return f
		}()),
		reported("an amended order", asked(command.KindAmendOrder, replace()), changed(event.TypeOrderAmended, order(renamed))),
		reported("an amended order that trades at once", asked(command.KindAmendOrder, replace()),
			changed(event.TypeOrderAmended, order(renamed)), fill(true, order(func(o *event.Order) { renamed(o); filled(o) }))),
		reported("an order amended by another door", elsewhere(command.KindAmendOrder), changed(event.TypeOrderAmended, order(nil))),
		reported("a cancel that was asked for", asked(command.KindCancelOrder, cancel()), changed(event.TypeOrderCancelled, closed(market.StatusCancelled, market.ReasonUser))),
		reported("a cancel by OrderID alone", asked(command.KindCancelOrder, command.Request{ClOrdID: "c1", ResponseTo: '1'}),
			changed(event.TypeOrderCancelled, closed(market.StatusCancelled, market.ReasonUser))),
		reported("a cancel that nobody of the session asked for", elsewhere(command.KindCancelOrder), changed(event.TypeOrderCancelled, closed(market.StatusCancelled, market.ReasonUser))),
		reported("the order of nobody's session: drop copy only", elsewhere(command.KindPlaceOrder),
			changed(event.TypeOrderAccepted, order(func(o *event.Order) { o.Session, o.ClientOrderID = "", "" }))),
		reported("an order that the client asked for again is there", asked(command.KindPlaceOrder, command.Request{ClOrdID: "a1", PossResend: true}),
			&event.OrderReported{Order: order(filled)}),
	})
}

// Why an order ends without being filled.
func TestEnds(t *testing.T) {
	var list []told
	for r := market.ReasonUser; r.String() != "unknown"; r++ {
		record := changed(event.TypeOrderCancelled, closed(market.StatusCancelled, r))
		switch r {
		case market.ReasonDay, market.ReasonGTD:
			record = changed(event.TypeOrderExpired, closed(market.StatusExpired, r))
		case market.ReasonTriggerRefused:
			record = changed(event.TypeOrderRejected, closed(market.StatusRejected, r))
		}
		b, reports := reports(elsewhere(0), record)
		if text := fields(t, encoder(encode.FIX44).Report(nil, b, &reports[0], encode.Sending{}), 58)[0]; !strings.HasPrefix(text, r.String()+": ") {
			t.Errorf("%s: 58=%s says no reason", r, text)
		}
		list = append(list, reported(r.String(), elsewhere(0), record))
	}
	smaller := order(func(o *event.Order) { o.Quantity, o.Remaining = 15_000, 15_000 })
	incoming := closed(market.StatusCancelled, market.ReasonSelfTrade)
	incoming.ID, incoming.ClientOrderID = market.NewOrderID(8, 1), "a2"
	list = append(list,
		reported("both orders of an owner lose the smaller quantity: one of them goes on, the other ends", elsewhere(command.KindPlaceOrder),
			&event.SelfTradePrevented{Mode: market.STPDecrement, Quantity: 5_000, Incoming: incoming, Resting: smaller}),
		reported("the rest of an immediate-or-cancel order, in the answer to it", asked(command.KindPlaceOrder, newOrder()),
			changed(event.TypeOrderAccepted, order(nil)), changed(event.TypeOrderCancelled, closed(market.StatusCancelled, market.ReasonIOCRemainder))),
	)
	check(t, "ends.golden", list)
}

// What is refused, with the reason in words and as a number.
func TestRejects(t *testing.T) {
	list := []told{
		reported("a ClOrdID outside the alphabet comes back as it was", asked(command.KindPlaceOrder, command.Request{ClOrdID: "a b/ü"}),
			refused(event.CodeInvalidParameters, "ClOrdID", event.Echo{Request: command.KindPlaceOrder, Fields: "1=trader1\x0155=BTC-USD\x0154=1\x0138=2\x0140=2\x01"})),
		reported("a side that the venue does not know", asked(command.KindPlaceOrder, newOrder()),
			refused(event.CodeOrderTypeUnsupported, "54", event.Echo{Request: command.KindPlaceOrder, Fields: "55=BTC-USD\x01"})),
		reported("a separator in a text cannot break out of it", asked(command.KindPlaceOrder, newOrder()), refused(event.CodeWouldCross, "a\x01150=F\x01b\n", placement())),
		reported("a stop order, by quote quantity", asked(command.KindPlaceOrder, newOrder()), refused(event.CodeWouldTriggerImmediately, "the stop price was passed", event.Echo{
			Request: command.KindPlaceOrder, Account: "trader1", Instrument: "BTC-USD", Side: market.Buy, Type: market.StopLimit, TimeInForce: market.GoodTillDate,
			QuoteQuantity: number(1000, 0), Price: number(1, 0), StopPrice: number(99, 1), DisplayQuantity: number(5, 1), ExpireAt: at, PostOnly: true})),
		reported("cancel of a closed order", asked(command.KindCancelOrder, cancel()), refused(event.CodeOrderClosed, "the order is filled", event.Echo{
			Request: command.KindCancelOrder, Account: "trader1", Order: market.NewOrderID(7, 1), Status: market.StatusFilled})),
		reported("cancel of an unknown order", asked(command.KindCancelOrder, cancel()), refused(event.CodeUnknownOrder, "no such order", event.Echo{Request: command.KindCancelOrder})),
		reported("cancel by OrderID alone of an unknown order", asked(command.KindCancelOrder, command.Request{ClOrdID: "c1"}), refused(event.CodeUnknownOrder, "", event.Echo{Request: command.KindCancelOrder})),
		reported("replace with a ClOrdID that was used", asked(command.KindAmendOrder, replace()), refused(event.CodeDuplicateClientOrderID, "used before", event.Echo{
			Request: command.KindAmendOrder, Account: "trader1", Order: market.NewOrderID(7, 1), Status: market.StatusPartiallyFilled})),
		reported("replace below what is filled", asked(command.KindAmendOrder, replace()), refused(event.CodeQuantityBelowFilled, "0.5 is filled", event.Echo{
			Request: command.KindAmendOrder, Account: "trader1", Order: market.NewOrderID(7, 1), Status: market.StatusOpen})),
		reported("mass cancel of an unknown instrument", asked(command.KindCancelAll, command.Request{ClOrdID: "m1"}), refused(event.CodeUnknownInstrument, "DOGE-USD", event.Echo{
			Request: command.KindCancelAll, Account: "trader1", Instrument: "DOGE-USD", Side: market.Sell})),
		reported("a kind of mass cancel that the venue does not know, declined at the door", asked(command.KindCancelAll, command.Request{ClOrdID: "m1"}),
			refused(event.CodeOrderTypeUnsupported, "530=6", event.Echo{Request: command.KindCancelAll, Fields: "530=6\x0155=BTC-USD\x0154=1\x01"})),
		reported("mass cancel while throttled", asked(command.KindCancelAll, command.Request{ClOrdID: "m1"}), refused(event.CodeThrottled, "more than 10 a second", event.Echo{Request: command.KindCancelAll})),
	}
	for c := event.CodeUnknownAccount; c.Text() != "unknown"; c++ {
		list = append(list, reported(c.Text(), asked(command.KindPlaceOrder, newOrder()), refused(c, "why", placement())))
	}
	check(t, "rejects.golden", list)
}

// What mass cancels report.
func TestMassCancels(t *testing.T) {
	c := asked(command.KindCancelAll, command.Request{ClOrdID: "m1"})
	check(t, "masscancels.golden", []told{
		reported("all orders: each tells its end, then the count", c,
			changed(event.TypeOrderCancelled, closed(market.StatusCancelled, market.ReasonMassCancel)), &event.OrdersCancelled{Account: "trader1", Cancelled: 1}),
		reported("those of an instrument and side, and more to come", c, &event.OrdersCancelled{Account: "trader1", Cancelled: 10_000, Continues: true, Instrument: "BTC-USD", Side: market.Buy}),
	})
}

// Answers to questions: what is, not what happened.
func TestAnswers(t *testing.T) {
	s := encode.Slot{Number: 9, At: at + 5_000_000}
	o := order(filled)
	ended := closed(market.StatusCancelled, market.ReasonProtection)
	trades := &encode.TradeQuery{RequestID: "q1", Type: 0, Subscription: '1', Instrument: "BTC-USD"}
	positions := &encode.PositionQuery{RequestID: "p1", Account: "trader1"}
	own := &event.OwnFill{
		Trade:   event.Trade{TradeID: 42, Instrument: "BTC-USD", Price: 10_025, Quantity: 5_000, TakerSide: market.Buy, PriceDigits: 2, QuantityDigits: 4, Sequence: 101, At: at},
		OrderID: o.ID, Account: "trader1", Side: market.Buy, TakerOrderID: o.ID, MakerOrderID: market.NewOrderID(9, 1), Fee: 25_063, FeeAsset: "USD", FeeScale: 6,
	}
	maker := *own
	maker.OrderID, maker.Side, maker.Fee, maker.TakerSide = maker.MakerOrderID, market.Sell, 0, market.SideNone
	balance := &event.Balance{Asset: "USD", Total: 1_000_000_000_000, Held: 201_000_000, Scale: 6, MinorUnit: 2}
	check(t, "answers.golden", []told{
		answered("the status of an order", func(e *encode.Encoder) []byte {
			return e.Status(nil, s, &o, &encode.StatusQuery{ClOrdID: "a1", StatusID: "s1"})
		}),
		answered("the status of an order that ended", func(e *encode.Encoder) []byte { return e.Status(nil, s, &ended, &encode.StatusQuery{}) }),
		answered("the status of an unknown order", func(e *encode.Encoder) []byte {
			return e.NoStatus(nil, s, &encode.StatusQuery{ClOrdID: "zz", StatusID: "s1", Instrument: "BTC-USD", Side: market.Sell})
		}),
		answered("one of three in a mass status", func(e *encode.Encoder) []byte {
			return e.Status(nil, s, &o, &encode.StatusQuery{MassID: "m1", Total: 3})
		}),
		answered("the last of three", func(e *encode.Encoder) []byte {
			return e.Status(nil, s, &o, &encode.StatusQuery{MassID: "m1", Total: 3, Last: true})
		}),
		answered("a mass status without orders", func(e *encode.Encoder) []byte {
			return e.NoStatus(nil, s, &encode.StatusQuery{MassID: "m1", Last: true})
		}),
		answered("trades follow", func(e *encode.Encoder) []byte { return e.TradesAck(nil, s, trades) }),
		answered("there are no trades", func(e *encode.Encoder) []byte { return e.TradesDone(nil, s, trades, "") }),
		answered("a kind of request for trades that is not taken", func(e *encode.Encoder) []byte {
			return e.TradesRefused(nil, s, &encode.TradeQuery{RequestID: "q1", Type: 4}, encode.TradesTypeNotTaken, "matched trades only")
		}),
		answered("a trade, taken", func(e *encode.Encoder) []byte {
			return e.Trade(nil, s, &encode.TradeReport{OwnFill: own, History: 0xab, ClientOrderID: "a1", Query: trades})
		}),
		answered("a trade in an auction, the last of them", func(e *encode.Encoder) []byte {
			return e.Trade(nil, s, &encode.TradeReport{OwnFill: &maker, History: 0xab, Query: trades, Last: true})
		}),
		answered("a trade by subscription", func(e *encode.Encoder) []byte {
			return e.Trade(nil, s, &encode.TradeReport{OwnFill: own, History: 0xab, Query: trades, Unsolicited: true})
		}),
		answered("a trade that nobody asked for", func(e *encode.Encoder) []byte {
			return e.Trade(nil, s, &encode.TradeReport{OwnFill: own, History: 0xab})
		}),
		answered("one balance follows", func(e *encode.Encoder) []byte {
			return e.PositionsAck(nil, s, positions, 1, encode.PositionsFollow, "")
		}),
		answered("the account is not the client's", func(e *encode.Encoder) []byte {
			return e.PositionsAck(nil, s, positions, 0, encode.PositionsNotAuthorised, "not your account")
		}),
		answered("a balance", func(e *encode.Encoder) []byte {
			return e.Position(nil, s, positions, balance, event.Pin{Sequence: 120, At: at}, 1)
		}),
	})
}

func stop(t market.OrderType) event.Order {
	return order(func(o *event.Order) {
		o.Type, o.Status, o.StopPrice = t, market.StatusPendingTrigger, 10_100
		if t == market.Stop {
			o.Price = 0
		}
	})
}

// renamed is an order after a replace.
func renamed(o *event.Order) { o.ClientOrderID, o.Price = "a2", 10_075 }
