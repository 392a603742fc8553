package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// mayWait refuses a stop that would not wait: a buy stop waits for a higher
// price, a sell stop for a lower one.
func (i *instrument) mayWait(o *order) *refusal {
	last, stop := i.reference(), market.Price(o.stop)*i.image.PriceTick
	rule, _ := book.TypeOf(o.orderType)
	if last != 0 && book.Triggers(rule.WaitsIn(o.side), book.Ticks(stop), book.Ticks(last)) {
		return refuse(event.CodeWouldTriggerImmediately, "stop_price", "the last price %s has reached the stop price already",
			market.FormatFixed(int64(last), i.image.PriceDigits))
	}
	return nil
}

// arm lets an order wait for its trigger price.
func (m *Machine) arm(slot uint32) {
	o := m.orders.cold.Get(slot)
	rule, _ := book.TypeOf(o.orderType)
	m.orders.book.Arm(book.Slot(slot), o.instrument, rule.WaitsIn(o.side), book.Terms{
		Price: o.stop, Remaining: o.remaining(), Owner: m.selfOf(o.account),
	})
}

// followTrades triggers the stops that a command's trades have reached, behind
// it in the same entry. Beyond the entry's budgets the rest becomes a work item.
func (m *Machine) followTrades(n uint32) {
	if n != 0 && !m.trigger(n) && !m.triggering(n) {
		w := workItem{instrument: n}
		m.mark(&w)
		m.work = append(m.work, w)
	}
}

// triggering reports whether a work item waits for the instrument's stops.
func (m *Machine) triggering(n uint32) bool { return n != 0 && m.instruments.at(n).triggering }

// trigger runs the stops that the last price has reached, one after the other
// as their trades move it, and reports whether it came to the end of them.
func (m *Machine) trigger(n uint32) bool {
	i := m.instruments.at(n)
	for i.last != 0 && risk.MayMatch(i.image.Phase) {
		slot, ok := m.orders.book.NextTriggered(n, i.last)
		if !ok {
			return true
		}
		if !m.mayGoOn() || !m.mayTrigger(uint32(slot)) {
			return false
		}
		before := m.out.emitted
		m.triggerOrder(uint32(slot), i)
		m.out.mass += m.out.emitted - before
	}
	return true
}

// triggerOrder makes a stop the order that it waited to be, as a group of its
// own.
func (m *Machine) triggerOrder(slot uint32, i *instrument) {
	id := m.orderID(slot)
	m.out.begin(event.Context{Source: market.SourceSystem})
	m.orders.book.Detach(book.Slot(slot))
	o := m.orders.cold.Mut(slot)
	if m.level() >= levelWorstDay && m.withdrawn(slot) != market.ReasonNone {
		m.orders.book.Close(book.Slot(slot))
		m.endWithdrawn(slot)
	} else if no := risk.Triggered(&risk.Order{
		Instrument: &i.image, Price: market.Price(o.price) * i.image.PriceTick, Reference: i.reference(),
	}); no != nil {
		m.orders.book.Close(book.Slot(slot))
		m.cancel(slot, event.TypeOrderRejected, market.StatusRejected, market.ReasonTriggerRefused)
	} else {
		o.status = market.StatusOpen
		m.changeOrder(event.TypeOrderTriggered, slot, 0)
		m.run(slot)
	}
	m.endGroup(id.String(), m.orders.sequence(id))
}
