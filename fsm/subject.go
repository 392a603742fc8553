package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// subject is what a command is about: the aggregate that its sequence is
// compared with and answered with, and what of the venue it touches.
type subject struct {
	// aggregate is its public name.
	aggregate string
	// kind says which of the numbers below is the aggregate.
	kind aggregateKind
	// The numbers are 0 if there is no such thing (yet).
	asset, instrument, participant uint32
	account, owner, session        uint32
	order                          market.OrderID
	// lookup is how the order was found, or not.
	lookup orderLookup
	// named says that the command names an account or an order, so that a
	// trader must own it.
	named bool
}

type aggregateKind uint8

const (
	aboutVenue aggregateKind = iota
	aboutAsset
	aboutInstrument
	aboutParticipant
	aboutAccount
	aboutOwner
	aboutOrder
	aboutSession
)

// about finds out what a command is about.
func (m *Machine) about(body command.Body) subject {
	switch b := body.(type) {
	case *command.DefineAsset:
		n, _ := m.assets.find(b.Asset)
		return subject{aggregate: b.Asset, kind: aboutAsset, asset: n}
	case *command.DefineInstrument:
		return m.aboutInstrument(b.Instrument)
	case *command.HaltInstrument:
		return m.aboutInstrument(b.Instrument)
	case *command.ResumeInstrument:
		return m.aboutInstrument(b.Instrument)
	case *command.SetPhase:
		return m.aboutInstrument(b.Instrument)
	case *command.RetireInstrument:
		return m.aboutInstrument(b.Instrument)
	case *command.DefineParticipant:
		return m.aboutParticipant(b.Participant)
	case *command.RedefineParticipant:
		return m.aboutParticipant(b.Definition.Participant)
	case *command.CreateKey:
		return m.aboutParticipant(b.Participant)
	case *command.RevokeKey:
		return m.aboutParticipant(b.Participant)
	case *command.SetLimits:
		return m.aboutLimits(b)
	case *command.AmendOrder:
		return m.aboutOrder(&b.Order)
	case *command.CancelOrder:
		return m.aboutOrder(&b.Order)
	}
	return m.aboutAccountOf(body)
}

func (m *Machine) aboutAccountOf(body command.Body) subject {
	switch b := body.(type) {
	case *command.OpenAccount:
		return m.aboutAccount(b.Account)
	case *command.CloseAccount:
		return m.aboutAccount(b.Account)
	case *command.Deposit:
		return m.aboutAccount(b.Account)
	case *command.Withdraw:
		return m.aboutAccount(b.Account)
	case *command.Transfer:
		return m.aboutAccount(b.From)
	case *command.SuspendAccount:
		return m.aboutAccount(b.Account)
	case *command.ResumeAccount:
		return m.aboutAccount(b.Account)
	case *command.CancelAll:
		s := m.aboutAccount(b.Account)
		s.instrument, _ = m.instruments.find(b.Instrument)
		return s
	case *command.PlaceOrder:
		s := m.aboutAccount(b.Account)
		s.instrument, _ = m.instruments.find(b.Instrument)
		return s
	case *command.LogonSession:
		return m.aboutSessionOf(b.CompID)
	case *command.EndSession:
		return m.aboutSessionOf(b.CompID)
	case *command.ResetSession:
		return m.aboutSessionOf(b.CompID)
	case *command.LogoutSession:
		return m.aboutSessionOf(b.CompID)
	}
	return subject{aggregate: market.Venue}
}

func (m *Machine) aboutInstrument(name string) subject {
	n, _ := m.instruments.find(name)
	return subject{aggregate: name, kind: aboutInstrument, instrument: n}
}

func (m *Machine) aboutParticipant(name string) subject {
	n, _ := m.participants.find(name)
	return subject{aggregate: market.ParticipantPrefix + name, kind: aboutParticipant, participant: n}
}

func (m *Machine) aboutAccount(name string) subject {
	return subject{aggregate: name, kind: aboutAccount, account: uint32(m.accountNames.Find(name)), named: true}
}

func (m *Machine) aboutLimits(b *command.SetLimits) subject {
	switch b.Scope {
	case command.ScopeAccount:
		return m.aboutAccount(b.Target)
	case command.ScopeOwner:
		return subject{aggregate: market.OwnerPrefix + b.Target, kind: aboutOwner, owner: uint32(m.ownerNames.Find(b.Target))}
	case command.ScopeInstrument:
		return m.aboutInstrument(b.Target)
	}
	return subject{aggregate: market.Venue}
}

// sequenceOf returns the aggregate's sequence now, 0 if it does not exist.
func (m *Machine) sequenceOf(s *subject) uint64 {
	switch {
	case s.kind == aboutVenue:
		return m.clock.venue
	case s.kind == aboutAsset && s.asset != 0:
		return m.assets.at(s.asset).image.Sequence
	case s.kind == aboutInstrument && s.instrument != 0:
		return m.instruments.at(s.instrument).image.Sequence
	case s.kind == aboutParticipant && s.participant != 0:
		return m.participants.at(s.participant).Sequence
	case s.kind == aboutAccount && s.account != 0:
		return m.accounts.Get(s.account).sequence
	case s.kind == aboutOwner && s.owner != 0:
		return m.owners.Get(s.owner).sequence
	case s.kind == aboutSession && s.session != 0:
		return m.sessions.rows.Get(s.session).sequence
	case s.kind == aboutOrder && s.lookup == orderFound || s.lookup == orderIsClosed:
		return m.orders.sequence(s.order)
	}
	return 0
}

// passed reports whether it is an order that is closed, and whose sequence is
// forgotten because its slot is another's: no sequence can be expected of it,
// and the answer is that it is closed.
func (s *subject) passed() bool { return s.kind == aboutOrder && s.lookup == orderPassed }

// permitted reports whether who sends the command may do so. What a trader
// does not own is forbidden whether it exists or not.
func (m *Machine) permitted(c *command.Command, v *verb, s *subject) bool {
	switch {
	case c.Body.Kind() == command.KindTermStart:
		return c.Participant == ""
	case isVenues(c.Body.Kind()):
		return c.Participant == "" && c.Source == market.SourceSystem
	case isNodes(c.Body.Kind()):
		return c.Participant == "" && (c.Source == market.SourceSystem || c.Source == market.SourceFIX)
	case c.Body.Kind() == command.KindDeclineOrder:
		return false // it is a session's
	case c.Role == market.RoleAdmin:
		return true
	case c.Role != market.RoleTrader || !v.trader:
		return false
	case s.kind == aboutOrder:
		return m.ownsOrder(c, s)
	}
	return m.ownsAccount(c.Participant, s.account)
}

// isVenues: the kinds of command that only the venue itself sends.
func isVenues(k command.Kind) bool {
	return k == command.KindRaiseLevel || k == command.KindBeginHistory || k == command.KindVoidEntry
}

// isNodes: the kinds of command that nodes send for the sessions they own.
func isNodes(k command.Kind) bool {
	return k == command.KindLogonSession || k == command.KindAdvanceSessions || k == command.KindEndSession
}

// ownsOrder: the order's account decides. An order that is not there is the
// trader's business only under an account of its own, or, if it is named by its
// id, once its place is another order's: then nobody can say any more whose it
// was, only that it is closed.
func (m *Machine) ownsOrder(c *command.Command, s *subject) bool {
	return s.lookup == orderPassed && s.account == 0 || m.ownsAccount(c.Participant, s.account)
}
