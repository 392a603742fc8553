package fsm

import (
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Participant is who may act: a definition and its sequence.
type Participant = event.Participant

type participant = Participant

func (m *Machine) defineParticipant(b *command.DefineParticipant, about *subject) *refusal {
	if no := checkParticipant(b); no != nil {
		return no
	}
	if no := m.namesTaken(b); no != nil {
		return no
	}
	if no := m.maySetSessions(b, about.participant); no != nil {
		return no
	}
	kind := event.TypeParticipantDefined
	switch {
	case about.participant == 0 && m.participants.full(m.bounds.Participants):
		return refuse(event.CodeVenueFull, "participants", "the venue has as many participants as it may")
	case about.participant == 0:
		about.participant = m.participants.add(strings.Clone(b.Participant), &participant{})
	case sameParticipant(&m.participants.at(about.participant).DefineParticipant, b):
		kind = event.TypeParticipantConfirmed
	}
	// Events and gateways keep the old row: it is replaced, never changed.
	was := m.participants.mut(about.participant)
	p := &participant{DefineParticipant: cloneParticipant(b), Sequence: was.Sequence + 1}
	m.dropNames(about.participant)
	m.participants.rows[about.participant-1] = p
	m.indexNames(about.participant)
	if kind == event.TypeParticipantDefined {
		m.authority++
	}
	m.out.emit(&event.ParticipantChanged{Type: kind, Participant: *p})
	m.setSessions(about.participant, &was.DefineParticipant, &p.DefineParticipant)
	return nil
}

func checkParticipant(b *command.DefineParticipant) *refusal {
	if no := ownID(b.Participant, "participant"); no != nil {
		return no
	}
	if b.Owner != "" {
		if no := ownID(b.Owner, "owner"); no != nil {
			return no
		}
	}
	if b.Role == market.RoleNone {
		return refuse(event.CodeInvalidParameters, "participant", "a participant has a role")
	}
	for _, a := range b.Accounts {
		if no := ownID(a, "account"); no != nil {
			return no
		}
	}
	return nil
}

// namesTaken refuses key ids and FIX CompIDs that are another participant's:
// either alone says who is speaking, so giving one away would lock its owner
// out. Of several it names the one of the participant that was defined first.
func (m *Machine) namesTaken(b *command.DefineParticipant) *refusal {
	var no *refusal
	self, _ := m.participants.find(b.Participant)
	first := ^uint32(0)
	for i := range b.Keys {
		if k, ok := m.keys[b.Keys[i].ID]; ok && k.participant != self && k.participant < first {
			first = k.participant
			no = refuse(event.CodeAlreadyExists, "keys", "key %s is another participant's", b.Keys[i].ID)
		}
	}
	for id := range compIDs(b) {
		if n, ok := m.compIDs[id]; ok && n != self && n < first {
			first = n
			no = refuse(event.CodeAlreadyExists, "fix_comp_ids", "CompID %s is another participant's", id)
		}
	}
	return no
}

// keyPlace is where a key is: the first of its id in its participant's row.
type keyPlace struct {
	participant uint32
	at          int
}

// indexNames lets the key ids and CompIDs of a participant lead to it; they are
// not another's. The maps are for looking up only, and made anew when a machine
// is restored.
func (m *Machine) indexNames(n uint32) {
	p := m.participants.at(n)
	for at := range p.Keys {
		if _, ok := m.keys[p.Keys[at].ID]; !ok {
			m.keys[p.Keys[at].ID] = keyPlace{n, at}
		}
	}
	for id := range compIDs(&p.DefineParticipant) {
		m.compIDs[id] = n
	}
}

// dropNames takes them back, before the row is replaced.
func (m *Machine) dropNames(n uint32) {
	p := m.participants.at(n)
	for i := range p.Keys {
		delete(m.keys, p.Keys[i].ID)
	}
	for id := range compIDs(&p.DefineParticipant) {
		delete(m.compIDs, id)
	}
}

func sameParticipant(a, b *command.DefineParticipant) bool {
	return a.Role == b.Role && a.Owner == b.Owner && a.FixPasswordHash == b.FixPasswordHash &&
		slices.Equal(a.Accounts, b.Accounts) && slices.Equal(a.FixCompIDs, b.FixCompIDs) && slices.Equal(a.Keys, b.Keys) &&
		slices.Equal(a.FixSessions, b.FixSessions)
}

// cloneParticipant copies the texts, which are parts of the whole command.
func cloneParticipant(b *command.DefineParticipant) command.DefineParticipant {
	c := command.DefineParticipant{
		Participant: strings.Clone(b.Participant), Role: b.Role, Owner: strings.Clone(b.Owner),
		Accounts: cloneTexts(b.Accounts), FixCompIDs: cloneTexts(b.FixCompIDs),
		FixPasswordHash: strings.Clone(b.FixPasswordHash),
	}
	for _, k := range b.Keys {
		k.ID, k.SecretHash = strings.Clone(k.ID), strings.Clone(k.SecretHash)
		c.Keys = append(c.Keys, k)
	}
	for _, s := range b.FixSessions {
		s.CompID = strings.Clone(s.CompID)
		c.FixSessions = append(c.FixSessions, s)
	}
	return c
}

func cloneTexts(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, strings.Clone(t))
	}
	return out
}

// ownsAccount reports whether the account is the participant's: by its own
// word or by the participant's list.
func (m *Machine) ownsAccount(name string, account uint32) bool {
	if name == "" || account == 0 {
		return false
	}
	n, p := m.participants.find(name)
	if n == 0 {
		return false
	}
	return m.accounts.Get(account).participant == n ||
		slices.Contains(p.Accounts, m.accountName(account))
}
