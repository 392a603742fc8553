package fsm_test

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// ladderOf is a venue in which trader1 sells one ETH at each of so many prices
// from 3000.00 up, and buys as often below 2000.00.
func ladderOf(t *testing.T, level uint16, orders int, events uint32) *venue {
	v := newVenueAt(t, level, fsm.Bounds{EventsPerEntry: events})
	v.demo()
	for i := range orders {
		v.must(limit("trader1", "ETH-USD", market.Sell, "1", fmt.Sprintf("%d.%02d", 3000+i/100, i%100)),
			limit("trader1", "ETH-USD", market.Buy, "0.01", fmt.Sprintf("%d.%02d", 1990-i/100, i%100)))
	}
	return v
}

func (v *venue) drain() (entries int) {
	for v.machine.Pending() {
		v.apply()
		if entries++; entries > 10_000 {
			v.t.Fatal("work without an end")
		}
	}
	if err := v.machine.Audit(); err != nil {
		v.t.Fatal(err)
	}
	return entries
}

func cancelAll(account, instrument string, side market.Side) *command.CancelAll {
	return &command.CancelAll{Account: account, Instrument: instrument, Side: side}
}

// While a mass cancel goes on over several entries, its account waits and
// nobody else: others place, amend and cancel everywhere. At level 1 everybody
// waited. A single cancel, a deposit and the kill switch of the account itself
// are done too.
func TestMassCancelThrottlesNobodyElse(t *testing.T) {
	for _, c := range []struct {
		name  string
		begin command.Body
	}{
		{"cancel-all", cancelAll("trader1", "", market.SideNone)},
		{"cancel-all of an instrument", cancelAll("trader1", "ETH-USD", market.SideNone)},
		{"cancel-all of sells", cancelAll("trader1", "", market.Sell)},
		{"suspension", &command.SuspendAccount{Account: "trader1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for level := uint16(fsm.LevelFirst); level <= fsm.FeatureLevel; level++ {
				v := ladderOf(t, level, 80, 8)
				own := limit("trader2", "ETH-USD", market.Buy, "1", "100")
				own.ClientOrderID = "o"
				v.must(own)
				last := v.do(limit("trader1", "ETH-USD", market.Sell, "1", "4000")).Group.Records[0].(*event.OrderChanged).Order.ID
				v.do(c.begin)
				for _, b := range []command.Body{
					limit("trader2", "ETH-USD", market.Buy, "1", "2500"), limit("trader3", "ETH-USD", market.Sell, "1", "6000"),
					&command.AmendOrder{Order: command.OrderRef{Account: "trader2", ClientOrderID: "o"}, Price: opt("101")},
				} {
					waits := v.do(b).Kind == event.OutcomeThrottled
					if want := level == fsm.LevelFirst; waits != want || !v.machine.Pending() {
						t.Errorf("level %d: %T of another: throttled %t, want %t", level, b, waits, want)
					}
				}
				if level == fsm.LevelFirst {
					continue
				}
				for _, b := range []command.Body{limit("trader1", "BTC-USD", market.Buy, "1", "100"), cancelAll("trader1", "", market.SideNone),
					&command.Withdraw{Account: "trader1", Money: command.Money{Asset: "USD", Value: dec("1")}}} {
					if o := v.do(b); o.Kind != event.OutcomeThrottled {
						t.Errorf("%T of the account itself: outcome %d", b, o.Kind)
					}
				}
				for _, b := range []command.Body{&command.CancelOrder{Order: command.OrderRef{ID: last}}, &command.SuspendAccount{Account: "trader1"},
					&command.Deposit{Account: "trader1", Money: command.Money{Asset: "USD", Value: dec("1")}}} {
					if o := v.do(b); o.Kind != event.OutcomeExecuted || !v.machine.Pending() {
						t.Errorf("%T of the account itself: outcome %d", b, o.Kind)
					}
				}
				v.drain()
			}
		})
	}
}

// An order that its account's mass cancel has yet to reach trades with nobody:
// who meets it ends it. So nothing trades behind a cancel-all or a kill switch
// that was acknowledged, though nobody waits for its end.
func TestWithdrawnOrdersTradeWithNobody(t *testing.T) {
	place := func(change func(b *command.PlaceOrder)) command.Body {
		b := limit("trader2", "ETH-USD", market.Buy, "2", "3000.20")
		change(b)
		return b
	}
	for _, c := range []struct {
		name string
		body command.Body
		want string
	}{
		{"limit", place(func(b *command.PlaceOrder) {}),
			"OrderAccepted OrderCancelled OrderCancelled OrderCancelled OrderCancelled"},
		{"limit that reaches another's", place(func(b *command.PlaceOrder) { b.Price = opt("3001") }), ""},
		{"market, protected from the first that is not withdrawn", place(func(b *command.PlaceOrder) {
			b.Type, b.Price, b.Quantity = market.Market, command.Optional{}, opt("1")
		}), ""},
		{"fill-or-kill", place(func(b *command.PlaceOrder) { b.TimeInForce = market.FillOrKill }), "CommandRejected"},
		{"post-only", place(func(b *command.PlaceOrder) { b.PostOnly = true }),
			"OrderAccepted OrderCancelled OrderCancelled OrderCancelled OrderCancelled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := ladderOf(t, fsm.FeatureLevel, 40, 30)
			v.must(limit("trader3", "ETH-USD", market.Sell, "2", "3000.50"))
			block, _ := v.apply(v.admin(&command.SuspendAccount{Account: "trader1"}), v.admin(c.body))
			var got string
			for p := range block.Events {
				if r, ok := p.Record.(*event.Fill); ok && r.Maker.Account == "trader1" {
					t.Errorf("traded with a suspended account: %+v", r)
				}
			}
			got = types(&block.Groups[1])
			if c.want == "" {
				if r, ok := block.Groups[1].Records[len(block.Groups[1].Records)-1].(*event.Fill); !ok || r.Maker.Account != "trader3" {
					t.Errorf("got %s, want a trade with trader3", got)
				}
			} else if c.want == "CommandRejected" && got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			} else if c.want != "CommandRejected" && len(got) < len(c.want) {
				t.Errorf("got %s, want %s …", got, c.want)
			}
			if err := v.machine.Audit(); err != nil {
				t.Error(err)
			}
			v.drain()
		})
	}
}

// A stop of an account whose mass cancel goes on is cancelled when its price
// comes, not triggered.
func TestWithdrawnStopIsNotTriggered(t *testing.T) {
	v := ladderOf(t, fsm.FeatureLevel, 20, 10)
	v.must(&command.PlaceOrder{Account: "trader1", Instrument: "ETH-USD", Side: market.Buy, Type: market.Stop, Quantity: opt("1"), StopPrice: opt("3100")},
		limit("trader3", "ETH-USD", market.Sell, "1", "3200"))
	block, _ := v.apply(v.admin(cancelAll("trader1", "", market.SideNone)), v.admin(limit("trader2", "ETH-USD", market.Buy, "1", "3200")))
	for range 2 {
		for p := range block.Events {
			if r, ok := p.Record.(*event.OrderChanged); ok && r.Order.Type == market.Stop && r.Order.Account == "trader1" {
				if p.Type != event.TypeOrderCancelled || r.Order.Reason != market.ReasonMassCancel || len(block.Groups) < 2 {
					t.Fatalf("got %s, %s", p.Type, r.Order.Reason)
				}
				v.drain()
				return
			}
		}
		block, _ = v.apply()
	}
	t.Fatal("the stop's price came, and nothing happened to it")
}

// A mass cancel names what it cancels: an instrument, a side, both; the rest
// stays, in whatever order the lists are.
func TestMassCancelOfAPart(t *testing.T) {
	for _, c := range []struct {
		instrument string
		side       market.Side
		left       int
	}{
		{"", market.SideNone, 0}, {"ETH-USD", market.SideNone, 3}, {"ETH-USD", market.Buy, 6}, {"BTC-USD", market.Sell, 8}, {"BTC-USD", market.Buy, 5},
		{"", market.Buy, 3}, {"", market.Sell, 5},
	} {
		v := newVenue(t, fsm.Bounds{EventsPerEntry: 2})
		v.demo()
		for i := range 8 {
			b := limit("trader1", "ETH-USD", market.Buy, "0.1", "100")
			if i%4 == 1 || i == 2 {
				b.Instrument = "BTC-USD"
			}
			if i%3 == 0 {
				b.Side, b.Price = market.Sell, opt("90000")
			}
			v.must(b)
		}
		v.do(cancelAll("trader1", c.instrument, c.side))
		v.drain()
		last := v.do(cancelAll("trader1", "", market.SideNone))
		left := last.Group.Records[len(last.Group.Records)-1].(*event.OrdersCancelled).Cancelled
		for v.machine.Pending() {
			block, _ := v.apply()
			for _, g := range block.Groups {
				left += g.Records[len(g.Records)-1].(*event.OrdersCancelled).Cancelled
			}
		}
		if int(left) != c.left {
			t.Errorf("%s %s: %d orders are left, want %d", c.instrument, c.side, left, c.left)
		}
	}
}

// A huge mass cancel leaves room for others': a small one that comes later is
// done in its own entry, and two huge ones go forward side by side.
func TestMassCancelsShareTheBudget(t *testing.T) {
	v := newVenue(t, fsm.Bounds{EventsPerEntry: 40})
	v.demo()
	for i := range 300 {
		price := fmt.Sprint(4000 + i)
		v.must(limit("trader1", "ETH-USD", market.Sell, "0.1", price), limit("trader2", "ETH-USD", market.Sell, "0.1", price))
	}
	for range 5 {
		v.must(limit("trader3", "ETH-USD", market.Sell, "0.1", "5000"))
	}
	v.apply(v.admin(cancelAll("trader1", "", market.SideNone)))
	v.apply(v.admin(cancelAll("trader2", "", market.SideNone)))
	block, outcomes := v.apply(v.admin(cancelAll("trader3", "", market.SideNone)))
	if s := outcomes[0].Group.Records[5].(*event.OrdersCancelled); s.Cancelled != 5 || s.Continues {
		t.Errorf("the small one: got %+v, want it done", s)
	}
	of := map[string]uint32{}
	for _, g := range block.Groups {
		if s, ok := g.Records[len(g.Records)-1].(*event.OrdersCancelled); ok {
			of[s.Account] += s.Cancelled
		}
	}
	if of["trader1"] < 10 || of["trader2"] < 10 {
		t.Errorf("the huge ones: got %v, want each its part", of)
	}
	v.drain()
}

// An account is suspended as often as one likes, and its cancels are one work
// item: they cannot pile up.
func TestSuspendedAgainAndAgain(t *testing.T) {
	v := ladderOf(t, fsm.FeatureLevel, 30, 10)
	v.apply()
	for range 20 {
		v.do(&command.SuspendAccount{Account: "trader1"})
	}
	before := v.machine.Index()
	v.drain()
	if n := v.machine.Index() - before; n > 10 {
		t.Errorf("%d entries until all was cancelled", n)
	}
}

// An acknowledged cancel-all is carried through, whatever becomes of the market
// before it is done: closed, halted and opened again, none of its orders trade.
// What it did not begin with, in a market that took no cancels, it leaves alone.
func TestCancelAllOutlivesItsPhase(t *testing.T) {
	for _, instrument := range []string{"", "ETH-USD"} {
		for _, phase := range []market.Phase{market.PhaseClosed, market.PhaseHalted, market.PhaseCancelOnly} {
			v := newVenue(t, fsm.Bounds{EventsPerEntry: 4})
			v.demo()
			for range 10 {
				v.must(limit("trader1", "ETH-USD", market.Buy, "1", "2999"))
			}
			v.must(limit("trader1", "BTC-USD", market.Buy, "1", "40000"),
				&command.SetPhase{Instrument: "BTC-USD", Phase: market.PhaseClosed})
			_, outcomes := v.apply(v.admin(cancelAll("trader1", instrument, market.SideNone)),
				v.admin(&command.SetPhase{Instrument: "ETH-USD", Phase: phase}),
				v.admin(&command.SetPhase{Instrument: "BTC-USD", Phase: market.PhaseContinuous}))
			if r := outcomes[0].Group.Records; !r[len(r)-1].(*event.OrdersCancelled).Continues {
				t.Fatal("it was done at once: the test shows nothing")
			}
			v.machine = throughSnapshot(t, v.machine)
			v.drain()
			v.must(&command.SetPhase{Instrument: "ETH-USD", Phase: market.PhaseContinuous})
			block, _ := v.apply(v.admin(limit("trader2", "ETH-USD", market.Sell, "10", "2999")), v.admin(limit("trader2", "BTC-USD", market.Sell, "1", "40000")))
			traded := map[string]int{}
			for p := range block.Events {
				if r, ok := p.Record.(*event.Fill); ok && p.Type == event.TypeTradeExecuted {
					traded[r.Taker.Instrument]++
				}
			}
			if traded["ETH-USD"] != 0 || traded["BTC-USD"] != 1 {
				t.Errorf("%q, %v: trades behind the cancel-all: %v, want none in ETH-USD and one in BTC-USD", instrument, phase, traded)
			}
		}
	}
}
