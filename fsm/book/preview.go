package book

import "github.com/rialto-exchange/rialto/fsm/market"

// hiddenRest is an iceberg in a preview: what it shows next, and what it has.
type hiddenRest struct {
	slot          uint32
	display, left Lots
}

// Preview returns what Match would, and shows visit each fill that it would
// make, in order, without changing the book. visit may be nil; when it returns
// false the preview ends. It costs about what Match does.
//
// It is how an exact cost is known, and whether all of an order can be filled,
// before anything happens.
func (b *Book) Preview(in *Incoming, visit func(Fill) bool) Outcome {
	p := preview{book: b, in: in, visit: visit, maxSteps: in.maxSteps(), out: Outcome{Remaining: in.Quantity}}
	n := in.opposite()
	for i := b.ladders.Get(n).best; i != 0 && !p.out.done() && !p.stopped; i = b.worse(n, i) {
		lv := b.level(i)
		if !in.reaches(lv.price) {
			break
		}
		p.level(lv)
	}
	return p.out
}

// preview is the state of one call.
type preview struct {
	book     *Book
	in       *Incoming
	visit    func(Fill) bool
	maxSteps uint32
	out      Outcome
	stopped  bool
}

// level goes through a queue once, and then round after round through what
// its icebergs show next, each at the end of the queue as it comes up.
func (p *preview) level(lv *level) {
	hidden := p.book.hidden[:0]
	for slot := lv.head; slot != 0 && p.step(); {
		o := p.book.orders.Get(slot)
		if left := p.order(lv.price, slot, o); left > 0 && o.peak != 0 {
			hidden = append(hidden, hiddenRest{slot, p.book.peaks.Get(o.peak).display, left})
		}
		slot = o.next
	}
	for len(hidden) > 0 {
		still := hidden[:0]
		for _, h := range hidden {
			if !p.step() {
				p.book.hidden = hidden[:0]
				return
			}
			o := p.book.orders.Get(h.slot)
			h.left = p.fill(lv.price, h.slot, o, min(h.display, h.left), h.left)
			if h.left > 0 {
				still = append(still, h)
			}
		}
		hidden = still
	}
	p.book.hidden = hidden[:0]
}

// step counts one more fill or prevented self-trade, if there may be one.
func (p *preview) step() bool {
	if p.out.done() || p.stopped {
		return false
	}
	if p.out.Steps == p.maxSteps {
		p.out.Reason = market.ReasonFillLimit
		return false
	}
	p.out.Steps++
	return true
}

// order trades with the head of the queue and returns what it has left.
func (p *preview) order(price Ticks, slot uint32, o *order) Lots {
	if p.in.Withdrawn != nil && p.in.Withdrawn(Slot(slot)) {
		return 0
	}
	if o.owner == p.in.Owner && o.owner != 0 && p.in.SelfTradePrevention != market.STPNone {
		p.selfTrade(price, o)
		return 0
	}
	return p.fill(price, slot, o, p.book.shown(o), o.remaining)
}

// selfTrade counts a trade that the order's mode would prevent.
func (p *preview) selfTrade(price Ticks, o *order) {
	rule, lots := selfTradeRules(p.in.SelfTradePrevention), o.remaining
	if rule.decrements && p.in.Reach != nil {
		lots = p.in.Reach(price, min(lots, p.out.Remaining))
		p.stopped = lots < min(o.remaining, p.out.Remaining)
	}
	if !rule.decrements && p.in.Meets != nil && !p.in.Meets(price, lots) {
		p.stopped = true
		return
	}
	rule.apply(lots, &p.out)
}

func (p *preview) fill(price Ticks, slot uint32, o *order, shown, left Lots) Lots {
	q := min(shown, p.out.Remaining)
	p.out.Remaining -= q
	p.out.Filled += q
	if p.visit != nil {
		p.stopped = !p.visit(Fill{
			Maker: market.NewOrderID(slot, o.generation), Owner: o.owner,
			Price: price, Quantity: q, Remaining: left - q,
		})
	}
	return left - q
}
