package fsm_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// An order for an amount of quote trades and decrements, lot after lot, what
// the amount reaches at each price, fee included, and not a lot more: compared
// with a model that counts single lots. Own orders lose no more than that.
func TestQuoteOrderAgainstSingleLots(t *testing.T) {
	prevented := 0
	rapid.Check(t, func(rt *rapid.T) {
		v := newVenue(t, fsm.Bounds{})
		v.demo()
		side := rapid.SampledFrom([]market.Side{market.Buy, market.Sell}).Draw(rt, "side")
		toward := map[market.Side]int64{market.Buy: 1, market.Sell: -1}[side]
		var book []quote
		for i := range rapid.IntRange(1, 5).Draw(rt, "orders") {
			q := quote{price: 300_000 + toward*int64(i)*100, quantity: rapid.Int64Range(1, 30).Draw(rt, "lots"), own: rapid.Bool().Draw(rt, "own")}
			account := "trader2"
			if q.own {
				account = "trader1"
			}
			v.must(limit(account, "ETH-USD", side.Opposite(), fmt.Sprintf("0.%03d", q.quantity), fmt.Sprintf("%d.00", q.price/100)))
			book = append(book, q)
		}
		// Ledger units are millionths: a lot at 3000.00 is worth 3 USD.
		amount := rapid.OneOf(rapid.Int64Range(1, 200_000_000), rapid.Int64Range(20_000_000, 200_000_000)).Draw(rt, "amount")
		filled, lost := int64(0), int64(0)
		for left, i := amount, 0; i < len(book); i++ {
			q := &book[i]
			lots, cost := int64(0), int64(0)
			for lots < q.quantity {
				next := oneFill(side, q.price, lots+1)
				if next > left {
					break
				}
				lots, cost = lots+1, next
			}
			whole := lots == q.quantity
			left, q.quantity = left-cost, q.quantity-lots
			if q.own {
				lost += lots
			} else {
				filled += lots
			}
			if !whole {
				break
			}
		}
		o := v.do(&command.PlaceOrder{Account: "trader1", Instrument: "ETH-USD", Side: side, Type: market.Market, STP: market.STPDecrement,
			QuoteQuantity: opt(market.FormatFixed(amount, 6))})
		gotFilled, gotLost := int64(0), int64(0)
		for _, r := range o.Group.Records {
			switch r := r.(type) {
			case *event.Fill:
				gotFilled += int64(r.Quantity)
			case *event.SelfTradePrevented:
				gotLost += int64(r.Quantity)
				prevented++
			}
		}
		if gotFilled != filled || gotLost != lost {
			rt.Fatalf("%s for %d: traded %d lots and lost %d, want %d and %d", side, amount, gotFilled, gotLost, filled, lost)
		}
		if filled+lost == 0 && o.Group.Rejection() == nil {
			rt.Fatal("an amount that does not reach for one step was taken")
		}
		if err := v.machine.Audit(); err != nil {
			rt.Fatal(err)
		}
	})
	if prevented == 0 {
		t.Fatal("no self-trade was prevented: the run shows nothing")
	}
}

// oneFill is what lots cost a buyer in one fill, or earn a seller, in
// millionths of USD, at a taker fee of 5 bps rounded up.
func oneFill(side market.Side, price, lots int64) int64 {
	notional := price * lots * 10
	fee := (notional*5 + 9999) / 10_000
	if side == market.Buy {
		return notional + fee
	}
	return notional - fee
}

// Whether an order says how much it wants in base or in quote, its mode of
// self-trade prevention decides about its own order in the way.
func TestQuoteOrderComesToItsOwnOrder(t *testing.T) {
	for _, last := range []bool{false, true} {
		for stp := market.STPCancelNewest; stp <= market.STPDecrement; stp++ {
			var said [2]string
			for i := range said {
				v := newVenue(t, fsm.Bounds{})
				v.demo()
				v.must(limit("trader2", "ETH-USD", market.Sell, "1", "3000"), limit("trader1", "ETH-USD", market.Sell, "1", "3001"))
				if !last {
					v.must(limit("trader2", "ETH-USD", market.Sell, "1", "3002"))
				}
				b := &command.PlaceOrder{Account: "trader1", Instrument: "ETH-USD", Side: market.Buy, Type: market.Market, STP: stp}
				if i == 0 {
					b.Quantity = opt("1.665")
				} else {
					b.QuoteQuantity = opt("5000")
				}
				said[i] = types(v.do(b).Group)
				if err := v.machine.Audit(); err != nil {
					t.Error(err)
				}
			}
			if said[0] != said[1] || !strings.Contains(said[0], "SelfTradePrevented") {
				t.Errorf("%v: by quantity %s; by amount %s", stp, said[0], said[1])
			}
		}
	}
}

// An amount that does not reach for a lot of the own order ends before it.
func TestQuoteOrderEndsBeforeItsOwnOrder(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	v.must(limit("trader2", "ETH-USD", market.Sell, "1", "3000"), limit("trader1", "ETH-USD", market.Sell, "1", "3001"))
	o := v.do(&command.PlaceOrder{Account: "trader1", Instrument: "ETH-USD", Side: market.Buy, Type: market.Market, STP: market.STPCancelBoth, QuoteQuantity: opt("3003")})
	if got := types(o.Group); strings.Contains(got, "SelfTradePrevented") || !strings.Contains(got, "Fill") && !strings.Contains(got, "Trade") {
		t.Errorf("got %s", got)
	}
}
