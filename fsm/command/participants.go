package command

import (
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// minKeyBytes is the least that a Key is written in.
const minKeyBytes = 4

func (b *DefineParticipant) append(w *wire.Writer) { AppendParticipant(w, b) }
func (b *DefineParticipant) decode(r *wire.Reader) { DecodeParticipant(r, b, 1) }

func (b *DefineParticipant) version() byte                   { return ParticipantVersion(b) }
func (b *DefineParticipant) appendAs(w *wire.Writer, _ byte) { AppendParticipant(w, b) }
func (b *DefineParticipant) decodeAs(r *wire.Reader, v byte) { DecodeParticipant(r, b, v) }

// ParticipantVersion is the version that a definition is written in, here and
// in events: the second has FIX sessions.
func ParticipantVersion(b *DefineParticipant) byte {
	if len(b.FixSessions) > 0 {
		return 2
	}
	return 1
}

// AppendParticipant writes a participant's definition; the event that tells of
// it holds the same.
func AppendParticipant(w *wire.Writer, b *DefineParticipant) {
	appendParticipant(w, b, ParticipantVersion(b))
}

func appendParticipant(w *wire.Writer, b *DefineParticipant, version byte) {
	w.Bounded(b.Participant, MaxID)
	w.Byte(byte(b.Role))
	w.Bounded(b.Owner, MaxID)
	appendIDs(w, b.Accounts)
	appendIDs(w, b.FixCompIDs)
	w.Bounded(b.FixPasswordHash, MaxName)
	w.Uvarint(uint64(len(b.Keys)))
	for i := range b.Keys {
		b.Keys[i].append(w)
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
func DecodeParticipant(r *wire.Reader, b *DefineParticipant, version byte) {
	b.Participant = r.Bounded(MaxID)
	b.Role = market.Role(r.Byte())
	b.Owner = r.Bounded(MaxID)
	b.Accounts = decodeIDs(r)
	b.FixCompIDs = decodeIDs(r)
	b.FixPasswordHash = r.Bounded(MaxName)
	if n := r.Count(minKeyBytes); n > 0 {
		b.Keys = make([]Key, n)
	}
	for i := range b.Keys {
		b.Keys[i].decode(r)
	}
	if version < 2 {
		return
	}
	if n := r.Count(minFixSessionBytes); n > 0 {
		b.FixSessions = make([]FixSession, n)
	}
	for i := range b.FixSessions {
		DecodeFixSession(r, &b.FixSessions[i])
	}
}

func (k *Key) append(w *wire.Writer) {
	w.Bounded(k.ID, MaxID)
	w.Bounded(k.SecretHash, MaxName)
	w.Byte(byte(k.Role))
	w.Uvarint(uint64(k.MaxAgeMillis))
}

func (k *Key) decode(r *wire.Reader) {
	k.ID = r.Bounded(MaxID)
	k.SecretHash = r.Bounded(MaxName)
	k.Role = market.Role(r.Byte())
	k.MaxAgeMillis = uint32(r.UpTo(1<<32 - 1))
}

func appendIDs(w *wire.Writer, ids []string) {
	w.Uvarint(uint64(len(ids)))
	for _, id := range ids {
		w.Bounded(id, MaxID)
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
		ids[i] = r.Bounded(MaxID)
	}
	return ids
}
