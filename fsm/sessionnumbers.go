package fsm

import (
	"cmp"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Outbound numbers. Each report takes the next of its session when its record
// is made, whether its client is there or not, and each slot one more; which
// records report to whom says event.AppendDue. The block names the number of
// each session's first report, the order of the records gives the rest: nothing
// here grows with them.

// touchedSessions are those that the entry being applied reports to.
type touchedSessions struct {
	list   []event.SessionTouch
	places map[uint32]int // of a session in list; only looked up and cleared
	// copied are the drop copies of an account as they were at the entry's first
	// report of its orders: they stay the same to its end, for a block says of a
	// drop copy which accounts it reports.
	copied map[string][]uint32
	// uncopied: an order may have been reported when there was no drop copy at
	// all, so that none reports to the entry's end.
	uncopied bool
	// numbered is how many of the entry's records have their numbers.
	numbered int
	due      []event.DueReport
}

// open forgets them.
func (t *touchedSessions) open() {
	t.list, t.numbered, t.uncopied = nil, 0, false
	clear(t.places)
	clear(t.copied)
}

func (t *touchedSessions) has(n uint32) bool { _, ok := t.places[n]; return ok }

// close returns them by CompID, as a block lists them.
func (t *touchedSessions) close() []event.SessionTouch {
	list := t.list
	slices.SortFunc(list, func(a, b event.SessionTouch) int { return cmp.Compare(a.CompID, b.CompID) })
	t.open()
	return list
}

// endGroup closes the open group, and numbers its reports.
func (m *Machine) endGroup(aggregate string, sequence uint64) {
	if m.sessions.any() {
		m.numberReports()
	}
	m.out.end(aggregate, sequence)
}

// numberReports numbers what the records of the open group report, as far as
// they are there: those of earlier groups have their numbers.
func (m *Machine) numberReports() {
	t := &m.sessions.touched
	g := m.out.group()
	for _, r := range m.out.records[max(t.numbered, m.out.from):] {
		t.due = event.AppendDue(t.due[:0], g, r)
		for i := range t.due {
			m.numberReport(&t.due[i])
		}
	}
	t.numbered = len(m.out.records)
}

func (m *Machine) numberReport(due *event.DueReport) {
	if due.Session != "" {
		m.report(uint32(m.sessions.names.Find(due.Session)))
	}
	if due.Copied {
		for _, n := range m.copiesOf(due.Order.Account) {
			m.report(n)
		}
	}
}

// report gives a session's next number to a report.
func (m *Machine) report(n uint32) {
	s := m.sessions.rows.Mut(n)
	m.sessions.touched.touch(n, m.sessions.name(n), s).Count++
	s.nextOut++
}

func (t *touchedSessions) touch(n uint32, compID string, s *session) *event.SessionTouch {
	at, ok := t.places[n]
	if !ok {
		if t.places == nil {
			t.places, t.copied = make(map[uint32]int), make(map[string][]uint32)
		}
		at = len(t.list)
		t.places[n] = at
		t.list = append(t.list, event.SessionTouch{CompID: compID, Kind: s.kind, First: s.nextOut})
	}
	return &t.list[at]
}

// takeSlots gives outbound numbers to what is no report, and returns the first.
func (m *Machine) takeSlots(n uint32, count uint32) uint64 {
	m.numberReports()
	s := m.sessions.rows.Mut(n)
	first := s.nextOut
	s.nextOut += uint64(count)
	return first
}

// copiesOf returns the drop copies that report an account's orders in the entry
// being applied, and names the account with each that is new to it.
func (m *Machine) copiesOf(account string) []uint32 {
	t := &m.sessions.touched
	if len(t.copied) > 0 {
		if list, ok := t.copied[account]; ok {
			return list
		}
	}
	if t.uncopied = t.uncopied || m.sessions.copies.none(); t.uncopied {
		return nil
	}
	var list []uint32
	own := m.accounts.Get(uint32(m.accountNames.Find(account))).participant
	list = append(list, m.sessions.copies.of[own]...)
	for _, p := range m.sessions.copies.listed[account] {
		if p != own {
			list = append(list, m.sessions.copies.of[p]...)
		}
	}
	for _, n := range list {
		touch := t.touch(n, m.sessions.name(n), m.sessions.rows.Get(n))
		touch.Accounts = append(touch.Accounts, account)
	}
	if t.copied == nil {
		t.copied = make(map[string][]uint32)
	}
	t.copied[account] = list
	return list
}

// dropCopies says which sessions are drop copies of whom. It is derived from
// the rows: only looked up, never iterated, and made anew when a machine is
// restored.
type dropCopies struct {
	of map[uint32][]uint32 // of a participant
	// listed are the participants whose definition lists an account.
	listed map[string][]uint32
}

func (c *dropCopies) none() bool { return len(c.of) == 0 }

func (c *dropCopies) add(participant, n uint32) {
	if c.of == nil {
		c.of = make(map[uint32][]uint32)
	}
	if !slices.Contains(c.of[participant], n) {
		c.of[participant] = append(c.of[participant], n)
	}
}

func (c *dropCopies) remove(participant, n uint32) {
	list := slices.DeleteFunc(slices.Clone(c.of[participant]), func(o uint32) bool { return o == n })
	if len(list) > 0 {
		c.of[participant] = list
	} else {
		delete(c.of, participant)
	}
}

// list says that a participant's definition lists accounts.
func (c *dropCopies) list(participant uint32, accounts []string) {
	if len(c.of[participant]) == 0 {
		return
	}
	if c.listed == nil {
		c.listed = make(map[string][]uint32)
	}
	for _, a := range accounts {
		if !slices.Contains(c.listed[a], participant) {
			c.listed[a] = append(c.listed[a], participant)
		}
	}
}

// unlist takes that back.
func (c *dropCopies) unlist(participant uint32, accounts []string) {
	for _, a := range accounts {
		if list := slices.DeleteFunc(slices.Clone(c.listed[a]), func(p uint32) bool { return p == participant }); len(list) > 0 {
			c.listed[a] = list
		} else {
			delete(c.listed, a)
		}
	}
}

// indexCopies makes dropCopies of a restored machine.
func (m *Machine) indexCopies() {
	ss := &m.sessions
	for n := uint32(1); n < ss.rows.Len(); n++ {
		if s := ss.rows.Get(n); s.kind == market.SessionDropCopy && m.numbers(s) {
			ss.copies.add(s.participant, n)
		}
	}
	for n, p := range m.participants.rows {
		ss.copies.list(uint32(n+1), p.Accounts)
	}
}
