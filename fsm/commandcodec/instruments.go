package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

type (
	defineInstrument command.DefineInstrument
	haltInstrument   command.HaltInstrument
	resumeInstrument command.ResumeInstrument
	retireInstrument command.RetireInstrument
	setPhase         command.SetPhase
)

func (b *defineInstrument) optionals() optionals {
	return optionals{
		&b.MinQuantity, &b.MaxQuantity, &b.MinNotional, &b.ReferencePrice,
		&b.PriceBandBps, &b.MarketProtectionBps, &b.MakerFeeBps, &b.TakerFeeBps,
	}
}

func (b *defineInstrument) append(w *wire.Writer) {
	w.Bounded(b.Instrument, command.MaxID)
	w.Bounded(b.Base, command.MaxID)
	w.Bounded(b.Quote, command.MaxID)
	parts.AppendDecimal(w, b.PriceTick)
	parts.AppendDecimal(w, b.QuantityStep)
	b.optionals().append(w)
	w.Bounded(b.Calendar, command.MaxID)
	w.Byte(byte(b.Phase))
}

func (b *defineInstrument) decode(r *wire.Reader) {
	b.Instrument = r.Bounded(command.MaxID)
	b.Base = r.Bounded(command.MaxID)
	b.Quote = r.Bounded(command.MaxID)
	b.PriceTick = parts.DecodeDecimal(r)
	b.QuantityStep = parts.DecodeDecimal(r)
	b.optionals().decode(r)
	b.Calendar = r.Bounded(command.MaxID)
	b.Phase = market.Phase(r.Byte())
}

func (b *haltInstrument) append(w *wire.Writer) { appendReasoned(w, b.Instrument, b.Reason) }
func (b *haltInstrument) decode(r *wire.Reader) { b.Instrument, b.Reason = decodeReasoned(r) }

func (b *resumeInstrument) append(w *wire.Writer) { appendReasoned(w, b.Instrument, b.Reason) }
func (b *resumeInstrument) decode(r *wire.Reader) { b.Instrument, b.Reason = decodeReasoned(r) }

func (b *retireInstrument) append(w *wire.Writer) { appendReasoned(w, b.Instrument, b.Reason) }
func (b *retireInstrument) decode(r *wire.Reader) { b.Instrument, b.Reason = decodeReasoned(r) }

func (b *setPhase) append(w *wire.Writer) {
	appendReasoned(w, b.Instrument, b.Reason)
	w.Byte(byte(b.Phase))
}

func (b *setPhase) decode(r *wire.Reader) {
	b.Instrument, b.Reason = decodeReasoned(r)
	b.Phase = market.Phase(r.Byte())
}

// appendReasoned writes what is done to something and why.
func appendReasoned(w *wire.Writer, id, reason string) {
	w.Bounded(id, command.MaxID)
	w.Bounded(reason, command.MaxText)
}

func decodeReasoned(r *wire.Reader) (id, reason string) {
	id = r.Bounded(command.MaxID)
	return id, r.Bounded(command.MaxText)
}
