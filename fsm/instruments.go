package fsm

import (
	"strings"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// defaultProtection is the market protection of an instrument that names
// none: 500 bps.
const defaultProtection = 500 * 100

// instrument is an instrument's image and what the machine computes with.
type instrument struct {
	image       event.Instrument
	base, quote uint32 // assets
	// unit is what one tick × one step is worth in ledger units of the quote,
	// step what one step is in those of the base.
	unit, step int64
	// last is the price of the last trade, 0 = none yet.
	last   book.Ticks
	limits uint32
	// open counts the open orders, resting or waiting for a trigger.
	open uint32
	// triggering says that a work item waits for its stops. It is made of the
	// work items and not written anywhere.
	triggering bool
}

// changeInstrument emits what became of the instrument, as its next event.
func (m *Machine) changeInstrument(i *instrument, t event.Type, from market.Phase, reason string) {
	n, _ := m.instruments.find(i.image.Instrument)
	m.instruments.mut(n).image.Sequence++
	m.out.emit(&event.InstrumentChanged{Type: t, Instrument: i.image, From: from, Reason: reason})
}

func (m *Machine) defineInstrument(b *command.DefineInstrument, about *subject) *refusal {
	if no := ownID(b.Instrument, "instrument"); no != nil {
		return no
	}
	next, no := m.readInstrument(b)
	if no != nil {
		return no
	}
	if about.instrument == 0 {
		return m.addInstrument(b, about, next)
	}
	return m.redefineInstrument(b, m.instruments.at(about.instrument), next)
}

func (m *Machine) addInstrument(b *command.DefineInstrument, about *subject, next *instrument) *refusal {
	if m.instruments.full(m.bounds.Instruments) {
		return refuse(event.CodeVenueFull, "instruments", "the venue has as many instruments as it may")
	}
	if no := supportedPhase(b.Phase); no != nil && b.Phase != market.PhaseNone {
		return no
	}
	next.image.Instrument, next.image.Calendar = strings.Clone(b.Instrument), strings.Clone(b.Calendar)
	next.image.Phase = market.PhaseContinuous
	if b.Phase != market.PhaseNone {
		next.image.Phase = b.Phase
	}
	m.useAsset(next.base)
	m.useAsset(next.quote)
	about.instrument = m.instruments.add(next.image.Instrument, next)
	m.addBook(about.instrument)
	m.changeInstrument(next, event.TypeInstrumentDefined, market.PhaseNone, "")
	return nil
}

func (m *Machine) redefineInstrument(b *command.DefineInstrument, i, next *instrument) *refusal {
	was := i.image
	switch {
	case was.Retired:
		return refuse(event.CodeInstrumentRetired, "instrument", "%s is retired", was.Instrument)
	case was.Base != next.image.Base || was.Quote != next.image.Quote:
		return refuse(event.CodeImmutable, "instrument", "base and quote of %s are fixed", was.Instrument)
	case i.open != 0 && (was.PriceTick != next.image.PriceTick || was.PriceDigits != next.image.PriceDigits ||
		was.QuantityStep != next.image.QuantityStep || was.QuantityDigits != next.image.QuantityDigits):
		return refuse(event.CodeHasOpenOrders, "instrument", "tick and step change only while no order is open")
	case b.Phase != market.PhaseNone && b.Phase != was.Phase:
		if no := supportedPhase(b.Phase); no != nil {
			return no
		}
	}
	now := next.image
	now.Instrument, now.Sequence, now.Retired, now.Phase = was.Instrument, was.Sequence, was.Retired, was.Phase
	if b.Phase != market.PhaseNone {
		now.Phase = b.Phase
	}
	if b.Calendar == was.Calendar {
		now.Calendar = was.Calendar
	} else {
		now.Calendar = strings.Clone(b.Calendar)
	}
	if now == was {
		m.changeInstrument(i, event.TypeInstrumentConfirmed, was.Phase, "")
		return nil
	}
	if was.PriceDigits != now.PriceDigits || was.PriceTick != now.PriceTick {
		// The last price was counted in the old ticks: back to the reference.
		i.last = 0
	}
	i.image, i.unit, i.step = now, next.unit, next.step
	m.changeInstrument(i, event.TypeInstrumentDefined, was.Phase, "")
	return nil
}

// readInstrument checks a definition and converts it to the units of its tick
// and step.
func (m *Machine) readInstrument(b *command.DefineInstrument) (*instrument, *refusal) {
	base, baseAsset := m.assets.find(b.Base)
	quote, quoteAsset := m.assets.find(b.Quote)
	switch {
	case base == 0:
		return nil, refuse(event.CodeUnknownAsset, "base", "no asset %s", b.Base)
	case quote == 0:
		return nil, refuse(event.CodeUnknownAsset, "quote", "no asset %s", b.Quote)
	case base == quote:
		return nil, refuse(event.CodeInvalidParameters, "instrument", "base and quote are the same asset")
	case b.PriceTick.Units <= 0 || b.QuantityStep.Units <= 0:
		return nil, refuse(event.CodeInvalidParameters, "instrument", "price_tick and quantity_step are above zero")
	}
	i := &instrument{base: base, quote: quote, image: event.Instrument{
		Base: baseAsset.image.Asset, Quote: quoteAsset.image.Asset,
		PriceTick: market.Price(b.PriceTick.Units), PriceDigits: b.PriceTick.Digits,
		QuantityStep: market.Quantity(b.QuantityStep.Units), QuantityDigits: b.QuantityStep.Digits,
		BaseScale: baseAsset.image.Scale, QuoteScale: quoteAsset.image.Scale,
	}}
	if no := i.scale(); no != nil {
		return nil, no
	}
	return i, i.readOptions(b)
}

// scale finds what a tick × step and a step are worth in ledger units, and
// refuses what is not a whole number.
func (i *instrument) scale() *refusal {
	p := &i.image
	product, ok := market.Mul(int64(p.PriceTick), int64(p.QuantityStep))
	if ok {
		i.unit, ok = wholeUnits(product, int(p.QuoteScale)-int(p.PriceDigits)-int(p.QuantityDigits))
	}
	if !ok {
		return refuse(event.CodeScaleMismatch, "instrument",
			"price_tick × quantity_step must be a whole number of 10^-%d %s", p.QuoteScale, p.Quote)
	}
	i.step, ok = wholeUnits(int64(p.QuantityStep), int(p.BaseScale)-int(p.QuantityDigits))
	if !ok {
		return refuse(event.CodeScaleMismatch, "instrument",
			"quantity_step must be a whole number of 10^-%d %s", p.BaseScale, p.Base)
	}
	return nil
}

// wholeUnits returns v × 10^exponent if that is whole and fits.
func wholeUnits(v int64, exponent int) (int64, bool) {
	if exponent >= 0 {
		return market.MulPow10(v, uint8(exponent))
	}
	if exponent < -market.MaxDigits {
		return 0, false
	}
	by := market.Pow10(uint8(-exponent))
	return v / by, v%by == 0
}

// readOptions reads the optional numbers. Absent ones are 0.
func (i *instrument) readOptions(b *command.DefineInstrument) *refusal {
	p := &i.image
	p.MarketProtection = defaultProtection
	p.HasPriceBand = b.PriceBandBps.Set
	var minQuantity, maxQuantity, minNotional, reference, band, protection, maker, taker int64
	protection = defaultProtection
	for _, f := range []struct {
		name   string
		in     command.Optional
		digits uint8
		least  int64
		most   int64
		out    *int64
	}{
		{"min_quantity", b.MinQuantity, p.QuantityDigits, 0, 1 << 62, &minQuantity},
		{"max_quantity", b.MaxQuantity, p.QuantityDigits, 1, 1 << 62, &maxQuantity},
		{"min_notional", b.MinNotional, p.QuoteScale, 0, 1 << 62, &minNotional},
		{"reference_price", b.ReferencePrice, p.PriceDigits, 1, 1 << 62, &reference},
		{"price_band_bps", b.PriceBandBps, market.BasisPointsDigits, 0, market.BasisPointsOne * 1000, &band},
		{"market_protection_bps", b.MarketProtectionBps, market.BasisPointsDigits, 0, market.BasisPointsOne * 1000, &protection},
		{"maker_fee_bps", b.MakerFeeBps, market.BasisPointsDigits, -market.BasisPointsOne, market.BasisPointsOne, &maker},
		{"taker_fee_bps", b.TakerFeeBps, market.BasisPointsDigits, -market.BasisPointsOne, market.BasisPointsOne, &taker},
	} {
		if !f.in.Set {
			continue
		}
		v, err := f.in.Value.Rescale(f.digits)
		if err != nil || v < f.least || v > f.most {
			return refuse(event.CodeInvalidParameters, "instrument", "%s: %s is out of range or has more than %d decimals",
				f.name, f.in.Value, f.digits)
		}
		*f.out = v
	}
	p.MinQuantity, p.MaxQuantity = market.Quantity(minQuantity), market.Quantity(maxQuantity)
	p.MinNotional, p.ReferencePrice = market.Amount(minNotional), market.Price(reference)
	p.PriceBand, p.MarketProtection = market.BasisPoints(band), market.BasisPoints(protection)
	p.MakerFee, p.TakerFee = market.BasisPoints(maker), market.BasisPoints(taker)
	switch {
	case p.MaxQuantity != 0 && p.MaxQuantity < p.MinQuantity:
		return refuse(event.CodeInvalidParameters, "instrument", "max_quantity is below min_quantity")
	case maker+taker < 0:
		return refuse(event.CodeFeesBelowZero, "instrument", "maker and taker fee together are below zero")
	}
	return nil
}

func (m *Machine) retireInstrument(b *command.RetireInstrument, about *subject) *refusal {
	i, no := m.tradable(about.instrument, b.Instrument)
	if no != nil {
		return no
	}
	if i.open != 0 {
		return refuse(event.CodeHasOpenOrders, "instrument", "%s has open orders", b.Instrument)
	}
	from := i.image.Phase
	i.image.Retired, i.image.Phase = true, market.PhaseClosed
	m.changeInstrument(i, event.TypeInstrumentRetired, from, b.Reason)
	return nil
}

// tradable returns an instrument that is there and not retired.
func (m *Machine) tradable(n uint32, name string) (*instrument, *refusal) {
	if n == 0 {
		return nil, refuse(event.CodeUnknownInstrument, "instrument", "no instrument %s", name)
	}
	i := m.instruments.at(n)
	if i.image.Retired {
		return nil, refuse(event.CodeInstrumentRetired, "instrument", "%s is retired", name)
	}
	return i, nil
}
