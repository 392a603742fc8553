package command

import "github.com/rialto-exchange/rialto/fsm/internal/wire"

func (b *DefineAsset) append(w *wire.Writer) {
	w.Bounded(b.Asset, MaxID)
	w.Byte(b.Scale)
	w.Bool(b.HasMinorUnit)
	if b.HasMinorUnit {
		w.Byte(b.MinorUnit)
	}
}

func (b *DefineAsset) decode(r *wire.Reader) {
	b.Asset = r.Bounded(MaxID)
	b.Scale = r.Byte()
	if b.HasMinorUnit = r.Bool(); b.HasMinorUnit {
		b.MinorUnit = r.Byte()
	}
}
