package book_test

import (
	"slices"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// naive is a book that is slow and easy to believe: a slice a ladder, best
// order first.
type naive struct {
	ladders map[ladderKey][]entry
	// gone is the owner whose orders are withdrawn, 0 = none.
	gone uint32
}

type ladderKey struct {
	instrument uint32
	kind       book.Kind
}

var _ engine = (*naive)(nil)

func newNaive() *naive {
	return &naive{ladders: map[ladderKey][]entry{}}
}

func (n *naive) add(k ladderKey, e entry) {
	l := n.ladders[k]
	high := k.kind == book.Bids || k.kind == book.Falling
	i := 0
	for i < len(l) && (l[i].price == e.price || (l[i].price > e.price) == high) {
		i++
	}
	n.ladders[k] = slices.Insert(l, i, e)
}

func (n *naive) find(name string) (ladderKey, int, bool) {
	for k, l := range n.ladders {
		for i, e := range l {
			if e.name == name {
				return k, i, true
			}
		}
	}
	return ladderKey{}, 0, false
}

func (n *naive) isOpen(name string) bool { _, _, ok := n.find(name); return ok }

func (n *naive) cancel(name string) {
	k, i, _ := n.find(name)
	n.ladders[k] = slices.Delete(n.ladders[k], i, i+1)
}

func (n *naive) reduce(name string, remaining book.Lots) {
	k, i, _ := n.find(name)
	e := &n.ladders[k][i]
	e.remaining = remaining
	e.shown = min(e.shown, remaining)
}

func (n *naive) arm(name string, instrument uint32, kind book.Kind, t book.Terms) {
	n.add(ladderKey{instrument, kind}, rested(name, t))
}

// rested is how an order begins to rest.
func rested(name string, t book.Terms) entry {
	e := entry{name, t.Price, t.Remaining, t.Remaining, 0, t.Owner}
	if t.Display > 0 && t.Display < t.Remaining {
		e.shown, e.display = t.Display, t.Display
	}
	return e
}

func (n *naive) trigger(instrument uint32, last book.Ticks) (string, bool) {
	for _, kind := range []book.Kind{book.Rising, book.Falling} {
		k := ladderKey{instrument, kind}
		if l := n.ladders[k]; len(l) > 0 &&
			(kind == book.Rising && last >= l[0].price || kind == book.Falling && last <= l[0].price) {
			n.ladders[k] = l[1:]
			return l[0].name, true
		}
	}
	return "", false
}

func against(in book.Incoming) ladderKey {
	if in.Side == market.Buy {
		return ladderKey{in.Instrument, book.Asks}
	}
	return ladderKey{in.Instrument, book.Bids}
}

func within(in book.Incoming, price book.Ticks) bool {
	return in.Limit == 0 || in.Side == market.Buy && price <= in.Limit || in.Side == market.Sell && price >= in.Limit
}

// match trades and returns the outcome and what a sink hears; self-trades are
// heard only if all is set.
func (n *naive) match(in book.Incoming, all bool) (out book.Outcome, heard []string) {
	k := against(in)
	out.Remaining = in.Quantity
	bound := in.MaxFills
	if bound == 0 {
		bound = book.MaxFills
	}
	for out.Remaining > 0 && out.Reason == market.ReasonNone {
		l := n.ladders[k]
		if len(l) == 0 || !within(in, l[0].price) {
			break
		}
		if out.Steps == bound {
			out.Reason = market.ReasonFillLimit
			break
		}
		out.Steps++
		head := l[0]
		if n.gone != 0 && head.owner == n.gone {
			n.ladders[k] = l[1:]
			if all {
				heard = append(heard, "withdrawn "+head.name)
			}
			continue
		}
		if in.SelfTradePrevention != market.STPNone && in.Owner != 0 && in.Owner == head.owner {
			reached := head.remaining
			if in.SelfTradePrevention == market.STPDecrement && in.Reach != nil && !all {
				reached = in.Reach(head.price, min(head.remaining, out.Remaining))
			}
			whole := min(head.remaining, out.Remaining)
			if text := n.selfTrade(k, in.SelfTradePrevention, reached, &out); all {
				heard = append(heard, text)
			}
			if reached < whole {
				break
			}
			continue
		}
		q := min(head.shown, out.Remaining)
		out.Remaining -= q
		out.Filled += q
		head.remaining -= q
		head.shown -= q
		heard = append(heard, fillText(head.name, head.price, q, head.remaining))
		n.ladders[k] = slices.Clone(l[1:])
		switch {
		case head.remaining == 0:
		case head.shown == 0:
			head.shown = min(head.display, head.remaining)
			n.add(k, head)
		default:
			n.ladders[k] = slices.Insert(n.ladders[k], 0, head)
		}
	}
	return out, heard
}

// selfTrade prevents a trade with the head; decrementing, both lose at most
// the lots that the order reaches.
func (n *naive) selfTrade(k ladderKey, mode market.SelfTradePrevention, reached book.Lots, out *book.Outcome) string {
	head := &n.ladders[k][0]
	lost := book.Lots(0)
	switch mode {
	case market.STPCancelNewest:
		out.Reason = market.ReasonSelfTrade
	case market.STPCancelOldest:
		head.remaining = 0
	case market.STPCancelBoth:
		head.remaining, out.Reason = 0, market.ReasonSelfTrade
	case market.STPDecrement:
		lost = min(head.remaining, out.Remaining, reached)
		head.remaining -= lost
		head.shown = min(head.shown, head.remaining)
		out.Remaining -= lost
		out.Decremented += lost
		if out.Remaining == 0 {
			out.Reason = market.ReasonSelfTrade
		}
	}
	text := selfTradeText(head.name, head.price, lost, head.remaining, out.Reason != market.ReasonNone)
	if head.remaining == 0 {
		n.ladders[k] = n.ladders[k][1:]
	}
	return text
}

// preview runs on a copy.
func (n *naive) preview(in book.Incoming) (book.Outcome, []string) {
	k := against(in)
	kept := slices.Clone(n.ladders[k])
	out, heard := n.match(in, false)
	n.ladders[k] = kept
	return out, heard
}

func (n *naive) admit(in book.Incoming) book.Refusal {
	l := n.ladders[against(in)]
	bound := in.MaxFills
	if bound == 0 {
		bound = book.MaxFills
	}
	for n.gone != 0 && len(l) > 0 && l[0].owner == n.gone && bound > 0 {
		l, bound = l[1:], bound-1
	}
	if in.PostOnly && len(l) > 0 && within(in, l[0].price) {
		return book.WouldCross
	}
	if out, _ := n.preview(in); in.TimeInForce == market.FillOrKill && out.Filled < in.Quantity {
		return book.FOKUnfillable
	}
	return book.Admitted
}

func (n *naive) replace(name string, in book.Incoming) placed {
	if r := n.admit(in); r != book.Admitted {
		return placed{refusal: r}
	}
	n.cancel(name)
	return n.place(name, in)
}

func (n *naive) place(name string, in book.Incoming) placed {
	if r := n.admit(in); r != book.Admitted {
		return placed{refusal: r}
	}
	out, heard := n.match(in, true)
	r := book.Result{Outcome: out}
	switch {
	case out.Remaining == 0 || out.Reason != market.ReasonNone:
	case in.Type == market.Market && len(n.ladders[against(in)]) == 0:
		r.Reason = market.ReasonNoLiquidity
	case in.Type == market.Market:
		r.Reason = market.ReasonProtection
	case in.TimeInForce == market.ImmediateOrCancel || in.TimeInForce == market.FillOrKill:
		r.Reason = market.ReasonIOCRemainder
	default:
		kind := book.Bids
		if in.Side == market.Sell {
			kind = book.Asks
		}
		n.add(ladderKey{in.Instrument, kind}, rested(name, book.Terms{Price: in.Limit, Remaining: out.Remaining, Display: in.Display, Owner: in.Owner}))
		r.Rests = true
	}
	return placed{result: r, heard: heard}
}

func (n *naive) orders(instrument uint32, kind book.Kind) []entry {
	return n.ladders[ladderKey{instrument, kind}]
}

func (n *naive) levels(instrument uint32, kind book.Kind) []book.Level {
	var out []book.Level
	for _, e := range n.orders(instrument, kind) {
		if len(out) == 0 || out[len(out)-1].Price != e.price {
			out = append(out, book.Level{Price: e.price})
		}
		out[len(out)-1].Shown += e.shown
		out[len(out)-1].Count++
	}
	return out
}
