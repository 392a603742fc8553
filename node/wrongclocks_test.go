package node_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
)

// offClock is off by so much.
type offClock struct {
	cluster.SystemClock
	off time.Duration
}

func (c offClock) Now() time.Time { return time.Now().Add(c.off) }

// newTrioOff is three nodes whose clocks are off.
func newTrioOff(t *testing.T, offs ...time.Duration) *trio {
	t.Helper()
	return newTrioOf(t, func(*node.Config) {}, func(i int) []node.Option {
		return []node.Option{node.WithClock(offClock{off: offs[i]})}
	})
}

// onTime fails if an entry was stamped more than a leader may be beyond the
// true time, and what readings on a busy machine may be wrong by; it makes
// stamps late, never early.
func (c *trio) onTime(o event.Outcome) {
	c.t.Helper()
	if early := time.Until(time.Unix(0, int64(o.At))); early > 2*time.Second {
		c.t.Fatalf("an entry was stamped %v ahead of the true time", early)
	}
}

func (c *trio) leads(i int) bool {
	twin := c.nodes[(i+1)%3].Operations().Twin()
	return twin.Leader == c.configs[i].NodeID
}

func (c *trio) finds(i int, text string) bool {
	for _, f := range c.nodes[i].Operations().Twin().Findings {
		if strings.Contains(f.Text, text) {
			return true
		}
	}
	return false
}

// One clock an hour ahead, one an hour behind, one right: whoever leads at
// first, time is right from the first entry on and stays so when leadership is
// forced upon the wrong ones. Each gives it up; every gateway places orders
// like any other, and the day does not close.
func TestWrongClocksDoNotMoveVenueTime(t *testing.T) {
	c := newTrioOff(t, time.Hour, -time.Hour, 0)
	c.until("the one that is right leads", func() bool { return c.leads(2) })
	c.onTime(c.do(2, &command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2}))
	c.do(2, &command.DefineAsset{Asset: "ETH", Scale: 8})
	c.do(2, &command.DefineInstrument{Instrument: "ETH-USD", Base: "ETH", Quote: "USD",
		PriceTick: decimal(t, "0.01"), QuantityStep: decimal(t, "0.001"),
		ReferencePrice: command.Optional{Set: true, Value: decimal(t, "3000")}})
	c.do(0, &command.OpenAccount{Account: "alice"})
	c.fund(1, "alice", "1000")
	limits := &command.SetLimits{Scope: command.ScopeVenue}
	for n := range command.LimitCount {
		limits.Named[n], limits.Limits[n] = true, command.Limit{State: command.LimitUnlimited}
	}
	c.do(0, limits)
	gtd := &command.PlaceOrder{Account: "alice", Instrument: "ETH-USD", Side: market.Buy, Type: market.Limit,
		Quantity: command.Optional{Set: true, Value: decimal(t, "0.001")}, Price: command.Optional{Set: true, Value: decimal(t, "2000")},
		TimeInForce: market.GoodTillDate, ExpireAt: market.Nanos(time.Now().Add(30 * time.Minute).UnixNano())}
	for i := range 3 { // through a gateway an hour ahead, one an hour behind, one that is right
		c.onTime(c.do(i, gtd))
	}
	for _, wrong := range []int{0, 1} {
		if err := c.nodes[2].Operations().TransferLeader(t.Context(), c.configs[wrong].NodeID); err != nil {
			t.Logf("node %d did not take over: %v", wrong, err)
			continue
		}
		for !c.leads(2) { // it leads for three looks, and every entry is on time
			c.onTime(c.fund(wrong, "alice", "1"))
		}
	}
	c.until("all see both clocks", func() bool {
		for i := range 3 {
			if !c.finds(i, "clock of node n1 is 1h0m0") && !c.finds(i, "clock of node n1 is 59m59") ||
				!c.finds(i, "clock of node n2 is 1h0m0") && !c.finds(i, "clock of node n2 is 59m59") {
				return false
			}
		}
		return true
	})
	c.onTime(c.do(2, &command.CancelAll{Account: "alice"}))
	out := c.do(2, gtd)
	if o := out.Group.Records[0].(*event.OrderChanged); o.Order.Status != market.StatusOpen {
		t.Errorf("an order for half an hour is %v", o.Order.Status)
	}
}

// A leader one second behind hands over.
func TestLeaderBehindHandsOver(t *testing.T) {
	c := newTrioOff(t, -time.Second, 0, 0)
	if !c.leads(0) {
		leader := c.agreedLeader()
		if err := c.nodes[leader].Operations().TransferLeader(t.Context(), "n1"); err != nil {
			t.Fatal(err)
		}
	}
	c.until("another leads", func() bool { return c.leads(1) || c.leads(2) })
	c.until("all see the clock", func() bool {
		return c.finds(0, "behind the median") && c.finds(1, "behind the median") && c.finds(2, "behind the median")
	})
	c.onTime(c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6}))
}
