package viewtest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// venue is the state of the made-up venue: just enough for its images to
// agree. Price × quantity is the notional; there are no fees but the taker's.
type venue struct {
	now       market.Nanos
	sequences map[string]uint64
	balances  map[string]*event.Balance // by account and asset
	resting   []*event.Order            // open ones, oldest first
	orders    uint32
	trades    market.TradeID
}

func newVenue() *venue {
	return &venue{sequences: map[string]uint64{}, balances: map[string]*event.Balance{}}
}

func (v *venue) next(aggregate string) uint64 {
	v.sequences[aggregate]++
	return v.sequences[aggregate]
}

// change changes a balance and returns its image.
func (v *venue) change(account, asset string, total, held market.Amount) event.Balance {
	key := account + "/" + asset
	b := v.balances[key]
	if b == nil {
		b = &event.Balance{Asset: asset, Scale: 6, MinorUnit: 2}
		v.balances[key] = b
	}
	b.Delta = total
	b.Total += total
	b.Held += held
	return *b
}

func (v *venue) deposit(account, asset string, amount market.Amount) event.Record {
	return &event.FundsChanged{
		Type: event.TypeFundsDeposited, Account: account, Sequence: v.next(account),
		Balance: v.change(account, asset, amount, 0),
		Counter: event.AccountBalance{Account: market.AccountExternal, Balance: v.change(market.AccountExternal, asset, -amount, 0)},
	}
}

func (v *venue) move(from, to, asset string, amount market.Amount) event.Record {
	return &event.FundsMoved{
		From: event.Posting{Account: from, Sequence: v.next(from), Balances: []event.Balance{v.change(from, asset, -amount, 0)}},
		To:   event.Posting{Account: to, Sequence: v.next(to), Balances: []event.Balance{v.change(to, asset, amount, 0)}},
	}
}

// need is what an order holds for a quantity.
func need(o *event.Order, quantity market.Quantity) (asset string, amount market.Amount) {
	if o.Side == market.Buy {
		return "USD", market.Amount(o.Price) * market.Amount(quantity)
	}
	return o.Instrument[:3], market.Amount(quantity)
}

func (v *venue) hold(o *event.Order, quantity market.Quantity) event.Balance {
	asset, amount := need(o, quantity)
	return v.change(o.Account, asset, 0, amount)
}

func (v *venue) touch(o *event.Order) *event.Order {
	o.Sequence++
	o.UpdatedAt = v.now
	return o
}

func (v *venue) end(o *event.Order, status market.OrderStatus, reason market.Reason) {
	o.Status, o.Reason, o.Remaining, o.Visible = status, reason, 0, 0
	v.resting = slices.DeleteFunc(v.resting, func(r *event.Order) bool { return r == o })
}

func (g *Generator) cancel() {
	v := g.venue
	if len(v.resting) == 0 {
		g.emit(&event.CommandFenced{Participant: "p", Target: "x"})
		return
	}
	o := v.resting[g.random.IntN(len(v.resting))]
	hold := v.hold(v.touch(o), -o.Remaining)
	v.end(o, market.StatusCancelled, market.ReasonUser)
	g.emit(&event.OrderChanged{Type: event.TypeOrderCancelled, Order: *o, Hold: hold})
}

// preventSelfTrade decrements two orders of one account by one each.
func (g *Generator) preventSelfTrade(account string) {
	v := g.venue
	pair := map[market.Side]*event.Order{}
	for _, o := range v.resting {
		if o.Account == account && o.Remaining > 1 {
			pair[o.Side] = o
		}
	}
	buy, sell := pair[market.Buy], pair[market.Sell]
	if buy == nil || sell == nil {
		g.cancel()
		return
	}
	holds := []event.Balance{v.hold(buy, -1), v.hold(sell, -1)}
	for _, o := range []*event.Order{buy, sell} {
		v.touch(o)
		o.Quantity--
		o.Remaining--
		o.Visible = o.Remaining
	}
	g.emit(&event.SelfTradePrevented{Mode: market.STPDecrement, Quantity: 1, Incoming: *buy, Resting: *sell, Holds: holds})
}

func (g *Generator) place(account string) {
	v := g.venue
	v.orders++
	o := &event.Order{
		ID: market.NewOrderID(v.orders, 1), Account: account,
		Instrument: Instruments()[g.random.IntN(2)], Side: market.Side(1 + g.random.IntN(2)),
		Type: market.Limit, TimeInForce: market.GoodTillCancel, Status: market.StatusOpen,
		Quantity: market.Quantity(1 + g.random.IntN(20)), PriceDigits: 2, QuoteScale: 6,
		CreatedAt: v.now, UpdatedAt: v.now, Sequence: 1,
	}
	o.Price = g.price(o.Side)
	o.Remaining, o.Visible = o.Quantity, o.Quantity
	if g.random.IntN(3) > 0 {
		o.ClientOrderID = fmt.Sprint("k", g.random.IntN(200))
	}
	immediate := !g.Resting && g.random.IntN(4) == 0
	if immediate {
		o.TimeInForce = market.ImmediateOrCancel
	}
	g.emit(&event.OrderChanged{Type: event.TypeOrderAccepted, Order: *o, Hold: v.hold(o, o.Remaining)})
	if g.Resting {
		v.resting = append(v.resting, o)
		return
	}
	for maker := v.match(o); maker != nil && o.Remaining > 0; maker = v.match(o) {
		g.emit(v.fill(o, maker))
	}
	switch {
	case o.Remaining == 0:
	case immediate:
		hold := v.hold(v.touch(o), -o.Remaining)
		v.end(o, market.StatusCancelled, market.ReasonIOCRemainder)
		g.emit(&event.OrderChanged{Type: event.TypeOrderCancelled, Order: *o, Hold: hold})
	default:
		v.resting = append(v.resting, o)
	}
}

func (g *Generator) price(s market.Side) market.Price {
	if g.Resting {
		if s == market.Buy {
			return market.Price(100 + g.random.IntN(400))
		}
		return market.Price(501 + g.random.IntN(400))
	}
	if s == market.Buy {
		return market.Price(90 + g.random.IntN(13))
	}
	return market.Price(98 + g.random.IntN(13))
}

// match returns the order that an incoming one meets next.
func (v *venue) match(taker *event.Order) *event.Order {
	var best *event.Order
	for _, o := range v.resting {
		if o.Instrument != taker.Instrument || o.Side == taker.Side || o.Account == taker.Account || !crosses(taker, o) {
			continue
		}
		if best == nil || better(o, best) {
			best = o
		}
	}
	return best
}

func crosses(taker, maker *event.Order) bool {
	if taker.Side == market.Buy {
		return maker.Price <= taker.Price
	}
	return maker.Price >= taker.Price
}

func better(a, b *event.Order) bool {
	if a.Side == market.Sell {
		return cmp.Less(a.Price, b.Price)
	}
	return cmp.Less(b.Price, a.Price)
}

func (v *venue) fill(taker, maker *event.Order) event.Record {
	quantity := min(taker.Remaining, maker.Remaining)
	v.trades++
	f := &event.Fill{
		TradeID: v.trades, InstrumentSequence: v.next(taker.Instrument), Price: maker.Price, Quantity: quantity,
		Notional: market.Amount(maker.Price) * market.Amount(quantity), TakerSide: taker.Side, TakerFee: 1, FeeAsset: "USD",
	}
	for _, o := range []*event.Order{taker, maker} {
		f.Postings = append(f.Postings, v.post(o, f, o == taker))
	}
	f.Postings = append(f.Postings, event.Posting{Account: market.AccountFees, Sequence: v.next(market.AccountFees),
		Balances: []event.Balance{v.change(market.AccountFees, "USD", 1, 0)}})
	f.Taker, f.Maker = *taker, *maker
	return f
}

// post takes a fill into one of its orders and that one's account.
func (v *venue) post(o *event.Order, f *event.Fill, taker bool) event.Posting {
	v.touch(o)
	o.Filled += f.Quantity
	o.Remaining -= f.Quantity
	o.Visible = o.Remaining
	o.FilledNotional += f.Notional
	o.Status = market.StatusPartiallyFilled
	if o.Remaining == 0 {
		v.end(o, market.StatusFilled, market.ReasonNone)
	}
	base, quote := market.Amount(f.Quantity), -f.Notional
	if o.Side == market.Sell {
		base, quote = -base, -quote
	}
	if taker {
		quote--
		o.Fees++
	}
	asset, held := need(o, f.Quantity)
	release := map[string]market.Amount{asset: -held}
	return event.Posting{Account: o.Account, Sequence: v.next(o.Account), Balances: []event.Balance{
		v.change(o.Account, o.Instrument[:3], base, release[o.Instrument[:3]]),
		v.change(o.Account, "USD", quote, release["USD"]),
	}}
}
