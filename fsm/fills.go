package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The fills of an entry, and who may make more of them. A prevented self-trade
// and a withdrawn order that is met count as fills.
//
//	F = Bounds.FillsPerCommand, share = F/4
//
//	an order begins to match        while its participant has less than share
//	                                and the entry less than F
//	the first of a participant      while the entry has less than F + share
//	a stop begins                   while its participant has less than share
//	                                and the entry less than 3/4 F, or F/2 at
//	                                its start
//
// One participant alone makes less than share + F: its own next order waits, and
// that of whoever has made none does not. All together make less than 2F + share.

// sharesOfFills: a participant that has made one part in so many of what one
// order may make waits for the next entry.
const sharesOfFills = 4

func (m *Machine) shareOfFills() uint32 { return max(m.bounds.FillsPerCommand/sharesOfFills, 1) }

// mayFill reports whether the entry, and the share of the account's participant,
// have room for the fills of one more order.
func (m *Machine) mayFill(account uint32) bool {
	own, most := m.out.fills[m.searcher(account)], m.bounds.FillsPerCommand
	if own == 0 {
		most += m.shareOfFills()
	}
	return own < m.shareOfFills() && m.out.matched < most
}

// mayTrigger reports whether there is room for the fills of one more stop. Stops
// come in the order of the market, whosever they are: one that waits lets no
// other pass.
func (m *Machine) mayTrigger(slot uint32) bool {
	return m.mayMatch() && (m.level() < levelWorstDay ||
		m.out.fills[m.searcher(m.orders.cold.Get(slot).account)] < m.shareOfFills())
}

// countFills counts the fills of an order towards its participant's share.
func (m *Machine) countFills(account, fills uint32) {
	if fills == 0 || m.level() < levelWorstDay {
		return
	}
	if m.out.fills == nil {
		m.out.fills = make(map[uint32]uint32)
	}
	m.out.fills[m.searcher(account)] += fills
}

// couldTrade reports whether a placement or an amendment could trade, or meet a
// withdrawn order, when it arrives. What is refused anyway could not.
func (m *Machine) couldTrade(c *command.Command, about *subject) bool {
	if about.instrument == 0 || about.account == 0 {
		return false
	}
	i := m.instruments.at(about.instrument)
	var side market.Side
	var limit book.Ticks // 0 = any price
	switch b := c.Body.(type) {
	case *command.PlaceOrder:
		rule, ok := book.TypeOf(b.Type)
		if !ok || rule.Waits() || i.readTicks(&limit, b.Price, "price") != nil {
			return false
		}
		side = b.Side
	case *command.AmendOrder:
		if about.lookup != orderFound {
			return false
		}
		o := m.orders.cold.Get(about.order.Slot())
		if o.status == market.StatusPendingTrigger {
			return m.triggering(about.instrument) // its price may have come
		}
		side, limit = o.side, o.price
		if i.readTicks(&limit, b.Price, "price") != nil {
			return false
		}
	}
	if side != market.Buy && side != market.Sell {
		return false
	}
	best, ok := m.orders.book.Best(about.instrument, side.Opposite())
	return ok && (limit == 0 || limit == best.Price || (limit > best.Price) == (side == market.Buy))
}
