package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/risk"
)

// limits are those of one scope.
type limits struct {
	link uint32 // the pool's
	_    uint32
	row  [command.LimitCount]limitRow
}

// limitRow is a command.Limit without the gaps that a compiler leaves.
type limitRow struct {
	units  int64
	digits uint32
	state  uint32
}

// limitsAt returns the limits of a number, nil for 0.
func (m *Machine) limitsAt(n uint32) *command.Limits {
	if n == 0 {
		return nil
	}
	var out command.Limits
	for i, r := range m.limits.Get(n).row {
		out[i] = command.Limit{
			State: command.LimitState(r.state),
			Value: market.Decimal{Units: r.units, Digits: uint8(r.digits)},
		}
	}
	return &out
}

func (m *Machine) setLimits(b *command.SetLimits, about *subject) *refusal {
	if no := m.checkLimits(b, about); no != nil {
		return no
	}
	if b.Scope == command.ScopeOwner {
		about.owner = m.internOwner(b.Target)
	}
	number, sequence := m.limitsOf(b.Scope, about)
	if *number == 0 {
		*number = m.limits.Alloc()
	}
	row, kind := m.limits.Mut(*number), event.TypeLimitsConfirmed
	for n := range command.LimitCount {
		l := b.Limits[n]
		if l.State != command.LimitValue {
			l.Value = market.Decimal{}
		}
		next := limitRow{l.Value.Units, uint32(l.Value.Digits), uint32(l.State)}
		if b.Named[n] && row.row[n] != next {
			row.row[n], kind = next, event.TypeLimitsSet
		}
	}
	*sequence++
	m.out.emit(&event.LimitsChanged{
		Type: kind, Scope: b.Scope, Target: b.Target, Limits: *m.limitsAt(*number), Sequence: *sequence,
	})
	return nil
}

// limitsOf returns where a scope keeps the number of its limits, and its
// sequence.
func (m *Machine) limitsOf(scope command.LimitScope, about *subject) (number *uint32, sequence *uint64) {
	switch scope {
	case command.ScopeAccount:
		a := m.accounts.Mut(about.account)
		return &a.limits, &a.sequence
	case command.ScopeOwner:
		o := m.owners.Mut(about.owner)
		return &o.limits, &o.sequence
	case command.ScopeInstrument:
		i := m.instruments.at(about.instrument)
		return &i.limits, &i.image.Sequence
	}
	return &m.venueLimits, &m.clock.venue
}

func (m *Machine) checkLimits(b *command.SetLimits, about *subject) *refusal {
	switch b.Scope {
	case command.ScopeAccount:
		if no := m.clientAccount(about.account, b.Target); no != nil {
			return no
		}
	case command.ScopeOwner:
		if no := ownID(b.Target, "owner"); no != nil {
			return no
		}
	case command.ScopeInstrument:
		if _, no := m.tradable(about.instrument, b.Target); no != nil {
			return no
		}
	case command.ScopeVenue:
	default:
		return refuse(event.CodeInvalidParameters, "limits", "limits are set for an account, an owner, an instrument or the venue")
	}
	for n := range command.LimitCount {
		l := b.Limits[n]
		switch {
		case !b.Named[n] || l.State != command.LimitValue:
		case !risk.Enforced(n):
			return refuse(event.CodeInvalidParameters, n.String(), "this venue does not enforce values of %s: only \"none\" can be set", n)
		case l.Value.Units < 0:
			return refuse(event.CodeInvalidParameters, n.String(), "a limit is not below zero")
		}
	}
	return nil
}
