package command

import (
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

func (b *DefineInstrument) optionals() optionals {
	return optionals{
		&b.MinQuantity, &b.MaxQuantity, &b.MinNotional, &b.ReferencePrice,
		&b.PriceBandBps, &b.MarketProtectionBps, &b.MakerFeeBps, &b.TakerFeeBps,
	}
}

func (b *DefineInstrument) append(w *wire.Writer) {
	w.Bounded(b.Instrument, MaxID)
	w.Bounded(b.Base, MaxID)
	w.Bounded(b.Quote, MaxID)
	appendDecimal(w, b.PriceTick)
	appendDecimal(w, b.QuantityStep)
	b.optionals().append(w)
	w.Bounded(b.Calendar, MaxID)
	w.Byte(byte(b.Phase))
}

func (b *DefineInstrument) decode(r *wire.Reader) {
	b.Instrument = r.Bounded(MaxID)
	b.Base = r.Bounded(MaxID)
	b.Quote = r.Bounded(MaxID)
	b.PriceTick = decodeDecimal(r)
	b.QuantityStep = decodeDecimal(r)
	b.optionals().decode(r)
	b.Calendar = r.Bounded(MaxID)
	b.Phase = market.Phase(r.Byte())
}

func (b *HaltInstrument) append(w *wire.Writer) { appendReasoned(w, b.Instrument, b.Reason) }
func (b *HaltInstrument) decode(r *wire.Reader) { b.Instrument, b.Reason = decodeReasoned(r) }

func (b *ResumeInstrument) append(w *wire.Writer) { appendReasoned(w, b.Instrument, b.Reason) }
func (b *ResumeInstrument) decode(r *wire.Reader) { b.Instrument, b.Reason = decodeReasoned(r) }

func (b *RetireInstrument) append(w *wire.Writer) { appendReasoned(w, b.Instrument, b.Reason) }
func (b *RetireInstrument) decode(r *wire.Reader) { b.Instrument, b.Reason = decodeReasoned(r) }

func (b *SetPhase) append(w *wire.Writer) {
	appendReasoned(w, b.Instrument, b.Reason)
	w.Byte(byte(b.Phase))
}

func (b *SetPhase) decode(r *wire.Reader) {
	b.Instrument, b.Reason = decodeReasoned(r)
	b.Phase = market.Phase(r.Byte())
}

// appendReasoned writes what is done to something and why.
func appendReasoned(w *wire.Writer, id, reason string) {
	w.Bounded(id, MaxID)
	w.Bounded(reason, MaxText)
}

func decodeReasoned(r *wire.Reader) (id, reason string) {
	id = r.Bounded(MaxID)
	return id, r.Bounded(MaxText)
}
