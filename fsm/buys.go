package fsm

import (
	"math"
	"math/bits"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// openBuys is what the open buys of a balance's account can add to it, in
// ledger units: the sum of what remains of them, over all instruments with the
// asset as their base. It lies beside the balance, under its number, and
// changes with each order, so that nobody has to count. It is exact: many
// large buys at small prices come to more than 64 bits.
type openBuys struct{ high, low uint64 }

// times is lots in ledger units of the base.
func times(i *instrument, lots book.Lots) openBuys {
	high, low := bits.Mul64(uint64(lots), uint64(i.step))
	return openBuys{high, low}
}

func (s openBuys) plus(t openBuys) openBuys {
	low, carry := bits.Add64(s.low, t.low, 0)
	high, _ := bits.Add64(s.high, t.high, carry)
	return openBuys{high, low}
}

func (s openBuys) minus(t openBuys) openBuys {
	low, borrow := bits.Sub64(s.low, t.low, 0)
	high, borrow := bits.Sub64(s.high, t.high, borrow)
	if borrow != 0 {
		panic("fsm: open buys fall below zero")
	}
	return openBuys{high, low}
}

// amount is the sum as an amount, at most the largest.
func (s openBuys) amount() market.Amount {
	if s.high != 0 || s.low > math.MaxInt64 {
		return math.MaxInt64
	}
	return market.Amount(s.low)
}

func (m *Machine) openBuys(ref ledger.Ref) openBuys {
	if uint32(ref) >= m.buys.Len() {
		return openBuys{}
	}
	return *m.buys.Get(uint32(ref))
}

// countBuy counts that so many lots more remain of an open order.
func (m *Machine) countBuy(o *order, change book.Lots) {
	if o.side != market.Buy || change == 0 || m.level() < levelWorstDay {
		return
	}
	m.buys.Grow(uint32(o.base) + 1)
	s := m.buys.Mut(uint32(o.base))
	if i := m.instruments.at(o.instrument); change > 0 {
		*s = s.plus(times(i, change))
	} else {
		*s = s.minus(times(i, -change))
	}
}

// position is what the account can come to hold of the base: its total, what
// its open buys of the same base can add, and this order, of which so many lots
// are counted among them already.
func (m *Machine) position(o *order, i *instrument, counted book.Lots) market.Amount {
	if m.level() < levelWorstDay {
		return m.positionCounted(o, i)
	}
	ref := m.ledger.Find(o.account, i.base)
	others := m.openBuys(ref)
	if o.side == market.Buy {
		others = others.minus(times(i, counted))
	}
	return addSaturating(m.ledger.Get(ref).Total, others.plus(times(i, o.remaining())).amount())
}

// positionCounted is position as level 1 found it: by going through all of the
// account's open orders.
func (m *Machine) positionCounted(o *order, i *instrument) market.Amount {
	sum := m.ledger.Get(m.ledger.Find(o.account, i.base)).Total
	for slot := m.accounts.Get(o.account).first; slot != 0; {
		other := m.orders.cold.Get(slot)
		j := m.instruments.at(other.instrument)
		if other.side == market.Buy && j.base == i.base && other.number != o.number {
			sum = addSaturating(sum, lotsWorth(j, other.remaining()))
		}
		slot = other.next
	}
	return addSaturating(sum, lotsWorth(i, o.remaining()))
}
