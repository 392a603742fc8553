package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

type defineParticipant command.DefineParticipant

func (b *defineParticipant) body() *command.DefineParticipant { return (*command.DefineParticipant)(b) }

func (b *defineParticipant) append(w *wire.Writer) { b.appendAs(w, b.version()) }
func (b *defineParticipant) decode(r *wire.Reader) { b.decodeAs(r, 1) }

func (b *defineParticipant) version() byte { return parts.ParticipantVersion(b.body()) }

func (b *defineParticipant) appendAs(w *wire.Writer, version byte) {
	parts.AppendParticipant(w, b.body(), version)
}

func (b *defineParticipant) decodeAs(r *wire.Reader, version byte) {
	parts.DecodeParticipant(r, b.body(), version)
}
