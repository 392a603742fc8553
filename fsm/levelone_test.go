package fsm_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// dice draws the same commands for ever: the numbers are those of a generator
// whose output Go has promised to keep.
type dice struct {
	*rand.Rand
	orders []market.OrderID
	now    market.Nanos
}

func (d *dice) of(from ...string) string { return from[d.IntN(len(from))] }

func (d *dice) order() command.OrderRef {
	if len(d.orders) == 0 || d.IntN(10) == 0 {
		return command.OrderRef{Account: d.account(), ClientOrderID: d.of("a", "b", "c", "d")}
	}
	return command.OrderRef{ID: d.orders[max(0, len(d.orders)-1-d.IntN(40))]}
}

func (d *dice) account() string { return d.of("trader1", "trader2", "trader3", "trader4") }

func (d *dice) place() *command.PlaceOrder {
	b := limit(d.account(), d.of("ETH-USD", "ETH-USD", "BTC-USD"), market.Side(1+d.IntN(2)),
		d.of("1", "0.001", "0.003", "1.5", "2.333", "400", "0.0001"), d.of("2999.99", "3000.01", "3000.33", "3001", "2998.5", "50000"))
	b.STP, b.ClientOrderID = market.SelfTradePrevention(d.IntN(5)), d.of("", "", "a", "b", "c", "d")
	switch d.IntN(16) {
	case 0, 1:
		b.Type, b.Price = market.Market, command.Optional{}
		if d.IntN(2) == 0 {
			b.Quantity, b.QuoteQuantity = command.Optional{}, opt(d.of("3000", "0.01", "4500.123456", "2000000"))
		}
	case 2:
		b.TimeInForce = market.FillOrKill
	case 3:
		b.TimeInForce = market.ImmediateOrCancel
	case 4:
		b.PostOnly = true
	case 5, 6:
		b.DisplayQuantity = opt(d.of("0.001", "0.5"))
	case 7:
		b.TimeInForce, b.ExpireAt = market.GoodTillDate, d.now+market.Nanos(d.IntN(50))*1e9
	case 8:
		b.Type, b.StopPrice, b.Price = market.Stop, b.Price, command.Optional{}
	case 9:
		b.Type, b.StopPrice = market.StopLimit, opt(d.of("3000.01", "2999.99"))
	case 10:
		b.TimeInForce = market.Day
	}
	return b
}

func (d *dice) body() command.Body {
	switch d.IntN(24) {
	case 0:
		return &command.CancelAll{Account: d.account(), Instrument: d.of("", "ETH-USD"), Side: market.Side(d.IntN(3))}
	case 1, 2, 3:
		return &command.CancelOrder{Order: d.order()}
	case 4, 5, 6, 7:
		a := &command.AmendOrder{Order: d.order()}
		if d.IntN(2) == 0 {
			a.Quantity = opt(d.of("0.001", "0.5", "2", "1"))
		}
		if d.IntN(2) == 0 {
			a.Price = opt(d.of("2999.99", "3000.01", "3001"))
		}
		return a
	case 8:
		switch d.IntN(8) {
		case 0:
			return &command.SuspendAccount{Account: d.account()}
		case 1, 2:
			return &command.ResumeAccount{Account: d.account()}
		case 3:
			return &command.HaltInstrument{Instrument: "ETH-USD"}
		case 4, 5, 6:
			return &command.SetPhase{Instrument: "ETH-USD", Phase: market.PhaseContinuous}
		}
		return &command.SetLimits{Scope: command.ScopeAccount, Target: d.account(),
			Limits: limitsOf(command.MaxPosition, d.of("900", "1100")), Named: named(command.MaxPosition)}
	}
	return d.place()
}

func named(n command.LimitName) (out [command.LimitCount]bool) {
	out[n] = true
	return out
}

func limitsOf(n command.LimitName, value string) (out command.Limits) {
	out[n] = command.Limit{State: command.LimitValue, Value: dec(value)}
	return out
}

// What entries of a level meant, they mean for ever: the event bytes and the
// state hash of a long day, as the build that knew no higher level made them.
func TestLevelsForEver(t *testing.T) {
	for _, c := range []struct {
		level  uint16
		bounds fsm.Bounds
		hash   string
		events string
	}{
		{1, fsm.Bounds{EventsPerEntry: 3, FillsPerCommand: 4}, "14777b79c6b0045a", "d4cec45710947993bc72ec7a5ab69b12"},
		{1, fsm.Bounds{}, "6cda51dc76fb799d", "c3781c9641991afd181e17dbe82f86aa"},
		{2, fsm.Bounds{EventsPerEntry: 3, FillsPerCommand: 4}, "ac8f2628f267fe19", "d06e9b8ca30097b6f270c0a692ad497d"},
		{2, fsm.Bounds{}, "f7e0dcf4276d615c", "77fea9cc3b0bb9e71591bff8bca39e21"},
	} {
		v := newVenueAt(t, c.level, c.bounds)
		v.demo()
		d := &dice{Rand: rand.New(rand.NewPCG(5, 2026))}
		events := sha256.New()
		for range 4000 {
			v.now += market.Nanos(d.IntN(3)) * 1e9
			d.now = v.now
			var commands []*command.Command
			for range 1 + d.IntN(6) {
				commands = append(commands, v.admin(d.body()))
				if d.IntN(30) == 0 {
					commands[len(commands)-1].HasExpected, commands[len(commands)-1].Expected = true, uint64(d.IntN(4))
				}
			}
			block, _ := v.apply(commands...)
			events.Write(eventcodec.AppendBlock(nil, block))
			for p := range block.Events {
				if r, ok := p.Record.(*event.OrderChanged); ok && r.Type == event.TypeOrderAccepted {
					d.orders = append(d.orders, r.Order.ID)
				}
			}
			if err := v.machine.Audit(); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprintf("%016x", v.machine.Hash()); got != c.hash {
			t.Errorf("level %d: the state hash is %s, it was %s", c.level, got, c.hash)
		}
		if got := fmt.Sprintf("%x", events.Sum(nil)[:16]); got != c.events {
			t.Errorf("level %d: the events hash to %s, they did to %s", c.level, got, c.events)
		}
	}
}
