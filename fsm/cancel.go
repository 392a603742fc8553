package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// aboutOrder resolves a reference to an order.
func (m *Machine) aboutOrder(ref *command.OrderRef) subject {
	s := subject{kind: aboutOrder, order: ref.ID, aggregate: ref.Unparsed}
	switch {
	case ref.ID != 0:
		s.aggregate = ref.ID.String()
		s.lookup = m.orders.find(ref.ID)
	case ref.Unparsed == "":
		m.aboutClientOrder(ref, &s)
	}
	if s.lookup == orderFound || s.lookup == orderIsClosed {
		o := m.orders.cold.Get(s.order.Slot())
		s.account, s.instrument = o.account, o.instrument
	}
	return s
}

// aboutClientOrder resolves account and client order id. The account is what
// the command is about when there is no such order.
func (m *Machine) aboutClientOrder(ref *command.OrderRef, s *subject) {
	s.kind, s.aggregate = aboutAccount, ref.Account
	s.account = uint32(m.accountNames.Find(ref.Account))
	if s.account == 0 || ref.ClientOrderID == "" {
		return
	}
	id, ok := m.clientIDs.Find(m.clientKey(s.account, ref.ClientOrderID))
	if !ok || id == 0 { // a mass cancel's own id is kept too, and names no order
		return
	}
	lookup := m.orders.find(id)
	if lookup != orderPassed && m.orders.cold.Get(id.Slot()).account != s.account {
		return // another account's of the same participant
	}
	s.kind, s.order, s.aggregate, s.lookup = aboutOrder, id, id.String(), lookup
}

// openOrder returns the slot of the order that a command is about.
func (m *Machine) openOrder(about *subject) (uint32, *refusal) {
	switch about.lookup {
	case orderFound:
		return about.order.Slot(), nil
	case orderUnknown:
		return 0, refuse(event.CodeUnknownOrder, "order", "no such order")
	}
	return 0, refuse(event.CodeOrderClosed, "order", "the order is closed")
}

func (m *Machine) cancelOrder(_ *command.CancelOrder, about *subject) *refusal {
	slot, no := m.openOrder(about)
	if no != nil {
		return no
	}
	if no := risk.MayCancel(m.instruments.at(about.instrument).image.Phase); no != nil {
		return no
	}
	m.orders.book.Close(book.Slot(slot))
	m.cancel(slot, event.TypeOrderCancelled, market.StatusCancelled, market.ReasonUser)
	return nil
}

// cancelAll cancels an account's open orders; beyond the entry's budget the
// rest becomes a work item.
func (m *Machine) cancelAll(b *command.CancelAll, about *subject) *refusal {
	if no := m.openedAccount(about.account, b.Account); no != nil {
		return no
	}
	if b.Instrument != "" {
		if about.instrument == 0 {
			return refuse(event.CodeUnknownInstrument, "instrument", "no instrument %s", b.Instrument)
		}
		if no := risk.MayCancel(m.instruments.at(about.instrument).image.Phase); no != nil {
			return no
		}
	}
	m.beginWork(workItem{
		account: about.account, instrument: about.instrument, side: b.Side, reason: market.ReasonMassCancel,
	})
	return nil
}
