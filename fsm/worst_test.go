package fsm_test

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// worst is an entry that is cheap to send and dear to execute: a venue in which
// somebody has prepared it, and the command that it is full of.
type worst struct {
	name string
	// prepare leaves the venue so that the command is as dear as it can be.
	prepare func(v *venue)
	body    func(i int) command.Body
	// steps is what one of them takes, at level 2 and the contract's bounds.
	steps uint32
}

// wall rests so many sells of trader1's, one lot each, at rising prices.
func wall(v *venue, orders int) {
	var commands []*command.Command
	for i := range orders {
		commands = append(commands, v.admin(limit("trader1", "ETH-USD", market.Sell, "0.001", fmt.Sprintf("%d.%02d", 3000+i/100, i%100))))
		if len(commands) == 1000 || i == orders-1 {
			v.apply(commands...)
			commands = nil
		}
	}
}

// bids rests so many small buys of an account's.
func bids(v *venue, account string, orders int) {
	for from := 0; from < orders; from += 1000 {
		var commands []*command.Command
		for range min(1000, orders-from) {
			commands = append(commands, v.admin(limit(account, "ETH-USD", market.Buy, "0.001", "10")))
		}
		v.apply(commands...)
	}
}

func fok(quantity, price string) *command.PlaceOrder {
	b := limit("trader2", "ETH-USD", market.Buy, quantity, price)
	b.TimeInForce = market.FillOrKill
	return b
}

func worstEntries() []worst {
	marketBuy := func(account string, b command.PlaceOrder) func(int) command.Body {
		b.Account, b.Instrument, b.Side, b.Type = account, "ETH-USD", market.Buy, market.Market
		return func(int) command.Body { return &b }
	}
	return []worst{
		{"market buys refused for funds", func(v *venue) { wall(v, 10_000) },
			marketBuy("trader4", command.PlaceOrder{Quantity: opt("900")}), 10_000},
		{"market buys for an amount, refused for funds", func(v *venue) { wall(v, 10_000) },
			marketBuy("trader4", command.PlaceOrder{QuoteQuantity: opt("9000000")}), 20_000},
		{"fill-or-kill, unfillable", func(v *venue) { wall(v, 10_000) },
			func(int) command.Body { return fok("11", "4000") }, 10_000},
		{"fill-or-kill against an iceberg that shows one lot", func(v *venue) {
			for range 25 {
				v.must(tips("1"))
			}
		}, func(int) command.Body { return fok("20", "3000") }, 10_000},
		{"fill-or-kill market buys, refused for funds", func(v *venue) { wall(v, 10_000) },
			marketBuy("trader4", command.PlaceOrder{Quantity: opt("10"), TimeInForce: market.FillOrKill}), 10_000},
		{"decrement of own orders, refused for funds", func(v *venue) {
			wall(v, 9_999)
			v.must(limit("trader2", "ETH-USD", market.Sell, "900", "3099.98"))
		}, func(int) command.Body {
			return &command.PlaceOrder{Account: "trader1", Instrument: "ETH-USD", Side: market.Buy, Type: market.Market,
				Quantity: opt("900"), STP: market.STPDecrement}
		}, 10_000},
		{"max_position with 10,000 open orders", func(v *venue) {
			bids(v, "trader2", 9_999)
			v.must(&command.SetLimits{Scope: command.ScopeAccount, Target: "trader2",
				Limits: limitsOf(command.MaxPosition, "1010"), Named: named(command.MaxPosition)})
		}, func(int) command.Body { return limit("trader2", "ETH-USD", market.Buy, "1", "10") }, 0},
		{"cancel-alls of an instrument without orders", func(v *venue) { bids(v, "trader2", 9_999) },
			func(int) command.Body { return cancelAll("trader2", "BTC-USD", market.SideNone) }, 0},
		{"cancel-alls of a side without orders", func(v *venue) { bids(v, "trader2", 9_999) },
			func(int) command.Body { return cancelAll("trader2", "", market.Sell) }, 1},
		{"cancel-alls where no cancels are taken", func(v *venue) {
			bids(v, "trader2", 9_999)
			v.must(&command.SetPhase{Instrument: "ETH-USD", Phase: market.PhaseClosed})
		}, func(int) command.Body { return cancelAll("trader2", "", market.SideNone) }, 1},
	}
}

// fill is an entry full of one command.
func (w *worst) fill(v *venue) []*command.Command {
	var commands []*command.Command
	for i := range 1000 {
		commands = append(commands, v.admin(w.body(i)))
	}
	return commands
}

// The steps of the dearest entries that we know: each command takes what it is
// said to, and once they have taken their sender's share of the entry, a quarter,
// no more of them are taken: less than that and one command's more. Those that
// come too late are throttled and may come again, and another's order is taken.
func TestStepsOfTheWorstEntries(t *testing.T) {
	const budget, share = 180_000, 45_000
	for _, w := range worstEntries() {
		t.Run(w.name, func(t *testing.T) {
			v := newVenue(t, fsm.Bounds{StepsPerEntry: budget})
			v.demo()
			w.prepare(v)
			one := w.fill(v)[0]
			if _, outcomes := v.apply(one); outcomes[0].Kind != event.OutcomeExecuted || v.machine.Steps() != w.steps {
				t.Fatalf("one command: outcome %d, %d steps, want %d", outcomes[0].Kind, v.machine.Steps(), w.steps)
			}
			commands := w.fill(v)[:999]
			_, outcomes := v.apply(append(commands, v.admin(limit("trader3", "BTC-USD", market.Buy, "1", "100")))...)
			if outcomes[999].Kind != event.OutcomeExecuted {
				t.Errorf("another's order behind them: outcome %d", outcomes[999].Kind)
			}
			executed := uint32(0)
			for _, o := range outcomes[:999] {
				if o.Kind == event.OutcomeExecuted {
					executed++
				} else if o.Kind != event.OutcomeThrottled {
					t.Fatalf("outcome %d", o.Kind)
				}
			}
			if w.steps == 0 {
				if executed != 999 {
					t.Errorf("%d of 999 executed, want all: they take no steps", executed)
				}
				return
			}
			if want := min(999, (share+w.steps-1)/w.steps); executed != want || v.machine.Steps() != want*w.steps {
				t.Errorf("%d executed in %d steps, want %d", executed, v.machine.Steps(), want)
			}
			if executed == 999 {
				return
			}
			if _, again := v.apply(commands[998]); again[0].Kind != event.OutcomeExecuted {
				t.Errorf("the last one, sent again: outcome %d", again[0].Kind)
			}
		})
	}
}

// The bound itself: one step below it the next command that searches is
// executed, at it the next is throttled; what makes the venue safer and what
// does not search goes on.
func TestStepsPerEntry(t *testing.T) {
	for _, c := range []struct {
		name     string
		quantity string // lots of the first command, each a step
		second   event.OutcomeKind
	}{
		{"one below", "0.099", event.OutcomeExecuted},
		{"at", "0.100", event.OutcomeThrottled},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue(t, fsm.Bounds{StepsPerEntry: 100})
			v.demo()
			wall(v, 200)
			bid := v.do(limit("trader1", "ETH-USD", market.Buy, "1", "100")).Group.Records[0].(*event.OrderChanged).Order.ID
			first := fok(c.quantity, "4000")
			first.Account = "trader4" // short of money: no fills
			first.Quantity = opt(c.quantity)
			first.Type, first.Price = market.Market, command.Optional{}
			v.must(&command.Withdraw{Account: "trader4", Money: command.Money{Asset: "USD", Value: dec("9003")}})
			_, outcomes := v.apply(v.admin(first),
				v.admin(limit("trader2", "ETH-USD", market.Buy, "1", "100")),
				v.admin(&command.CancelOrder{Order: command.OrderRef{ID: bid}}),
				v.admin(cancelAll("trader2", "", market.SideNone)),
				v.admin(&command.Deposit{Account: "trader2", Money: command.Money{Asset: "USD", Value: dec("1")}}),
				v.admin(&command.SuspendAccount{Account: "trader3"}),
				v.admin(&command.HaltInstrument{Instrument: "BTC-USD"}))
			if got := outcomes[1].Kind; got != c.second {
				t.Errorf("the order: outcome %d, want %d; %d steps", got, c.second, v.machine.Steps())
			}
			for i, o := range outcomes[2:] {
				if o.Kind != event.OutcomeExecuted {
					t.Errorf("command %d: outcome %d: it never waits", i+2, o.Kind)
				}
			}
		})
	}
}

// Cancel-alls have as many steps again for themselves: with all steps of the
// others spent they go on up to that, and not one further.
func TestStepsOfCancelAlls(t *testing.T) {
	v := newVenue(t, fsm.Bounds{StepsPerEntry: 30})
	v.demo()
	v.must(limit("trader1", "BTC-USD", market.Buy, "1", "100"), &command.SetPhase{Instrument: "BTC-USD", Phase: market.PhaseClosed})
	var commands []*command.Command
	for range 70 {
		commands = append(commands, v.admin(cancelAll("trader1", "", market.SideNone))) // a step each
	}
	commands[30] = v.admin(limit("trader2", "ETH-USD", market.Buy, "1", "100"))
	_, outcomes := v.apply(commands...)
	for i, o := range outcomes {
		if want := i != 30 && i <= 60; (o.Kind == event.OutcomeExecuted) != want {
			t.Fatalf("command %d: outcome %d", i, o.Kind)
		}
	}
}

// BenchmarkWorstEntries: go test ./fsm -run xxx -bench WorstEntries -benchtime 3x
func BenchmarkWorstEntries(b *testing.B) {
	for _, w := range worstEntries() {
		for level := uint16(fsm.LevelFirst); level <= fsm.FeatureLevel; level++ {
			b.Run(fmt.Sprintf("%s/level %d", w.name, level), func(b *testing.B) {
				// One sender's share is as large as the default of all.
				v := newVenueAt(b, level, fsm.Bounds{StepsPerEntry: 800_000})
				v.demo()
				w.prepare(v)
				entry := sealAt(b, level, v.now, w.fill(v)...)
				b.ResetTimer()
				for range b.N {
					v.machine.Apply(v.machine.Index()+1, 1, entry)
					b.StopTimer()
					entry = sealAt(b, level, v.now, w.fill(v)...)
					b.StartTimer()
				}
				b.ReportMetric(float64(v.machine.Steps()), "steps/entry")
			})
		}
	}
}

// BenchmarkFullEntries: entries that do as much as one may. Each is prepared
// anew, so -benchtime 2x is enough.
func BenchmarkFullEntries(b *testing.B) {
	for _, c := range []struct {
		name    string
		prepare func(v *venue)
		bodies  func() []command.Body
	}{
		{"22,499 fills of orders and icebergs", func(v *venue) {
			wall(v, 9_970)
			for range 25 {
				v.must(tips("1"))
			}
		}, func() []command.Body {
			return []command.Body{limit("trader2", "ETH-USD", market.Buy, "2.499", "3101"), limit("trader2", "ETH-USD", market.Buy, "7.500", "3101"),
				limit("trader3", "ETH-USD", market.Buy, "2.500", "3101"), limit("trader1", "ETH-USD", market.Buy, "20", "3101")}
		}},
		{"10,000 cancels of one account", func(v *venue) { wall(v, 10_000) },
			func() []command.Body { return []command.Body{cancelAll("trader1", "", market.SideNone)} }},
		{"9,999 self-trades prevented", func(v *venue) { wall(v, 9_999) }, func() []command.Body {
			b := limit("trader1", "ETH-USD", market.Buy, "10", "3101")
			b.STP = market.STPDecrement
			return []command.Body{b}
		}},
		{"1,000 stops in a chain", func(v *venue) {
			for i := range 1000 {
				price := fmt.Sprintf("%d.%02d", 2900+i/100, i%100)
				v.must(limit("trader1", "ETH-USD", market.Sell, "0.001", price),
					&command.PlaceOrder{Account: "trader2", Instrument: "ETH-USD", Side: market.Sell, Type: market.Stop,
						Quantity: opt("0.001"), StopPrice: opt(fmt.Sprintf("%d.%02d", 2800-i/100, 99-i%100))})
			}
		}, func() []command.Body { return []command.Body{limit("trader3", "ETH-USD", market.Buy, "1", "2910")} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				v := newVenue(b, fsm.Bounds{})
				v.demo()
				c.prepare(v)
				var commands []*command.Command
				for _, body := range c.bodies() {
					commands = append(commands, v.admin(body))
				}
				entry := seal(b, v.now, commands...)
				b.StartTimer()
				v.machine.Apply(v.machine.Index()+1, 1, entry)
			}
		})
	}
}
