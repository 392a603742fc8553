package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

type setLimits command.SetLimits

func (b *setLimits) append(w *wire.Writer) {
	w.Byte(byte(b.Scope))
	w.Bounded(b.Target, command.MaxID)
	parts.AppendLimits(w, b.Named, &b.Limits)
}

func (b *setLimits) decode(r *wire.Reader) {
	b.Scope = command.LimitScope(r.Byte())
	b.Target = r.Bounded(command.MaxID)
	b.Named, b.Limits = parts.DecodeLimits(r)
}
