package fsm_test

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// lots rests so many orders of an account's, a lot of BTC each, at one price.
func (v *venue) lots(account string, side market.Side, price string, orders int) {
	v.t.Helper()
	var commands []*command.Command
	for range orders {
		commands = append(commands, v.admin(limit(account, "BTC-USD", side, "0.0001", price)))
	}
	v.apply(commands...)
}

// One participant's fills, however it orders them, make its own next order wait
// and nobody else's: neither one that cannot trade nor one that can.
func TestOnesFillsThrottleNobodyElse(t *testing.T) {
	const most = 40 // fills of an order; a share is 10
	for _, c := range []struct {
		name string
		own  []string // lots of TRADER1's buys, in tenths of a thousandth
		want int      // how many of them are executed
	}{
		{"one order of all", []string{"0.0040", "0.0001"}, 1},
		{"one below the share, and all", []string{"0.0009", "0.0040", "0.0001"}, 2},
		{"at the share", []string{"0.0010", "0.0001"}, 1},
		{"many small ones", []string{"0.0003", "0.0003", "0.0003", "0.0003", "0.0001"}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue(t, fsm.Bounds{FillsPerCommand: most})
			v.demo()
			v.lots("trader1", market.Sell, "50000", 200)
			v.must(limit("trader3", "ETH-USD", market.Sell, "1", "3000"))
			for range 3 {
				var commands []*command.Command
				for _, q := range c.own {
					commands = append(commands, v.by("TRADER1", limit("trader1", "BTC-USD", market.Buy, q, "50000")))
				}
				commands = append(commands,
					v.by("TRADER1", limit("trader1", "BTC-USD", market.Buy, "0.0001", "10")),
					v.by("TRADER2", limit("trader2", "ETH-USD", market.Buy, "0.001", "10")),
					v.by("TRADER2", limit("trader2", "BTC-USD", market.Buy, "0.0001", "50000")),
					v.by("TRADER3", limit("trader3", "BTC-USD", market.Buy, "0.001", "10")))
				_, outcomes := v.apply(commands...)
				for i, o := range outcomes {
					if want := i < c.want || i >= len(c.own); (o.Kind == event.OutcomeExecuted) != want {
						t.Errorf("command %d: outcome %d", i, o.Kind)
					}
				}
			}
		})
	}
}

// The bound of an entry's fills: less than twice what an order may have and a
// quarter of it, with the dearest orders in the dearest order.
func TestMostFillsOfAnEntry(t *testing.T) {
	const most = 40
	v := newVenue(t, fsm.Bounds{FillsPerCommand: most})
	v.demo()
	v.lots("trader1", market.Sell, "50000", 300)
	buy := func(n int, quantity string) *command.Command {
		return v.by(fmt.Sprintf("TRADER%d", n), limit(fmt.Sprintf("trader%d", n), "BTC-USD", market.Buy, quantity, "50000"))
	}
	// 9 and 30 make 39, then 10 that begin below F: 49, then the first of another.
	block, outcomes := v.apply(buy(1, "0.0009"), buy(1, "0.0030"), buy(2, "0.0010"), buy(3, "0.0040"), buy(4, "0.0001"), buy(1, "0.0001"))
	for i, want := range []event.OutcomeKind{event.OutcomeExecuted, event.OutcomeExecuted, event.OutcomeExecuted, event.OutcomeExecuted,
		event.OutcomeThrottled, event.OutcomeThrottled} {
		if outcomes[i].Kind != want {
			t.Errorf("order %d: outcome %d, want %d", i, outcomes[i].Kind, want)
		}
	}
	if n := fillsOf(block); n != 2*most+most/4-1 {
		t.Errorf("%d fills, want one below twice and a quarter of %d", n, most)
	}
}

// While the stops of one participant go on over many entries, everybody else
// places what cannot trade in their instrument, trades in others, and opens and
// closes markets; what could trade in their instrument waits, for they come
// first.
func TestOnesStopsThrottleNobodyElse(t *testing.T) {
	const most, stops = 40, 30
	v := newVenue(t, fsm.Bounds{FillsPerCommand: most})
	v.demo()
	v.lots("trader1", market.Buy, "45000", 1000)
	v.lots("trader1", market.Buy, "45000", 300)
	for range stops {
		v.must(&command.PlaceOrder{Account: "trader1", Instrument: "BTC-USD", Side: market.Sell, Type: market.StopLimit,
			Quantity: opt("0.0040"), StopPrice: opt("45000"), Price: opt("40000")})
	}
	v.must(limit("trader3", "ETH-USD", market.Sell, "100", "3000"), limit("trader1", "BTC-USD", market.Sell, "0.0001", "45000"))
	own := limit("trader2", "BTC-USD", market.Buy, "0.1", "20")
	own.ClientOrderID = "o"
	v.must(own)
	entries := 0
	for ; v.machine.Pending(); entries++ {
		block, outcomes := v.apply(
			v.by("TRADER2", limit("trader2", "BTC-USD", market.Buy, "0.001", "10")),
			v.by("TRADER2", &command.AmendOrder{Order: command.OrderRef{Account: "trader2", ClientOrderID: "o"}, Price: opt(fmt.Sprint(21 + entries))}),
			v.by("TRADER2", limit("trader2", "ETH-USD", market.Buy, "0.001", "3000")),
			v.admin(&command.DefineInstrument{Instrument: "BTC-USD", Base: "BTC", Quote: "USD", PriceTick: dec("0.01"), QuantityStep: dec("0.0001"), ReferencePrice: opt("50000")}),
			v.by("TRADER3", limit("trader3", "BTC-USD", market.Sell, "0.0001", "45000")))
		for i, o := range outcomes[:4] {
			if o.Kind != event.OutcomeExecuted || o.Group.Rejection() != nil {
				t.Fatalf("entry %d, command %d: outcome %d", entries, i, o.Kind)
			}
		}
		if o := outcomes[4]; (o.Kind == event.OutcomeThrottled) != v.machine.Pending() {
			t.Fatalf("entry %d: what could trade in the stops' instrument: outcome %d, stops left %t", entries, o.Kind, v.machine.Pending())
		}
		if n := fillsOf(block); n >= 2*most+most/4 {
			t.Fatalf("%d fills in an entry", n)
		}
	}
	if entries < stops/2 || entries > stops+1 {
		t.Errorf("%d stops took %d entries", stops, entries)
	}
	if err := v.machine.Audit(); err != nil {
		t.Error(err)
	}
}

// An iceberg shows at least a thousandth of itself, so that one command against
// it costs a thousand fills; one that is smaller already may stay so.
func TestIcebergsShowAThousandth(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	ice := func(quantity, display string) *command.PlaceOrder {
		b := limit("trader1", "ETH-USD", market.Sell, quantity, "3000")
		b.DisplayQuantity = opt(display)
		return b
	}
	for quantity, want := range map[string]bool{"0.999": true, "1": true, "1.001": false} {
		o := v.do(ice(quantity, "0.001"))
		r := o.Group.Rejection()
		if (r == nil) != want || r != nil && r.Code != event.CodeInvalidParameters {
			t.Errorf("%s that shows 0.001: taken %t, want %t", quantity, r == nil, want)
		}
	}
	b := ice("1", "0.001")
	b.ClientOrderID = "o"
	v.must(b)
	amend := func(a command.AmendOrder) *event.CommandRejected {
		a.Order = command.OrderRef{Account: "trader1", ClientOrderID: "o"}
		return v.do(&a).Group.Rejection()
	}
	if amend(command.AmendOrder{Quantity: opt("1.001")}) == nil {
		t.Error("it grew beyond a thousand of what it shows")
	}
	if r := amend(command.AmendOrder{Quantity: opt("2"), DisplayQuantity: opt("0.002")}); r != nil {
		t.Errorf("both doubled: %s", r.Detail)
	}
	if amend(command.AmendOrder{DisplayQuantity: opt("0.001")}) == nil {
		t.Error("it shows less than a thousandth")
	}
}
