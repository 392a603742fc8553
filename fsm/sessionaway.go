package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// A session whose CompID was taken away has lost its logon, and from level 4 on
// nothing else: what happens to its orders takes its next numbers, and a drop
// copy goes on, so that no report is missing when the CompID is given back. If
// another participant gets it instead, the numbers begin anew.
//
// A CompID that is given to a market data session meanwhile is the one case in
// which that can't be, for reports under it would reach that session. Then the
// numbers lapse: they are of no history, and if the CompID is ever one for orders
// or drop copies again, its first logon must begin them anew.

// noHistory is the past of numbers that lapsed; no history has that name.
const noHistory = 0

// lapsed reports whether a session's numbers ended while it is away.
func (s *session) lapsed() bool { return s.has(sessionWithdrawn) && s.history == noHistory }

// numbers reports whether what happens is told under a session's numbers. At
// level 3 nothing is while its CompID is taken away.
func (m *Machine) numbers(s *session) bool {
	return !s.has(sessionWithdrawn) || m.level() >= LevelCluster && !s.lapsed()
}

// lapse ends the numbers of a session that is away.
func (m *Machine) lapse(n uint32) {
	s := m.sessions.rows.Mut(n)
	s.history = noHistory
	if s.kind == market.SessionDropCopy {
		m.dropCopy(n)
	}
}

// lapseForMarketData is for the CompIDs that a definition makes ones for market
// data.
func (m *Machine) lapseForMarketData(b *command.DefineParticipant) {
	if m.level() < LevelCluster {
		return
	}
	for i := range b.FixSessions {
		if b.FixSessions[i].Kind != market.SessionMarketData {
			continue
		}
		if n := m.sessions.find(b.FixSessions[i].CompID); n != 0 {
			m.lapse(n)
		}
	}
}

// lapseWithdrawn is for what was away when level 4 came: level 3 has left holes
// in their numbers.
func (m *Machine) lapseWithdrawn() {
	for n := uint32(1); n < m.sessions.rows.Len(); n++ {
		if m.sessions.rows.Get(n).has(sessionWithdrawn) {
			m.lapse(n)
		}
	}
}

// dropCopy takes a drop copy from the participant that has it. One that has no
// other is listed for no account any more.
func (m *Machine) dropCopy(n uint32) {
	c, p := &m.sessions.copies, m.sessions.rows.Get(n).participant
	accounts := m.participants.at(p).Accounts
	c.unlist(p, accounts)
	c.remove(p, n)
	c.list(p, accounts)
}
