package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// pace is how many orders an account sent of late: those of each fiftieth of a
// second of venue time, from the one 50 before the current one to it. So their
// sum is never less than that of the last second, and an order is forgotten
// after at most 1.02 s.
type pace struct {
	slice int64 // number of the current fiftieth
	total uint32
	// counts are by slice modulo their number.
	counts [paceSlices + 1]uint32
}

const (
	paceSlices = 50
	paceSlice  = market.Nanos(1e9) / paceSlices
)

// advance forgets what is too long ago.
func (p *pace) advance(now market.Nanos) {
	slice := int64(now / paceSlice)
	for n := min(slice-p.slice, int64(len(p.counts))); n > 0; n-- {
		c := &p.counts[(slice-n+1)%int64(len(p.counts))]
		p.total -= *c
		*c = 0
	}
	p.slice = slice
}

func (p *pace) add() {
	p.counts[p.slice%int64(len(p.counts))]++
	p.total++
}

// recentOrders is how many orders the account sent within the last second, as
// far as they were counted.
func (m *Machine) recentOrders(account uint32) uint32 {
	n := m.accounts.Get(account).pace
	if n == 0 {
		return 0
	}
	p := m.paces.Mut(n)
	p.advance(m.clock.now)
	return p.total
}

// judge asks the rules about a placement or an amend. Where max_orders_per_second
// is in force each one counts, whatever the answer, but those that this limit
// itself refuses: what is let through is never more than the limit in any second,
// and who sends too fast is let through again as soon as he was slower.
func (m *Machine) judge(ask *risk.Order, account uint32) *refusal {
	no := risk.Evaluate(ask)
	if ask.Limits.InForce(command.MaxOrdersPerSecond).State == command.LimitValue &&
		(no == nil || no.Code != event.CodeRiskMaxOrdersPerSecond) {
		m.countOrder(account)
	}
	return no
}

func (m *Machine) countOrder(account uint32) {
	a := m.accounts.Mut(account)
	if a.pace == 0 {
		a.pace = m.paces.Append()
	}
	p := m.paces.Mut(a.pace)
	p.advance(m.clock.now)
	p.add()
}
