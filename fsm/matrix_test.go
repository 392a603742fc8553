package fsm_test

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// cell is a combination of what an order can be, where it arrives.
type cell struct {
	kind     market.OrderType
	tif      market.TimeInForce
	phase    market.Phase
	stp      market.SelfTradePrevention
	side     market.Side
	postOnly bool
}

func (c cell) String() string {
	return fmt.Sprintf("%s %s %s in %s, prevent %s, post-only %t", c.side, c.kind, c.tif, c.phase, c.stp, c.postOnly)
}

// quote is a resting order of the plain model: price in cents, quantity in
// thousandths; own says that it is the incoming order's account's.
type quote struct {
	price, quantity int64
	own             bool
}

// fate is what becomes of an order.
type fate struct {
	refusal            event.Code
	status             market.OrderStatus
	reason             market.Reason
	filled             int64
	left               string // what rests on the other side, best first
	resting, triggered bool
}

// The other side of the book that every order meets: 3000.00, 3000.50 and
// 3001.00 for a buy, mirrored at 3000 for a sell, and one beyond the protection
// of a market order.
func otherSide() []quote {
	return []quote{{300_000, 1000, true}, {300_050, 1000, false}, {300_100, 1000, true}, {350_000, 5000, false}}
}

const (
	wanted     = 2500    // of the incoming order
	limitPrice = 300_100 // of those that have one
	protection = 315_000 // 500 bps from the best on arrival
	stopPrice  = 300_040
)

// sweep is matching as the contract tells it, price after price.
func sweep(book []quote, limit, quantity int64, own bool, stp market.SelfTradePrevention) (rest []quote, filled, left int64, reason market.Reason) {
	left = quantity
	for _, q := range book {
		if left == 0 || reason != market.ReasonNone || q.price > limit {
			rest = append(rest, q)
			continue
		}
		take := min(q.quantity, left)
		if q.own && own && stp != market.STPNone {
			switch stp {
			case market.STPCancelNewest:
				reason = market.ReasonSelfTrade
			case market.STPCancelOldest:
				q.quantity = 0
			case market.STPCancelBoth:
				q.quantity, reason = 0, market.ReasonSelfTrade
			case market.STPDecrement:
				q.quantity -= take
				if left -= take; left == 0 {
					reason = market.ReasonSelfTrade
				}
			}
		} else {
			q.quantity, left, filled = q.quantity-take, left-take, filled+take
		}
		if q.quantity > 0 {
			rest = append(rest, q)
		}
	}
	return rest, filled, left, reason
}

func text(book []quote) (s string) {
	for _, q := range book {
		s += fmt.Sprintf("%d@%d ", q.quantity, q.price)
	}
	return s
}

// expected is the contract, read slowly: type and time in force, phase, then
// what the book says.
func (c cell) expected() fate {
	immediate := c.tif == market.ImmediateOrCancel || c.tif == market.FillOrKill
	stop := c.kind == market.Stop || c.kind == market.StopLimit
	book := otherSide()
	refused := func(code event.Code) fate { return fate{refusal: code, left: text(book)} }
	switch {
	case c.kind == market.Market && !immediate, stop && immediate:
		return refused(event.CodeTimeInForceUnsupported)
	case c.postOnly && (c.kind != market.Limit || immediate):
		return refused(event.CodeInvalidParameters)
	case c.phase == market.PhaseClosed:
		return refused(event.CodeMarketClosed)
	case c.phase == market.PhaseHalted:
		return refused(event.CodeInstrumentHalted)
	case c.phase == market.PhaseCancelOnly, c.phase == market.PhasePostOnly && !c.postOnly:
		return refused(event.CodePhaseForbids)
	case c.postOnly:
		return refused(event.CodeWouldCross)
	}
	limit, kind := int64(limitPrice), c.kind
	if stop {
		// A stranger's 1.2 trade through the first and into the second, whose
		// price triggers the stop; a stop without a limit then becomes a market order.
		book, _, _, _ = sweep(book, limitPrice, 1200, false, market.STPNone)
		if kind = market.Limit; c.kind == market.Stop {
			kind = market.Market
		}
	}
	if kind == market.Market {
		limit = protection
		if stop {
			limit = 315_042 // protection above the stop price is what it holds
		}
	}
	f := fate{triggered: stop}
	rest, filled, left, reason := sweep(book, limit, wanted, true, c.stp)
	if c.tif == market.FillOrKill && filled != wanted {
		return refused(event.CodeFOKUnfillable)
	}
	f.filled, f.reason, f.left = filled, reason, text(rest)
	switch {
	case reason != market.ReasonNone:
		f.status = market.StatusCancelled
	case left == 0:
		f.status = market.StatusFilled
	case kind == market.Market:
		f.status, f.reason = market.StatusCancelled, market.ReasonProtection
	case immediate:
		f.status, f.reason = market.StatusCancelled, market.ReasonIOCRemainder
	case filled > 0:
		f.status, f.resting = market.StatusPartiallyFilled, true
	default:
		f.status, f.resting = market.StatusOpen, true
	}
	return f
}

// mirror turns a price of the buy's world into the side's.
func (c cell) mirror(price int64) string {
	if c.side == market.Sell {
		price = 600_000 - price
	}
	return fmt.Sprintf("%d.%02d", price/100, price%100)
}

// happens is what the machine makes of it.
func (c cell) happens(t *testing.T) fate {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	v.must(&command.DefineInstrument{Instrument: "ETH-USD", Base: "ETH", Quote: "USD", PriceTick: dec("0.01"),
		QuantityStep: dec("0.001"), ReferencePrice: opt("3000"), MarketProtectionBps: opt("500")})
	resting := map[market.OrderID]bool{}
	for _, q := range otherSide() {
		account := "trader2"
		if q.own {
			account = "trader1"
		}
		o := v.do(limit(account, "ETH-USD", c.side.Opposite(), fmt.Sprint(q.quantity/1000), c.mirror(q.price)))
		resting[o.Group.Records[0].(*event.OrderChanged).Order.ID] = true
	}
	v.must(&command.SetPhase{Instrument: "ETH-USD", Phase: c.phase})
	b := &command.PlaceOrder{Account: "trader1", Instrument: "ETH-USD", Side: c.side, Type: c.kind, TimeInForce: c.tif,
		Quantity: opt("2.5"), PostOnly: c.postOnly, STP: c.stp}
	if c.kind == market.Limit || c.kind == market.StopLimit {
		b.Price = opt(c.mirror(limitPrice))
	}
	if c.kind == market.Stop || c.kind == market.StopLimit {
		b.StopPrice = opt(c.mirror(stopPrice))
	}
	if c.tif == market.GoodTillDate {
		b.ExpireAt = v.now + 1e9
	}
	f := fate{}
	images := map[market.OrderID]event.Order{}
	see := func(o event.Order) { images[o.ID] = o }
	watch := func(block *event.Block) {
		for _, g := range block.Groups {
			for _, r := range g.Records {
				switch r := r.(type) {
				case *event.CommandRejected:
					f.refusal = r.Code
				case *event.OrderChanged:
					see(r.Order)
					f.triggered = f.triggered || r.Type == event.TypeOrderTriggered
				case *event.Fill:
					see(r.Taker)
					see(r.Maker)
				case *event.SelfTradePrevented:
					see(r.Incoming)
					see(r.Resting)
				}
			}
		}
	}
	block, outcomes := v.apply(v.admin(b))
	watch(block)
	var id market.OrderID
	if r, ok := outcomes[0].Group.Records[0].(*event.OrderChanged); ok {
		id = r.Order.ID
		if images[id].Status == market.StatusPendingTrigger {
			block, _ = v.apply(v.admin(limit("trader3", "ETH-USD", c.side, "1.2", c.mirror(limitPrice))))
			watch(block)
		}
		o := images[id]
		f.status, f.reason, f.filled = o.Status, o.Reason, int64(o.Filled)
		f.resting = o.Status.IsOpen() && o.Visible > 0
	}
	if err := v.machine.Audit(); err != nil {
		t.Fatal(err)
	}
	f.left = c.book(v, resting, images)
	return f
}

// book is what is left of the other side, as the last images say.
func (c cell) book(v *venue, resting map[market.OrderID]bool, images map[market.OrderID]event.Order) string {
	var out []quote
	for _, q := range otherSide() {
		for id := range resting {
			o, changed := images[id]
			if changed && c.mirror(q.price) == market.FormatFixed(int64(o.Price), 2) {
				q.quantity = 0
				if o.Status.IsOpen() {
					q.quantity = int64(o.Quantity - o.Filled)
				}
			}
		}
		if q.quantity > 0 {
			out = append(out, q)
		}
	}
	return text(out)
}

// Every type of order in every time in force, phase and mode of self-trade
// prevention, on both sides, post-only or not, becomes what the contract says,
// and leaves of the other side what it says.
func TestEveryKindOfOrder(t *testing.T) {
	cells := 0
	for kind := market.Limit; kind <= market.StopLimit; kind++ {
		for tif := market.GoodTillCancel; tif <= market.GoodTillDate; tif++ {
			for _, phase := range []market.Phase{market.PhaseContinuous, market.PhasePostOnly, market.PhaseHalted, market.PhaseCancelOnly, market.PhaseClosed} {
				for stp := market.STPNone; stp <= market.STPDecrement; stp++ {
					for _, side := range []market.Side{market.Buy, market.Sell} {
						if side == market.Sell && testing.Short() {
							continue
						}
						for _, postOnly := range []bool{false, true} {
							c := cell{kind, tif, phase, stp, side, postOnly}
							cells++
							if got, want := c.happens(t), c.expected(); got != want {
								t.Errorf("%s:\n got %+v\nwant %+v", c, got, want)
							}
						}
					}
				}
			}
		}
	}
	if cells != 4*5*5*5*2*2 && !testing.Short() {
		t.Errorf("%d combinations", cells)
	}
}
