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
	p := &participant{DefineParticipant: cloneParticipant(b), Sequence: m.participants.mut(about.participant).Sequence + 1}
	m.participants.rows[about.participant-1] = p
	if kind == event.TypeParticipantDefined {
		m.authority++
	}
	m.out.emit(&event.ParticipantChanged{Type: kind, Participant: *p})
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
// out. Definitions are rare enough to look through all participants.
func (m *Machine) namesTaken(b *command.DefineParticipant) *refusal {
	for _, p := range m.participants.rows {
		if p.Participant == b.Participant {
			continue
		}
		for i := range b.Keys {
			if slices.ContainsFunc(p.Keys, func(k command.Key) bool { return k.ID == b.Keys[i].ID }) {
				return refuse(event.CodeAlreadyExists, "keys", "key %s is another participant's", b.Keys[i].ID)
			}
		}
		for _, id := range b.FixCompIDs {
			if slices.Contains(p.FixCompIDs, id) {
				return refuse(event.CodeAlreadyExists, "fix_comp_ids", "CompID %s is another participant's", id)
			}
		}
	}
	return nil
}

func sameParticipant(a, b *command.DefineParticipant) bool {
	return a.Role == b.Role && a.Owner == b.Owner && a.FixPasswordHash == b.FixPasswordHash &&
		slices.Equal(a.Accounts, b.Accounts) && slices.Equal(a.FixCompIDs, b.FixCompIDs) && slices.Equal(a.Keys, b.Keys)
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
