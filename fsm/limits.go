package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
)

// limits are those of one scope.
type limits struct {
	//lint:ignore U1000 the pool reads and writes it while the record is free
	link uint32 // the pool's
	_    uint32
	row  risk.Limits
}

// limitsAt returns the limits of a number, nil for 0. They are good until
// limits are set again.
func (m *Machine) limitsAt(n uint32) *risk.Limits {
	if n == 0 {
		return nil
	}
	return &m.limits.Get(n).row
}

// scopes returns the limits that an order of an account is held to.
func (m *Machine) scopes(a *account, i *instrument) risk.Scopes {
	s := risk.Scopes{m.limitsAt(a.limits), nil, m.limitsAt(i.limits), m.limitsAt(m.venueLimits)}
	if a.owner != 0 {
		s[1] = m.limitsAt(m.owners.Get(a.owner).limits)
	}
	return s
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
		next := risk.LimitOf(b.Limits[n])
		if b.Named[n] && row.row[n] != next {
			row.row[n], kind = next, event.TypeLimitsSet
		}
	}
	*sequence++
	r := &event.LimitsChanged{Type: kind, Scope: b.Scope, Target: b.Target, Sequence: *sequence}
	for n, l := range row.row {
		r.Limits[n] = l.Command()
	}
	m.out.emit(r)
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
		i := m.instruments.mut(about.instrument)
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
		case !m.enforces(n):
			return refuse(event.CodeInvalidParameters, n.String(), "this venue does not enforce values of %s: only \"none\" can be set", n)
		case l.Value.Units < 0:
			return refuse(event.CodeInvalidParameters, n.String(), "a limit is not below zero")
		}
	}
	return nil
}

// enforces reports whether orders are held to values of a limit.
func (m *Machine) enforces(n command.LimitName) bool {
	return risk.Enforced(n) && (n != command.MaxOrdersPerSecond || m.level() >= levelWorstDay)
}
