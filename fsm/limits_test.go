package fsm_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// A buy for an amount of quote counts towards max_position with the lots that
// the amount comes to: exactly the limit is taken, one lot more is not.
func TestPositionOfQuoteOrder(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	l := &command.SetLimits{Scope: command.ScopeAccount, Target: "trader2"}
	l.Named[command.MaxPosition] = true
	l.Limits[command.MaxPosition] = command.Limit{State: command.LimitValue, Value: dec("1001")}
	v.must(l, limit("trader1", "BTC-USD", market.Sell, "10", "50000"))
	buy := func(amount string) command.Body {
		return &command.PlaceOrder{Account: "trader2", Instrument: "BTC-USD", Side: market.Buy, Type: market.Market, QuoteQuantity: opt(amount)}
	}
	o := v.do(buy("50005"))
	if r := o.Group.Rejection(); r == nil || r.Code != event.CodeRiskMaxPosition {
		t.Fatalf("got %s, want risk_max_position", types(o.Group))
	}
	v.must(buy("50000"))
}

// An order for an amount of quote that finds nobody is taken and cancelled, as
// one for a quantity is: the least quantity of the instrument is about orders
// that trade.
func TestQuoteOrderFindsNobody(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	v.must(&command.DefineInstrument{Instrument: "BTC-USD", Base: "BTC", Quote: "USD", PriceTick: dec("0.01"),
		QuantityStep: dec("0.0001"), MinQuantity: opt("0.01"), ReferencePrice: opt("50000")})
	o := v.do(&command.PlaceOrder{Account: "trader2", Instrument: "BTC-USD", Side: market.Buy, Type: market.Market, QuoteQuantity: opt("600")})
	if got := types(o.Group); got != "OrderAccepted OrderCancelled" {
		t.Fatalf("got %s", got)
	}
	if got := o.Group.Records[1].(*event.OrderChanged).Order.Reason; got != market.ReasonNoLiquidity {
		t.Fatalf("got reason %s, want no_liquidity", got)
	}
}

// Once a stop-limit has been triggered it is a limit order like others: an
// amended price is held to the band.
func TestBandOfTriggeredStop(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	v.must(&command.DefineInstrument{Instrument: "BTC-USD", Base: "BTC", Quote: "USD", PriceTick: dec("0.01"),
		QuantityStep: dec("0.0001"), PriceBandBps: opt("100"), ReferencePrice: opt("50000")})
	stop := limit("trader2", "BTC-USD", market.Buy, "1", "49900")
	stop.Type, stop.StopPrice, stop.ClientOrderID = market.StopLimit, opt("50100"), "s"
	v.must(stop, limit("trader1", "BTC-USD", market.Sell, "1", "50100"))
	trade := v.do(limit("trader3", "BTC-USD", market.Buy, "1", "50100"))
	if got := trade.Group.Rejection(); got != nil {
		t.Fatal(got.Detail)
	}
	amend := func(price string) event.Outcome {
		return v.do(&command.AmendOrder{Order: command.OrderRef{Account: "trader2", ClientOrderID: "s"}, Price: opt(price)})
	}
	if r := amend("49000").Group.Rejection(); r == nil || r.Code != event.CodePriceOutsideBand {
		t.Fatalf("got %v, want price_outside_band", r)
	}
	if r := amend("50000").Group.Rejection(); r != nil {
		t.Fatalf("refused: %s", r.Detail)
	}
}

// What only makes an order smaller is let through, also past limits that are
// tighter now than when it was placed; what does not is held to them.
func TestReducePastTighterLimit(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	o := limit("trader2", "BTC-USD", market.Buy, "10", "40000")
	o.ClientOrderID = "o"
	l := &command.SetLimits{Scope: command.ScopeAccount, Target: "trader2"}
	for _, n := range []command.LimitName{command.MaxOrderQuantity, command.MaxPosition} {
		l.Named[n], l.Limits[n] = true, command.Limit{State: command.LimitValue, Value: dec("2")}
	}
	v.must(o, l)
	amend := func(quantity, price string) *event.CommandRejected {
		return v.do(&command.AmendOrder{Order: command.OrderRef{Account: "trader2", ClientOrderID: "o"},
			Quantity: opt(quantity), Price: opt(price)}).Group.Rejection()
	}
	if r := amend("8", ""); r != nil {
		t.Fatalf("smaller: refused: %s", r.Detail)
	}
	for _, c := range [][2]string{{"9", ""}, {"7", "39999"}} {
		if r := amend(c[0], c[1]); r == nil || r.Code != event.CodeRiskMaxOrderQuantity {
			t.Fatalf("%v: got %v, want risk_max_order_quantity", c, r)
		}
	}
	v.must(&command.HaltInstrument{Instrument: "BTC-USD"})
	if r := amend("7", ""); r == nil || r.Code != event.CodeInstrumentHalted {
		t.Fatalf("halted: got %v, want instrument_halted", r)
	}
}
