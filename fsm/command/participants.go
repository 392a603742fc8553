package command

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/wire"
)

// minKeyBytes is the least that a Key is written in.
const minKeyBytes = 4

func (b *DefineParticipant) append(w *wire.Writer) { AppendParticipant(w, b) }
func (b *DefineParticipant) decode(r *wire.Reader) { DecodeParticipant(r, b) }

// AppendParticipant writes a participant's definition; the event that tells of
// it holds the same.
func AppendParticipant(w *wire.Writer, b *DefineParticipant) {
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
}

// DecodeParticipant reads what AppendParticipant wrote.
func DecodeParticipant(r *wire.Reader, b *DefineParticipant) {
	b.Participant = r.Bounded(MaxID)
	b.Role = market.Role(r.Byte())
	b.Owner = r.Bounded(MaxID)
	b.Accounts = decodeIDs(r)
	b.FixCompIDs = decodeIDs(r)
	b.FixPasswordHash = r.Bounded(MaxName)
	n := r.Count(minKeyBytes)
	if n == 0 {
		return
	}
	b.Keys = make([]Key, n)
	for i := range b.Keys {
		b.Keys[i].decode(r)
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
