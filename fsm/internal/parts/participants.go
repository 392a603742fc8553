package parts

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// minKeyBytes is the least that a Key is written in.
const minKeyBytes = 4

// ParticipantVersion is the version that a definition is written in: the second
// has FIX sessions.
func ParticipantVersion(b *command.DefineParticipant) byte {
	if len(b.FixSessions) > 0 {
		return 2
	}
	return 1
}

// AppendParticipant writes a participant's definition, in a version.
func AppendParticipant(w *wire.Writer, b *command.DefineParticipant, version byte) {
	w.Bounded(b.Participant, command.MaxID)
	w.Byte(byte(b.Role))
	w.Bounded(b.Owner, command.MaxID)
	appendIDs(w, b.Accounts)
	appendIDs(w, b.FixCompIDs)
	w.Bounded(b.FixPasswordHash, command.MaxName)
	w.Uvarint(uint64(len(b.Keys)))
	for i := range b.Keys {
		AppendKey(w, &b.Keys[i])
	}
	if version < 2 {
		return
	}
	w.Uvarint(uint64(len(b.FixSessions)))
	for i := range b.FixSessions {
		AppendFixSession(w, &b.FixSessions[i])
	}
}

// DecodeParticipant reads what AppendParticipant wrote, in a version.
func DecodeParticipant(r *wire.Reader, b *command.DefineParticipant, version byte) {
	b.Participant = r.Bounded(command.MaxID)
	b.Role = market.Role(r.Byte())
	b.Owner = r.Bounded(command.MaxID)
	b.Accounts = decodeIDs(r)
	b.FixCompIDs = decodeIDs(r)
	b.FixPasswordHash = r.Bounded(command.MaxName)
	if n := r.Count(minKeyBytes); n > 0 {
		b.Keys = make([]command.Key, n)
	}
	for i := range b.Keys {
		DecodeKey(r, &b.Keys[i])
	}
	if version < 2 {
		return
	}
	if n := r.Count(minFixSessionBytes); n > 0 {
		b.FixSessions = make([]command.FixSession, n)
	}
	for i := range b.FixSessions {
		DecodeFixSession(r, &b.FixSessions[i])
	}
}

// AppendKey writes a key.
func AppendKey(w *wire.Writer, k *command.Key) {
	w.Bounded(k.ID, command.MaxID)
	w.Bounded(k.SecretHash, command.MaxName)
	w.Byte(byte(k.Role))
	w.Uvarint(uint64(k.MaxAgeMillis))
}

// DecodeKey reads what AppendKey wrote.
func DecodeKey(r *wire.Reader, k *command.Key) {
	k.ID = r.Bounded(command.MaxID)
	k.SecretHash = r.Bounded(command.MaxName)
	k.Role = market.Role(r.Byte())
	k.MaxAgeMillis = uint32(r.UpTo(1<<32 - 1))
}

func appendIDs(w *wire.Writer, ids []string) {
	w.Uvarint(uint64(len(ids)))
	for _, id := range ids {
		w.Bounded(id, command.MaxID)
	}
}

// decodeIDs returns nil for an empty list.
func decodeIDs(r *wire.Reader) []string {
	n := r.Count(1)
	if n == 0 {
		return nil
	}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = r.Bounded(command.MaxID)
	}
	return ids
}
