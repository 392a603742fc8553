package command

import "github.com/rialto-exchange/rialto/fsm/internal/wire"

// MaxKeys is how many keys a participant can be given one by one.
const MaxKeys = 256

// RedefineParticipant is DefineParticipant for a file that does not know every
// key: the keys that it names are created or changed, all others stay.
type RedefineParticipant struct{ Definition DefineParticipant }

// CreateKey gives a participant a key, or one of its keys another secret, role
// or age.
type CreateKey struct {
	Participant string
	Key         Key
}

// RevokeKey takes a key from a participant.
type RevokeKey struct{ Participant, KeyID string }

// Kind implements Body.
func (*RedefineParticipant) Kind() Kind { return KindRedefineParticipant }

// Kind implements Body.
func (*CreateKey) Kind() Kind { return KindCreateKey }

// Kind implements Body.
func (*RevokeKey) Kind() Kind { return KindRevokeKey }

// The definition is written in its newest version, whatever it holds: the kind
// is younger than all of them.
func (b *RedefineParticipant) append(w *wire.Writer) { appendParticipant(w, &b.Definition, 2) }
func (b *RedefineParticipant) decode(r *wire.Reader) { DecodeParticipant(r, &b.Definition, 2) }

func (b *CreateKey) append(w *wire.Writer) {
	w.Bounded(b.Participant, MaxID)
	b.Key.append(w)
}

func (b *CreateKey) decode(r *wire.Reader) {
	b.Participant = r.Bounded(MaxID)
	b.Key.decode(r)
}

func (b *RevokeKey) append(w *wire.Writer) {
	w.Bounded(b.Participant, MaxID)
	w.Bounded(b.KeyID, MaxID)
}

func (b *RevokeKey) decode(r *wire.Reader) {
	b.Participant = r.Bounded(MaxID)
	b.KeyID = r.Bounded(MaxID)
}
