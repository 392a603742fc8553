package check

import (
	"math/big"
	"slices"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
)

// resting is an order as its events show it.
type resting struct {
	id, account, instrument, side string
	price                         *big.Rat // nil: it has none
	quantity, filled, display     *big.Rat
	shown                         *big.Rat // of the part that is shown now
	postOnly                      bool
	waits                         bool // for its stop price
	due                           string
	place                         uint64 // in its queue: the event that gave it
}

func (r *resting) left() *big.Rat { return new(big.Rat).Sub(r.quantity, r.filled) }

// queues are the open orders of an instrument that have a price, by side.
type queues struct{ buys, sells []*resting }

func (q *queues) side(side string) *[]*resting {
	if side == "buy" {
		return &q.buys
	}
	return &q.sells
}

// before reports whether an order of a side comes before another.
func before(a, b *resting) bool {
	if c := a.price.Cmp(b.price); c != 0 {
		return (c > 0) == (a.side == "buy")
	}
	return a.place < b.place
}

func (q *queues) put(r *resting) {
	list := q.side(r.side)
	at, _ := slices.BinarySearchFunc(*list, r, func(o, r *resting) int {
		if before(o, r) {
			return -1
		}
		return 1
	})
	*list = slices.Insert(*list, at, r)
}

func (q *queues) take(r *resting) {
	list := q.side(r.side)
	if at := slices.Index(*list, r); at >= 0 {
		*list = slices.Delete(*list, at, at+1)
	}
}

func rat(of map[string]any, member string) *big.Rat {
	if s := word(of, member); s != "" {
		if v, ok := new(big.Rat).SetString(s); ok {
			return v
		}
	}
	return nil
}

func (x *invariant) book(instrument string) *queues {
	q := x.books[instrument]
	if q == nil {
		q = &queues{}
		x.books[instrument] = q
	}
	return q
}

// order takes what an event shows of an order.
func (x *invariant) order(e *model.Event, o map[string]any) {
	id := word(o, "order_id")
	r, there := x.open[id]
	if !there {
		r = &resting{
			id: id, account: word(o, "account"), instrument: word(o, "instrument"), side: word(o, "side"),
			filled: new(big.Rat), place: e.Sequence,
		}
		r.postOnly = o["post_only"] == true
		if e.Type != "OrderAccepted" {
			if e.Type != "OrderReported" {
				x.breach(e, "%s is about %s, which is not open", e.Type, id)
			}
			return
		}
		x.open[id] = r
	}
	q := x.book(r.instrument)
	moves := x.changes(e, r, o)
	if open := isOpen(word(o, "status")); !open {
		q.take(r)
		delete(x.open, id)
		return
	}
	if moves {
		q.take(r)
		if r.place = e.Sequence; r.price != nil && !r.waits {
			q.put(r)
		}
	}
}

// changes takes over what an event says, and reports whether the order has
// another place in the queue now.
func (x *invariant) changes(e *model.Event, r *resting, o map[string]any) (moves bool) {
	quantity, filled := rat(o, "quantity"), rat(o, "filled")
	price, display, waits := rat(o, "price"), rat(o, "display_quantity"), word(o, "status") == "pending_trigger"
	switch {
	case quantity == nil || filled == nil:
		x.breach(e, "order %s has no quantity", r.id)
		return false
	case filled.Cmp(quantity) > 0:
		x.breach(e, "order %s is filled %s of %s", r.id, word(o, "filled"), word(o, "quantity"))
	case filled.Cmp(r.filled) < 0:
		x.breach(e, "order %s was filled more before", r.id)
	case e.Type != "OrderFilled" && filled.Cmp(r.filled) != 0:
		x.breach(e, "order %s is filled %s without a fill", r.id, word(o, "filled"))
	}
	traded := new(big.Rat).Sub(filled, r.filled)
	switch e.Type {
	case "OrderAccepted", "OrderTriggered":
		moves = true
	case "OrderAmended":
		moves = !alike(r.price, price) || !alike(r.display, display) || quantity.Cmp(r.quantity) > 0 || r.waits != waits
	case "OrderFilled":
		// An iceberg whose part is gone shows the next one behind the others.
		if r.shown != nil && r.display != nil && r != x.taker {
			r.shown = new(big.Rat).Sub(r.shown, traded)
			moves = r.shown.Sign() <= 0
		}
	}
	r.quantity, r.filled, r.price, r.display, r.waits, r.due = quantity, filled, price, display, waits, word(o, "expire_at")
	if moves || r.shown == nil || r == x.taker {
		r.shown = r.left()
		if display != nil && display.Cmp(r.shown) < 0 {
			r.shown = display
		}
	} else if left := r.left(); left.Cmp(r.shown) < 0 {
		r.shown = left // what is hidden goes first
	}
	return moves
}

func alike(a, b *big.Rat) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Cmp(b) == 0
}

func isOpen(status string) bool {
	return status == "open" || status == "partially_filled" || status == "pending_trigger"
}

// trade holds a trade to both orders' limits, and its maker to price and time:
// nobody on its side came before it.
func (x *invariant) trade(e *model.Event) {
	price := rat(e.Data, "price")
	maker, taker := x.open[word(e.Data, "maker_order_id")], x.open[word(e.Data, "taker_order_id")]
	x.taker = taker
	switch {
	case price == nil || maker == nil || taker == nil:
		x.breach(e, "trade %s is between orders that are not both open", word(e.Data, "trade_id"))
		return
	case maker.side == taker.side || maker.instrument != e.Aggregate || taker.instrument != e.Aggregate:
		x.breach(e, "trade %s is between orders that do not meet", word(e.Data, "trade_id"))
	case maker.price == nil || maker.price.Cmp(price) != 0:
		x.breach(e, "trade %s is not at the price of order %s, which was there first", word(e.Data, "trade_id"), maker.id)
	case taker.price != nil && beyond(taker, price):
		x.breach(e, "trade %s is beyond the limit of order %s", word(e.Data, "trade_id"), taker.id)
	case x.phase[e.Aggregate] != "" && x.phase[e.Aggregate] != "continuous":
		x.breach(e, "trade %s in the phase %s", word(e.Data, "trade_id"), x.phase[e.Aggregate])
	}
	q := x.book(e.Aggregate)
	if first := (*q.side(maker.side)); len(first) > 0 && first[0] != maker {
		x.breach(e, "trade %s passes over order %s, which was before order %s", word(e.Data, "trade_id"), first[0].id, maker.id)
	}
}

func beyond(r *resting, price *big.Rat) bool {
	return r.side == "buy" && price.Cmp(r.price) > 0 || r.side == "sell" && price.Cmp(r.price) < 0
}

// crossed holds a book at rest to its order: the best buy is below the best sell.
func (x *invariant) crossed(e *model.Event, instrument string) {
	q := x.books[instrument]
	if q == nil {
		return
	}
	first := func(list []*resting) *resting {
		for _, r := range list {
			if r.due == "" || r.due > e.At {
				return r
			}
		}
		return nil
	}
	buy, sell := first(q.buys), first(q.sells)
	if buy != nil && sell != nil && buy.price.Cmp(sell.price) >= 0 {
		x.breach(e, "the book of %s is crossed: %s buys at %s and %s sells at %s",
			instrument, buy.id, buy.price.FloatString(8), sell.id, sell.price.FloatString(8))
	}
}
