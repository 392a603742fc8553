package model

// instrument is a market: base is traded for quote.
type instrument struct {
	name        string
	base, quote *asset
	// tick and step are in units of 10^-priceDigits and 10^-quantityDigits,
	// and so are all prices and quantities.
	tick, step                  Int
	priceDigits, quantityDigits int
	minQuantity, maxQuantity    Int // 0: none
	minNotional, reference      Int // 0: none
	band                        *Int
	protection                  Int
	makerFee, takerFee          Int
	phase                       string
	retired                     bool
	sequence                    uint64
	limits                      limits
	last                        Int // price of the last trade, 0: none yet
	book                        book
	open                        int // orders, waiting ones included
	triggering                  bool
}

// Rates (fees, bands, protection) are in units of 10^-bpsDigits basis points;
// onePart is all of something.
const bpsDigits = 2

func onePart() Int { return whole(1_000_000) }

// notional is what a quantity is worth at a price, exactly, in ledger units of
// the quote.
func (i *instrument) notional(price, quantity Int) Int {
	return rescaled(price.times(quantity), i.quote.scale-i.priceDigits-i.quantityDigits)
}

// baseUnits is a quantity in ledger units of the base.
func (i *instrument) baseUnits(quantity Int) Int {
	return rescaled(quantity, i.base.scale-i.quantityDigits)
}

func rescaled(v Int, digits int) Int {
	if digits >= 0 {
		return v.times(pow10(digits))
	}
	return v.down(pow10(-digits))
}

// wholeIn reports whether v × 10^digits is a whole number.
func wholeIn(v Int, digits int) bool { return digits >= 0 || pow10(-digits).divides(v) }

func (i *instrument) data() map[string]any {
	d := map[string]any{
		"instrument": i.name, "base": i.base.name, "quote": i.quote.name,
		"price_tick": i.tick.text(i.priceDigits), "quantity_step": i.step.text(i.quantityDigits),
		"market_protection_bps": rate(i.protection), "maker_fee_bps": rate(i.makerFee), "taker_fee_bps": rate(i.takerFee),
		"phase": i.phase, "aggregate_sequence": number(i.sequence),
	}
	for name, q := range map[string]Int{"min_quantity": i.minQuantity, "max_quantity": i.maxQuantity} {
		if !q.isZero() {
			d[name] = q.text(i.quantityDigits)
		}
	}
	if !i.minNotional.isZero() {
		d["min_notional"] = i.minNotional.text(i.quote.scale)
	}
	if !i.reference.isZero() {
		d["reference_price"] = i.reference.text(i.priceDigits)
	}
	if i.band != nil {
		d["price_band_bps"] = rate(*i.band)
	}
	if i.retired {
		d["retired"] = true
	}
	return d
}

// rate prints basis points as shortly as it goes.
func rate(v Int) string {
	digits := bpsDigits
	for ten := whole(10); digits > 0 && ten.divides(v); digits-- {
		v = v.down(ten)
	}
	return v.text(digits)
}

func (v *Venue) aboutInstrument(name string) subject {
	return subject{aggregate: name, instrument: v.instruments[name], sequence: func() uint64 {
		if i := v.instruments[name]; i != nil {
			return i.sequence
		}
		return 0
	}}
}

// change emits what became of an instrument, as its next event.
func (v *Venue) change(i *instrument, kind, from, reason string) {
	i.sequence++
	d := i.data()
	if from != "" {
		d["previous_phase"] = from
	}
	if reason != "" {
		d["reason"] = reason
	}
	v.emit(kind, i.name, i.sequence, d)
}

func (v *Venue) defineInstrument(c *Command, f *fields) (subject, func() refusal) {
	name := f.about("instrument", c, "")
	d := readDefinition(f)
	return v.aboutInstrument(name), func() refusal {
		if no := ownID(name); no != accepted {
			return no
		}
		next, no := v.readInstrument(name, &d)
		if no != accepted {
			return no
		}
		was := v.instruments[name]
		if was == nil {
			return v.addInstrument(next, d.phase)
		}
		return v.redefineInstrument(was, next, d.phase)
	}
}

// definition is an instruments/define as it was written.
type definition struct {
	base, quote, phase                                string
	tick, step, minQuantity, maxQuantity, minNotional *decimal
	reference, band, protection, makerFee, takerFee   *decimal
}

func readDefinition(f *fields) definition {
	return definition{
		base: f.text("base"), quote: f.text("quote"), phase: f.text("phase"),
		tick: f.decimal("price_tick"), step: f.decimal("quantity_step"),
		minQuantity: f.decimal("min_quantity"), maxQuantity: f.decimal("max_quantity"), minNotional: f.decimal("min_notional"),
		reference: f.decimal("reference_price"), band: f.decimal("price_band_bps"), protection: f.decimal("market_protection_bps"),
		makerFee: f.decimal("maker_fee_bps"), takerFee: f.decimal("taker_fee_bps"),
	}
}

func (v *Venue) readInstrument(name string, d *definition) (*instrument, refusal) {
	i := &instrument{name: name, base: v.assets[d.base], quote: v.assets[d.quote]}
	switch {
	case i.base == nil || i.quote == nil:
		return nil, "unknown_asset"
	case i.base == i.quote, d.tick == nil || d.step == nil, d.tick.units.sign() <= 0 || d.step.units.sign() <= 0:
		return nil, "invalid_parameters"
	}
	i.tick, i.priceDigits, i.step, i.quantityDigits = d.tick.units, d.tick.digits, d.step.units, d.step.digits
	if !wholeIn(i.tick.times(i.step), i.quote.scale-i.priceDigits-i.quantityDigits) ||
		!wholeIn(i.step, i.base.scale-i.quantityDigits) {
		return nil, "scale_mismatch"
	}
	return i, i.readOptions(d)
}

func (i *instrument) readOptions(d *definition) refusal {
	i.protection = whole(500_00)
	one, wide := onePart(), onePart().times(whole(1000))
	var band Int
	for _, o := range []struct {
		in          *decimal
		digits      int
		lowest, top Int
		out         *Int
	}{
		{d.minQuantity, i.quantityDigits, whole(0), maxAmount(), &i.minQuantity},
		{d.maxQuantity, i.quantityDigits, whole(1), maxAmount(), &i.maxQuantity},
		{d.minNotional, i.quote.scale, whole(0), maxAmount(), &i.minNotional},
		{d.reference, i.priceDigits, whole(1), maxAmount(), &i.reference},
		{d.band, bpsDigits, whole(0), wide, &band},
		{d.protection, bpsDigits, whole(0), wide, &i.protection},
		{d.makerFee, bpsDigits, one.negative(), one, &i.makerFee},
		{d.takerFee, bpsDigits, one.negative(), one, &i.takerFee},
	} {
		if o.in == nil {
			continue
		}
		units, exact := o.in.in(o.digits)
		if !exact || units.below(o.lowest) || units.above(o.top) {
			return "invalid_parameters"
		}
		*o.out = units
	}
	if d.band != nil {
		i.band = &band
	}
	switch {
	case !i.maxQuantity.isZero() && i.maxQuantity.below(i.minQuantity):
		return "invalid_parameters"
	case i.makerFee.plus(i.takerFee).sign() < 0:
		return "fees_below_zero"
	}
	return accepted
}

// enterable reports whether an instrument can be in a phase: those of auctions
// are not there yet.
func enterable(phase string) bool {
	switch phase {
	case "closed", "continuous", "halted", "cancel_only", "post_only":
		return true
	}
	return false
}

func (v *Venue) addInstrument(i *instrument, phase string) refusal {
	if phase == "" {
		phase = "continuous"
	}
	if !enterable(phase) {
		return "invalid_parameters"
	}
	i.phase = phase
	i.base.used, i.quote.used = true, true
	v.instruments[i.name] = i
	v.change(i, "InstrumentDefined", "", "")
	return accepted
}

func (v *Venue) redefineInstrument(was, next *instrument, phase string) refusal {
	ticks := was.tick.same(next.tick) && was.priceDigits == next.priceDigits
	steps := was.step.same(next.step) && was.quantityDigits == next.quantityDigits
	switch {
	case was.retired:
		return "instrument_retired"
	case was.base != next.base || was.quote != next.quote:
		return "immutable"
	case was.open > 0 && !(ticks && steps):
		return "has_open_orders"
	case phase != "" && phase != was.phase && !enterable(phase):
		return "invalid_parameters"
	}
	from, before := was.phase, was.data()
	if phase == "" {
		phase = from
	}
	next.phase, next.sequence, next.limits, next.last, next.book = phase, was.sequence, was.limits, was.last, was.book
	next.open, next.triggering = was.open, was.triggering
	if !ticks {
		next.last = Int{}
	}
	*was = *next
	kind := "InstrumentDefined"
	if differs("", before, map[string]any(was.data())) == "" {
		kind = "InstrumentConfirmed"
	}
	v.change(was, kind, from, "")
	return accepted
}

// tradable refuses an instrument that is not there, or retired.
func (i *instrument) tradable() refusal {
	switch {
	case i == nil:
		return "unknown_instrument"
	case i.retired:
		return "instrument_retired"
	}
	return accepted
}

func (v *Venue) retireInstrument(c *Command, f *fields) (subject, func() refusal) {
	name, reason := f.about("instrument", c, ""), f.text("reason")
	return v.aboutInstrument(name), func() refusal {
		i := v.instruments[name]
		if no := i.tradable(); no != accepted {
			return no
		}
		if i.open > 0 {
			return "has_open_orders"
		}
		from := i.phase
		i.retired, i.phase = true, "closed"
		v.change(i, "InstrumentRetired", from, reason)
		return accepted
	}
}
