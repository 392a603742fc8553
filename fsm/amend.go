package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// amendOrder changes an open order: the whole new order is checked before
// anything changes. Less of it at the same price keeps its place in the queue,
// and so does what changes nothing there; anything else loses it and, if its
// price now crosses, trades at once.
func (m *Machine) amendOrder(b *command.AmendOrder, about *subject) *refusal {
	slot, no := m.openOrder(about)
	if no != nil {
		return no
	}
	was := *m.orders.cold.Get(slot)
	i := m.instruments.at(was.instrument)
	next, no := m.readAmend(b, &was, i)
	if no != nil {
		return no
	}
	key, no := m.freeClientID(was.account, b.NewClientOrderID)
	if no != nil {
		return no
	}
	if no := m.admitAmend(&was, &next, i); no != nil {
		return no
	}
	m.replace(slot, &was, &next, i)
	if b.NewClientOrderID != "" {
		m.renameOrder(slot, b.NewClientOrderID, key)
	}
	m.requeue(slot, &was, i)
	return nil
}

// readAmend returns the order as it is to be.
func (m *Machine) readAmend(b *command.AmendOrder, was *order, i *instrument) (order, *refusal) {
	next := *was
	if b.NewClientOrderID != "" && !market.ValidID(b.NewClientOrderID) {
		return next, invalid("client_order_id is not a valid id")
	}
	if b.Price.Set && was.price == 0 || b.StopPrice.Set && was.stop == 0 {
		return next, invalid("the order has no such price")
	}
	if b.ExpireAt != 0 {
		if rule, _ := book.RuleOf(was.tif); rule.Ends != book.AtExpiry {
			return next, invalid("only gtd orders have an expire_at")
		}
		next.expireAt = b.ExpireAt
		if no := m.readExpiry(&next); no != nil {
			return next, no
		}
	}
	for _, no := range []*refusal{
		i.readLots(&next.quantity, b.Quantity, "quantity"), i.readTicks(&next.price, b.Price, "price"),
		i.readTicks(&next.stop, b.StopPrice, "stop_price"),
		i.readLots(&next.display, b.DisplayQuantity, "display_quantity"),
	} {
		if no != nil {
			return next, no
		}
	}
	if b.DisplayQuantity.Set && next.display > next.quantity {
		return next, invalid("display_quantity is above the quantity")
	}
	if (next.quantity > was.quantity || next.display != was.display) && m.hidesTooMuch(&next) {
		return next, invalid("display_quantity is at least a thousandth of the quantity")
	}
	if b.StopPrice.Set && next.status != market.StatusPendingTrigger {
		return next, invalid("the order has been triggered")
	}
	next.worst = i.worstPrice(&next)
	if next.quantity < next.filled {
		return next, refuse(event.CodeQuantityBelowFilled, "quantity", "the new quantity is below what is filled")
	}
	return next, nil
}

// admitAmend asks risk, funds and book about the new order. What only makes
// it smaller is let through as a cancel is, but not past the phase.
func (m *Machine) admitAmend(was, next *order, i *instrument) *refusal {
	ask := &m.scratch.ask
	*ask = m.risked(next, i, was.remaining())
	ask.Amends = true
	ask.Open--
	if next.price == was.price {
		ask.Price = 0 // the band has judged it already
	}
	if next.status != market.StatusPendingTrigger {
		ask.Stop = 0 // it is a limit order now, within the band like others
	}
	ask.HeldToLeast = m.level() >= levelWorstDay && next.remaining() != 0 &&
		(next.quantity != was.quantity || next.price != was.price || next.stop != was.stop)
	before := i.mustNeed(was, was.remaining())
	after, ok := i.need(next, next.remaining())
	worth, fits := i.notional(next.holdPrice(), next.quantity)
	ask.Notional, ask.Needs = worth, max(after-before, 0)
	if reduces(was, next) {
		return risk.Reduced(ask)
	}
	if !ok || !fits {
		return refuse(event.CodeQuantityOutOfRange, "notional", "the venue cannot count what the order is worth")
	}
	if no := m.judge(ask, next.account); no != nil {
		return no
	}
	if next.remaining() == 0 {
		return nil
	}
	return m.bookAdmits(next, i)
}

// reduces reports whether an amend makes an order smaller, or leaves it as
// large, and nothing else that makes risk.
func reduces(was, next *order) bool {
	return next.price == was.price && next.stop == was.stop && next.worst == was.worst &&
		next.quantity <= was.quantity && next.expireAt <= was.expireAt
}

// replace makes the record the new order, moves the hold and says so.
func (m *Machine) replace(slot uint32, was, next *order, i *instrument) {
	o := m.orders.cold.Mut(slot)
	o.quantity, o.price, o.stop, o.worst = next.quantity, next.price, next.stop, next.worst
	o.display, o.expireAt = next.display, next.expireAt
	if o.expireAt != was.expireAt {
		m.setTimer(slot)
	}
	m.hold(o, i.mustNeed(o, o.remaining())-i.mustNeed(was, was.remaining()))
	m.countBuy(o, o.remaining()-was.remaining())
}

// renameOrder gives an order a new client id. The old one stays its own for
// the window.
func (m *Machine) renameOrder(slot uint32, id string, key dedup.Key) {
	o := m.orders.cold.Mut(slot)
	m.clientIDs.Close(o.clientRef, m.clock.now, m.clientIDAge())
	o.clientRef = m.clientIDs.Add(key, m.orderID(slot))
	o.setClientID(id)
}

// requeue puts the amended order where it belongs now, and emits what came of
// it.
func (m *Machine) requeue(slot uint32, was *order, i *instrument) {
	o := m.orders.cold.Get(slot)
	s := book.Slot(slot)
	switch {
	case o.remaining() == 0:
		m.orders.book.Close(s)
		ref := o.holdRef()
		m.finish(slot, market.StatusFilled, market.ReasonNone)
		m.changeOrder(event.TypeOrderAmended, slot, ref)
	case o.price == was.price && o.stop == was.stop && o.display == was.display && o.quantity <= was.quantity:
		if o.quantity < was.quantity {
			m.orders.book.Reduce(s, o.remaining())
		}
		m.changeOrder(event.TypeOrderAmended, slot, o.holdRef())
	default:
		m.orders.book.Detach(s)
		m.changeOrder(event.TypeOrderAmended, slot, o.holdRef())
		if o.status == market.StatusPendingTrigger {
			m.arm(slot)
		} else {
			m.run(slot)
		}
	}
}
