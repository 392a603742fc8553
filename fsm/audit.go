package fsm

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Audit goes through the whole state and returns what does not hold:
//
//	in each asset the totals of all accounts sum to zero
//	0 <= held <= total, but for the external account
//	held = the sum of what the balance's open orders need
//	no book is crossed at rest, and it holds exactly the open orders
//	the open orders are in the lists of their account, instrument and side, in
//	the order of acceptance
//	open buys are counted as what remains of them
//	FIX sessions are whole: see auditSessions
//
// It is for tests and for operators; it reads everything and changes nothing.
func (m *Machine) Audit() error {
	needs := make(map[ledger.Ref]market.Amount)
	open, err := m.auditOrders(needs)
	if err != nil {
		return err
	}
	if n := m.orders.book.Len(); n != open {
		return fmt.Errorf("audit: the book has %d orders, the accounts %d", n, open)
	}
	if err := m.auditLedger(needs); err != nil {
		return err
	}
	if err := m.auditRows(); err != nil {
		return err
	}
	if err := m.auditSessions(); err != nil {
		return err
	}
	return m.auditBooks()
}

// auditOrders goes through the accounts' lists and adds up what they need.
func (m *Machine) auditOrders(needs map[ledger.Ref]market.Amount) (open int, err error) {
	buys := make(map[ledger.Ref]openBuys)
	for n := uint32(1); n < m.accounts.Len(); n++ {
		slots, err := m.openSlots(n)
		if err != nil {
			return 0, err
		}
		for _, slot := range slots {
			o := m.orders.cold.Get(slot)
			in := m.orders.book.Order(book.Slot(slot))
			if o.account != n || !o.status.IsOpen() || in.Remaining != o.remaining() || in.Price == 0 || in.ID.Generation() != o.generation {
				return 0, fmt.Errorf("audit: order %s of %s does not match its place in the book", in.ID, m.accountName(n))
			}
			needs[o.holdRef()] += m.instruments.at(o.instrument).mustNeed(o, o.remaining())
			if o.side == market.Buy && m.level() >= levelWorstDay {
				buys[o.base] = buys[o.base].plus(times(m.instruments.at(o.instrument), o.remaining()))
			}
		}
		if uint32(len(slots)) != m.accounts.Get(n).open {
			return 0, fmt.Errorf("audit: %s counts %d open orders and has %d", m.accountName(n), m.accounts.Get(n).open, len(slots))
		}
		open += len(slots)
	}
	return open, m.auditBuys(buys)
}

// openSlots lists where an account's open orders lie.
func (m *Machine) openSlots(account uint32) (slots []uint32, err error) {
	first := m.accounts.Get(account).first
	if m.level() < levelWorstDay {
		for slot := first; slot != 0; slot = m.orders.cold.Get(slot).next {
			slots = append(slots, slot)
		}
		return slots, nil
	}
	for n, before := first, uint32(0); n != 0; n, before = m.working.records.Get(n).next, n {
		w := m.working.records.Get(n)
		if w.account != account || w.empty() || w.prev != before || m.working.find(account, w.instrument) != n {
			return nil, fmt.Errorf("audit: %s: the list of its orders in %s is not where it belongs",
				m.accountName(account), m.instruments.at(w.instrument).image.Instrument)
		}
		for side, ends := range w.sides {
			last, number := uint32(0), uint64(0)
			for slot := ends.first; slot != 0; slot = m.orders.cold.Get(slot).next {
				o := m.orders.cold.Get(slot)
				if o.instrument != w.instrument || o.side != market.Buy+market.Side(side) || o.prev != last ||
					o.number <= number || *m.working.of.Get(slot) != n {
					return nil, fmt.Errorf("audit: order %s of %s is in a wrong list", m.orderID(slot), m.accountName(account))
				}
				slots, last, number = append(slots, slot), slot, o.number
			}
			if ends.last != last {
				return nil, fmt.Errorf("audit: a list of %s ends elsewhere", m.accountName(account))
			}
		}
	}
	return slots, nil
}

// auditBuys compares the running sums of what open buys can add.
func (m *Machine) auditBuys(want map[ledger.Ref]openBuys) error {
	for ref, of := range m.ledger.All {
		if got := m.openBuys(ref); got != want[ref] {
			return fmt.Errorf("audit: the open buys of %s in %s are counted as %d, they are %d",
				m.accountName(of.Account), m.assets.at(of.Asset).image.Asset, got, want[ref])
		}
	}
	return nil
}

func (m *Machine) auditLedger(needs map[ledger.Ref]market.Amount) error {
	sums := make([]market.Amount, len(m.assets.rows)+1)
	for ref, of := range m.ledger.All {
		b := m.ledger.Get(ref)
		sums[of.Asset] += b.Total
		name, asset := m.accountName(of.Account), m.assets.at(of.Asset).image.Asset
		if b.Held != needs[ref] {
			return fmt.Errorf("audit: %s holds %d %s, its orders need %d", name, b.Held, asset, needs[ref])
		}
		if of.Account != accountExternal && b.Available() < 0 {
			return fmt.Errorf("audit: %s has %d available in %s", name, b.Available(), asset)
		}
	}
	for n, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("audit: %s sums to %d", m.assets.at(uint32(n)).image.Asset, sum)
		}
	}
	return nil
}

func (m *Machine) auditBooks() error {
	for n, i := range m.instruments.rows {
		bid, hasBid := m.orders.book.Best(uint32(n+1), market.Buy)
		ask, hasAsk := m.orders.book.Best(uint32(n+1), market.Sell)
		if hasBid && hasAsk && bid.Price >= ask.Price {
			return fmt.Errorf("audit: %s is crossed: %d bid, %d asked", i.image.Instrument, bid.Price, ask.Price)
		}
	}
	return nil
}
