package fsm_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// iceberg is a venue where one fill is one lot: trader1 sells very many behind
// a tip of one.
func iceberg(t *testing.T, fills uint32) *venue {
	v := newVenue(t, fsm.Bounds{FillsPerCommand: fills})
	v.demo()
	v.must(tips("1"))
	return v
}

// tips is an iceberg that shows one lot at a time.
func tips(quantity string) command.Body {
	ice := limit("trader1", "ETH-USD", market.Sell, quantity, "3000")
	ice.DisplayQuantity = opt("0.001")
	return ice
}

func fillsOf(b *event.Block) (n int) {
	for p := range b.Events {
		if p.Type == event.TypeTradeExecuted {
			n++
		}
	}
	return n
}

// A participant's orders are taken until they have made a quarter of what one of
// them may: one below that the next is still executed; at it the next is
// throttled, leaves no event, and its id is free to come again in the next
// entry. What cannot trade does not wait.
func TestFillsOfAnEntry(t *testing.T) {
	buy := func(quantity string) command.Body {
		return limit("trader2", "ETH-USD", market.Buy, quantity, "3000")
	}
	for _, c := range []struct {
		name, first string
		fills       int
		second      event.OutcomeKind
	}{
		{"one below", "0.004", 13, event.OutcomeExecuted},
		{"at", "0.005", 5, event.OutcomeThrottled},
		{"beyond", "0.006", 6, event.OutcomeThrottled},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := iceberg(t, 20)
			second := v.admin(buy("0.009"))
			block, outcomes := v.apply(v.admin(buy(c.first)), second, v.admin(deposit("1")),
				v.admin(&command.CancelAll{Account: "trader2"}))
			if got := fillsOf(block); got != c.fills {
				t.Errorf("the entry has %d fills, want %d", got, c.fills)
			}
			if got := outcomes[1].Kind; got != c.second {
				t.Errorf("the second order: outcome %d, want %d", got, c.second)
			}
			if outcomes[2].Kind != event.OutcomeExecuted || outcomes[3].Kind != event.OutcomeExecuted {
				t.Errorf("the others: outcomes %d and %d", outcomes[2].Kind, outcomes[3].Kind)
			}
			want := event.OutcomeExecuted
			if c.second == event.OutcomeExecuted {
				want = event.OutcomeRepeat
			}
			if _, again := v.apply(second); again[0].Kind != want {
				t.Errorf("sent again: outcome %d, want %d", again[0].Kind, want)
			}
		})
	}
}

// Stops that are reached in an entry which has its fills are triggered in the
// following ones, one entry after the other, before anything else of the
// instrument.
func TestTriggersOfAnEntryWithItsFills(t *testing.T) {
	v := iceberg(t, 20)
	stop := func() command.Body {
		return &command.PlaceOrder{Account: "trader3", Instrument: "ETH-USD", Side: market.Sell, Type: market.StopLimit,
			Quantity: opt("0.001"), StopPrice: opt("2999"), Price: opt("2998")}
	}
	bids := limit("trader2", "ETH-USD", market.Buy, "0.016", "2999")
	bids.DisplayQuantity = opt("0.001")
	v.must(limit("trader2", "ETH-USD", market.Buy, "0.001", "3000"), stop(), stop(), bids)
	block, _ := v.apply(v.admin(limit("trader4", "ETH-USD", market.Sell, "0.015", "2999")))
	if got := fillsOf(block); got != 15 || !v.machine.Pending() {
		t.Fatalf("got %d fills, pending %t: want 15, three quarters, and the stops waiting", got, v.machine.Pending())
	}
	o := v.do(limit("trader4", "ETH-USD", market.Sell, "1", "4000"))
	if got := types(o.Group); got != "OrderAccepted" || v.machine.Pending() {
		t.Fatalf("got %s, pending %t", got, v.machine.Pending())
	}
	if err := v.machine.Audit(); err != nil {
		t.Fatal(err)
	}
}

// The bound of the contract: an iceberg of many tips and an entry full of
// orders, of which those are executed that come to the most there can be.
func TestFillsOfAFullEntry(t *testing.T) {
	v := iceberg(t, 0)
	v.must(limit("trader3", "ETH-USD", market.Buy, "0.001", "2000"))
	for range 24 {
		v.must(tips("1"))
	}
	buy := func(account, quantity string) *command.Command {
		return v.admin(limit(account, "ETH-USD", market.Buy, quantity, "3000"))
	}
	commands := []*command.Command{buy("trader2", "2.499"), buy("trader2", "7.500"), buy("trader3", "2.500"), buy("trader1", "20")}
	for range 996 {
		commands = append(commands, buy("trader4", "0.001"))
	}
	block, outcomes := v.apply(commands...)
	if got := fillsOf(block); got != 22_499 {
		t.Errorf("the entry has %d fills, want one below 22,500", got)
	}
	for i, o := range outcomes {
		if want := i < 4; (o.Kind == event.OutcomeExecuted) != want {
			t.Fatalf("command %d: outcome %d", i, o.Kind)
		}
	}
}
