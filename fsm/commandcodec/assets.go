package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

type defineAsset command.DefineAsset

func (b *defineAsset) append(w *wire.Writer) {
	w.Bounded(b.Asset, command.MaxID)
	w.Byte(b.Scale)
	w.Bool(b.HasMinorUnit)
	if b.HasMinorUnit {
		w.Byte(b.MinorUnit)
	}
}

func (b *defineAsset) decode(r *wire.Reader) {
	b.Asset = r.Bounded(command.MaxID)
	b.Scale = r.Byte()
	if b.HasMinorUnit = r.Bool(); b.HasMinorUnit {
		b.MinorUnit = r.Byte()
	}
}
