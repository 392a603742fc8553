package fsm

import (
	"strings"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// asset is an asset and whether an instrument or a balance counts in it, so
// that its scale is fixed.
type asset struct {
	image event.Asset
	used  bool
}

// balance is the event image of a balance in the asset.
func (a *asset) balance(delta, total, held market.Amount) event.Balance {
	return event.Balance{
		Asset: a.image.Asset, Delta: delta, Total: total, Held: held,
		Scale: a.image.Scale, MinorUnit: a.image.MinorUnit,
	}
}

func (m *Machine) defineAsset(b *command.DefineAsset, about *subject) *refusal {
	if no := ownID(b.Asset, "asset"); no != nil {
		return no
	}
	minor := b.Scale
	if b.HasMinorUnit {
		minor = b.MinorUnit
	}
	if b.Scale > market.MaxDigits || minor > market.MaxDigits {
		return refuse(event.CodeInvalidParameters, "asset", "scale and minor_unit are 0 to %d", market.MaxDigits)
	}
	now := event.Asset{Asset: b.Asset, Scale: b.Scale, MinorUnit: minor}
	if about.asset == 0 {
		if m.assets.full(m.bounds.Assets) {
			return refuse(event.CodeVenueFull, "assets", "the venue has as many assets as it may")
		}
		now.Asset = strings.Clone(b.Asset)
		about.asset = m.assets.add(now.Asset, &asset{})
		return m.changeAsset(about.asset, event.TypeAssetDefined, now)
	}
	a := m.assets.at(about.asset)
	if now.Scale != a.image.Scale && a.used {
		return refuse(event.CodeImmutable, "asset", "the scale of %s is in use", b.Asset)
	}
	now.Asset, now.Sequence = a.image.Asset, a.image.Sequence
	if now == a.image {
		return m.changeAsset(about.asset, event.TypeAssetConfirmed, now)
	}
	return m.changeAsset(about.asset, event.TypeAssetDefined, now)
}

func (m *Machine) changeAsset(n uint32, t event.Type, now event.Asset) *refusal {
	a := m.assets.mut(n)
	sequence := a.image.Sequence + 1
	a.image = now
	a.image.Sequence = sequence
	m.out.emit(&event.AssetChanged{Type: t, Asset: a.image})
	return nil
}

// useAsset fixes an asset's scale.
func (m *Machine) useAsset(n uint32) {
	if !m.assets.at(n).used {
		m.assets.mut(n).used = true
	}
}

// ownID refuses ids that clients may not give to what they define.
func ownID(id, what string) *refusal {
	if !market.ValidID(id) {
		return refuse(event.CodeInvalidParameters, what, "an id has 1 to %d characters of A-Z a-z 0-9 . _ : -", market.MaxIDLength)
	}
	if market.Reserved(id) {
		return refuse(event.CodeReservedID, what, "ids that begin with %s are the venue's own", market.ReservedPrefix)
	}
	return nil
}
