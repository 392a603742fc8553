package fsm

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Audit goes through the whole state and returns what does not hold:
//
//	in each asset the totals of all accounts sum to zero
//	0 <= held <= total, but for the external account
//	held = the sum of what the balance's open orders need
//	no book is crossed at rest, and it holds exactly the open orders
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
	return m.auditBooks()
}

// auditOrders goes through the accounts' lists and adds up what they need.
func (m *Machine) auditOrders(needs map[ledger.Ref]market.Amount) (open int, err error) {
	for n := uint32(1); n < m.accounts.Len(); n++ {
		count := uint32(0)
		for slot := m.accounts.Get(n).first; slot != 0; slot = m.orders.cold.Get(slot).next {
			o := m.orders.cold.Get(slot)
			in := m.orders.book.Order(book.Slot(slot))
			if o.account != n || !o.status.IsOpen() || in.Remaining != o.remaining() || in.Price == 0 || in.ID.Generation() != o.generation {
				return 0, fmt.Errorf("audit: order %s of %s does not match its place in the book", in.ID, m.accountName(n))
			}
			needs[o.holdRef()] += m.instruments.at(o.instrument).mustNeed(o, o.remaining())
			count++
		}
		if count != m.accounts.Get(n).open {
			return 0, fmt.Errorf("audit: %s counts %d open orders and has %d", m.accountName(n), m.accounts.Get(n).open, count)
		}
		open += int(count)
	}
	return open, nil
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
