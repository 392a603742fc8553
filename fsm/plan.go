package fsm

import (
	"sort"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// plan is what a market order is about to do, exactly: the fills are previewed
// before anything happens, and happen as previewed.
type plan struct {
	notional market.Amount
	// needs is what must be available: quote with fees for a buy, base for a
	// sell.
	needs market.Amount
	// reason is why an order for an amount of quote got no more of it, if not
	// because the amount was reached.
	reason market.Reason
}

// planFills previews a market order; other types hold and need no plan. It
// fixes the quantity of an order for an amount of quote.
func (m *Machine) planFills(o *order, i *instrument) (plan, *refusal) {
	if o.holds() {
		return plan{}, nil
	}
	in := &m.scratch.incoming
	*in = m.incoming(o, i)
	p := &planning{
		i: i, side: o.side, rate: o.takerFee, byQuote: o.quoteQuantity != 0, left: o.quoteQuantity,
		stopsAtOwn: m.level() >= LevelQuote,
	}
	if o.quoteQuantity != 0 {
		in.Quantity = maxLots(i)
		if m.level() >= levelWorstDay {
			in.Reach, in.Meets = p.lose, p.meet
		}
	}
	out := m.orders.book.Preview(in, p.fill)
	m.out.steps += out.Steps
	needs, traded := p.paid, p.lots
	if o.side == market.Sell {
		needs = lotsWorth(i, traded)
	}
	result := plan{notional: p.notional, needs: needs}
	if o.quoteQuantity == 0 {
		return result, nil
	}
	if p.stopped && traded == 0 && (out.Decremented == 0 || m.level() < levelWorstDay) {
		return plan{}, refuse(event.CodeNotionalTooSmall, "quote_quantity", "quote_quantity does not reach for one step")
	}
	o.quantity = traded + out.Decremented
	result.reason = p.shortfall(m, in, out)
	if !p.stopped {
		o.quantity += p.met
	}
	return result, nil
}

// maxLots is more than can ever rest on a side of the book.
func maxLots(i *instrument) book.Lots { return book.Lots(int64(1) << 62 / max(i.step, i.unit)) }

// planning adds up the fills of a preview.
type planning struct {
	i    *instrument
	side market.Side
	rate int32 // the taker's
	// left is what is left of the amount of quote, of an order that has one.
	byQuote        bool
	left           market.Amount
	lots           book.Lots
	notional, paid market.Amount
	// stopped says that the amount of quote was reached. Below level 4 it was not
	// when it reached for no lot of an own order.
	stopped, stopsAtOwn bool
	// met is how many lots of own orders met behind the last fill the amount
	// still reached for: the order is to come to them, for its mode to decide.
	met book.Lots
}

// fill counts one fill. The fee is that of the taker; a rebate that the maker
// will not pay for cannot be counted on.
func (p *planning) fill(f book.Fill) bool {
	lots := f.Quantity
	p.met = 0
	if p.byQuote {
		if lots = p.affordable(f.Price, f.Quantity); lots < f.Quantity {
			p.stopped = true
		}
	}
	if lots > 0 {
		n, cost := p.cost(f.Price, lots)
		p.lots += lots
		p.left -= cost
		p.notional = addSaturating(p.notional, n)
		p.paid = addSaturating(p.paid, cost)
	}
	return !p.stopped
}

// cost is what lots at a price come to, fee included: what a buy pays, or a
// sell gets.
func (p *planning) cost(price book.Ticks, lots book.Lots) (n, cost market.Amount) {
	n = p.i.mustNotional(price, lots)
	fee := max(charge(n, p.rate), 0)
	if p.side == market.Buy {
		return n, addSaturating(n, fee)
	}
	return n, n - fee
}

// lose counts an own order that is met: of so many lots at its price the
// amount loses those that it reaches, at what trading them would have cost.
func (p *planning) lose(price book.Ticks, lots book.Lots) book.Lots {
	reached := p.affordable(price, lots)
	if reached > 0 {
		_, cost := p.cost(price, reached)
		p.left -= cost
	}
	p.stopped = reached < lots
	return reached
}

// meet counts an own order that is met in the other modes, where the amount
// loses nothing, and reports whether it reaches for a lot of it.
func (p *planning) meet(price book.Ticks, lots book.Lots) bool {
	p.met = p.affordable(price, lots)
	p.stopped = p.stopsAtOwn && p.met == 0
	return p.met > 0
}

// affordable is how many lots at a price what is left still reaches for. cost
// rises with the lots, so that the border can be searched for.
func (p *planning) affordable(price book.Ticks, all book.Lots) book.Lots {
	if _, cost := p.cost(price, all); cost <= p.left {
		return all
	}
	return book.Lots(sort.Search(int(all), func(lots int) bool {
		_, cost := p.cost(price, book.Lots(lots)+1)
		return cost > p.left
	}))
}

// shortfall says why the amount was not reached.
func (p *planning) shortfall(m *Machine, in *book.Incoming, out book.Outcome) market.Reason {
	switch {
	case p.stopped || p.left == 0:
		return market.ReasonNone
	case out.Reason != market.ReasonNone:
		return out.Reason
	}
	unlimited := *in
	unlimited.Limit, unlimited.Reach, unlimited.Meets = 0, nil, nil
	rest := m.orders.book.Preview(&unlimited, nil)
	m.out.steps += rest.Steps
	if rest.Filled > out.Filled {
		return market.ReasonProtection
	}
	return market.ReasonNoLiquidity
}
