package render

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Asset appends an asset.
func Asset(dst []byte, a *event.Asset) []byte {
	w := writer{dst}
	w.begin()
	w.assetMembers(a)
	w.close()
	return w.b
}

func (w *writer) assetMembers(a *event.Asset) {
	w.text("asset", a.Asset)
	w.number("scale", uint64(a.Scale))
	w.number("minor_unit", uint64(a.MinorUnit))
	w.number("aggregate_sequence", a.Sequence)
}

// Instrument appends an instrument.
func Instrument(dst []byte, i *event.Instrument) []byte {
	w := writer{dst}
	w.begin()
	w.instrumentMembers(i)
	w.close()
	return w.b
}

func (w *writer) instrumentMembers(i *event.Instrument) {
	w.text("instrument", i.Instrument)
	w.text("base", i.Base)
	w.text("quote", i.Quote)
	w.fixed("price_tick", int64(i.PriceTick), i.PriceDigits)
	w.fixed("quantity_step", int64(i.QuantityStep), i.QuantityDigits)
	w.optional("min_quantity", int64(i.MinQuantity), i.QuantityDigits)
	w.optional("max_quantity", int64(i.MaxQuantity), i.QuantityDigits)
	w.optional("min_notional", int64(i.MinNotional), i.QuoteScale)
	w.optional("reference_price", int64(i.ReferencePrice), i.PriceDigits)
	if i.HasPriceBand {
		w.basisPoints("price_band_bps", i.PriceBand)
	}
	w.basisPoints("market_protection_bps", i.MarketProtection)
	w.basisPoints("maker_fee_bps", i.MakerFee)
	w.basisPoints("taker_fee_bps", i.TakerFee)
	w.text("calendar", i.Calendar)
	w.text("phase", i.Phase.String())
	if i.Retired {
		w.bool("retired", true)
	}
	w.number("aggregate_sequence", i.Sequence)
}

// basisPoints writes the shortest decimal: "5", "-0.25".
func (w *writer) basisPoints(name string, v market.BasisPoints) {
	digits := uint8(market.BasisPointsDigits)
	for digits > 0 && v%10 == 0 {
		v /= 10
		digits--
	}
	w.fixed(name, int64(v), digits)
}

// Participant appends a participant, without what could become a credential.
func Participant(dst []byte, p *event.Participant) []byte {
	w := writer{dst}
	w.begin()
	w.participantMembers(p)
	w.close()
	return w.b
}

func (w *writer) participantMembers(p *event.Participant) {
	w.text("participant", p.Participant)
	w.text("role", p.Role.String())
	w.text("owner", p.Owner)
	w.ids("accounts", p.Accounts)
	w.ids("fix_comp_ids", p.FixCompIDs)
	if len(p.FixSessions) > 0 {
		w.list("fix_sessions")
		for i := range p.FixSessions {
			w.element()
			w.sessionMembers(&p.FixSessions[i])
			w.close()
		}
		w.endList()
	}
	w.list("keys")
	for i := range p.Keys {
		w.element()
		w.text("id", p.Keys[i].ID)
		w.text("role", p.Keys[i].Role.String())
		if age := p.Keys[i].MaxAgeMillis; age > 0 {
			w.number("max_age_ms", uint64(age))
		}
		w.close()
	}
	w.endList()
	w.number("aggregate_sequence", p.Sequence)
}

func (w *writer) ids(name string, ids []string) {
	w.list(name)
	for _, id := range ids {
		w.item(id)
	}
	w.endList()
}
