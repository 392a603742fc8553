package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

type (
	redefineParticipant command.RedefineParticipant
	createKey           command.CreateKey
	revokeKey           command.RevokeKey
)

// The definition is written in its newest version, whatever it holds: the kind
// is younger than all of them.
func (b *redefineParticipant) append(w *wire.Writer) { parts.AppendParticipant(w, &b.Definition, 2) }
func (b *redefineParticipant) decode(r *wire.Reader) { parts.DecodeParticipant(r, &b.Definition, 2) }

func (b *createKey) append(w *wire.Writer) {
	w.Bounded(b.Participant, command.MaxID)
	parts.AppendKey(w, &b.Key)
}

func (b *createKey) decode(r *wire.Reader) {
	b.Participant = r.Bounded(command.MaxID)
	parts.DecodeKey(r, &b.Key)
}

func (b *revokeKey) append(w *wire.Writer) {
	w.Bounded(b.Participant, command.MaxID)
	w.Bounded(b.KeyID, command.MaxID)
}

func (b *revokeKey) decode(r *wire.Reader) {
	b.Participant = r.Bounded(command.MaxID)
	b.KeyID = r.Bounded(command.MaxID)
}
