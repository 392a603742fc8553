package fsm

import (
	"slices"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// A key is a part of its participant's definition. What changes one is that
// definition with another list of keys, and is told by the same event.

// redefineParticipant keeps the keys that the definition does not name.
func (m *Machine) redefineParticipant(b *command.RedefineParticipant, about *subject) *refusal {
	d := b.Definition
	if about.participant != 0 {
		d.Keys = slices.Clone(m.participants.at(about.participant).Keys)
		for _, k := range b.Definition.Keys {
			d.Keys = withKey(d.Keys, k)
		}
		if len(d.Keys) > command.MaxKeys {
			return tooManyKeys(d.Participant)
		}
	}
	return m.defineParticipant(&d, about)
}

func (m *Machine) createKey(b *command.CreateKey, about *subject) *refusal {
	if no := m.keyOfOne(b.Participant, b.Key.ID, about); no != nil {
		return no
	}
	if b.Key.SecretHash == "" {
		return refuse(event.CodeInvalidParameters, "keys", "key %s has no hash", b.Key.ID)
	}
	d := m.participants.at(about.participant).DefineParticipant
	d.Keys = withKey(slices.Clone(d.Keys), b.Key)
	if len(d.Keys) > command.MaxKeys {
		return tooManyKeys(b.Participant)
	}
	return m.defineParticipant(&d, about)
}

func (m *Machine) revokeKey(b *command.RevokeKey, about *subject) *refusal {
	if no := m.keyOfOne(b.Participant, b.KeyID, about); no != nil {
		return no
	}
	d := m.participants.at(about.participant).DefineParticipant
	kept := slices.DeleteFunc(slices.Clone(d.Keys), func(k command.Key) bool { return k.ID == b.KeyID })
	if len(kept) == len(d.Keys) {
		return refuse(event.CodeUnknownKey, "keys", "participant %s has no key %s", b.Participant, b.KeyID)
	}
	d.Keys = kept
	return m.defineParticipant(&d, about)
}

// keyOfOne refuses a key of a participant that there is not, or whose id is none.
func (m *Machine) keyOfOne(participant, key string, about *subject) *refusal {
	if about.participant == 0 {
		return refuse(event.CodeUnknownParticipant, "participant", "no participant %s", participant)
	}
	return ownID(key, "key")
}

// withKey replaces the key of the same id, or adds it.
func withKey(keys []command.Key, k command.Key) []command.Key {
	if at := slices.IndexFunc(keys, func(old command.Key) bool { return old.ID == k.ID }); at >= 0 {
		keys[at] = k
		return keys
	}
	return append(keys, k)
}

func tooManyKeys(participant string) *refusal {
	return refuse(event.CodeVenueFull, "keys", "participant %s has as many keys as it may: %d", participant, command.MaxKeys)
}
