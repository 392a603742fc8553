package decode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// AssetPayload documents assets/define.
type AssetPayload struct {
	Asset     string `json:"asset" maxLength:"64" doc:"Id of the asset"`
	Scale     int    `json:"scale" minimum:"0" maximum:"18" doc:"Ledger digits; fixed after first use"`
	MinorUnit int    `json:"minor_unit,omitempty" minimum:"0" maximum:"18" doc:"ISO 4217 exponent; default scale"`
}

func defineAsset(o *object, aggregate string) command.Body {
	c := &command.DefineAsset{Asset: o.about("asset", aggregate, "")}
	scale, ok := o.bounded("scale", market.MaxDigits)
	if !ok {
		o.fail("scale", "is required")
	}
	minor, ok := o.bounded("minor_unit", market.MaxDigits)
	c.Scale, c.HasMinorUnit, c.MinorUnit = uint8(scale), ok, uint8(minor)
	return c
}

// InstrumentPayload documents instruments/define.
type InstrumentPayload struct {
	Instrument          string `json:"instrument" maxLength:"64"`
	Base                string `json:"base" maxLength:"64" doc:"Asset that is traded"`
	Quote               string `json:"quote" maxLength:"64" doc:"Asset that prices are in"`
	PriceTick           string `json:"price_tick" format:"decimal"`
	QuantityStep        string `json:"quantity_step" format:"decimal"`
	MinQuantity         string `json:"min_quantity,omitempty" format:"decimal"`
	MaxQuantity         string `json:"max_quantity,omitempty" format:"decimal"`
	MinNotional         string `json:"min_notional,omitempty" format:"decimal"`
	ReferencePrice      string `json:"reference_price,omitempty" format:"decimal" doc:"Until the first trade"`
	PriceBandBps        string `json:"price_band_bps,omitempty" format:"decimal" doc:"Both sides of the reference"`
	MarketProtectionBps string `json:"market_protection_bps,omitempty" format:"decimal" doc:"Default 500"`
	MakerFeeBps         string `json:"maker_fee_bps,omitempty" format:"decimal" doc:"Negative = rebate"`
	TakerFeeBps         string `json:"taker_fee_bps,omitempty" format:"decimal"`
	Phase               string `json:"phase,omitempty"`
}

func defineInstrument(o *object, aggregate string) command.Body {
	return &command.DefineInstrument{
		Instrument:          o.about("instrument", aggregate, ""),
		Base:                o.needID("base"),
		Quote:               o.needID("quote"),
		PriceTick:           o.needDecimal("price_tick"),
		QuantityStep:        o.needDecimal("quantity_step"),
		MinQuantity:         o.decimal("min_quantity"),
		MaxQuantity:         o.decimal("max_quantity"),
		MinNotional:         o.decimal("min_notional"),
		ReferencePrice:      o.decimal("reference_price"),
		PriceBandBps:        o.basisPoints("price_band_bps"),
		MarketProtectionBps: o.basisPoints("market_protection_bps"),
		MakerFeeBps:         o.decimal("maker_fee_bps"),
		TakerFeeBps:         o.decimal("taker_fee_bps"),
		Phase:               enum(o, "phase", market.ParsePhase, phaseNames()),
	}
}

// basisPoints returns basis points, which the contract leaves open as to
// whether they are a decimal string or a whole number: both are taken.
func (o *object) basisPoints(name string) command.Optional {
	if i := o.find(name); i >= 0 && o.nodes[i].kind == '0' {
		return o.integer(name)
	}
	return o.decimal(name)
}

// InstrumentReasonPayload documents instruments/halt, resume and retire.
type InstrumentReasonPayload struct {
	Instrument string `json:"instrument" maxLength:"64"`
	Reason     string `json:"reason,omitempty" maxLength:"1024"`
}

func haltInstrument(o *object, aggregate string) command.Body {
	return &command.HaltInstrument{Instrument: o.about("instrument", aggregate, ""), Reason: o.text("reason", MaxText)}
}

func resumeInstrument(o *object, aggregate string) command.Body {
	return &command.ResumeInstrument{Instrument: o.about("instrument", aggregate, ""), Reason: o.text("reason", MaxText)}
}

func retireInstrument(o *object, aggregate string) command.Body {
	return &command.RetireInstrument{Instrument: o.about("instrument", aggregate, ""), Reason: o.text("reason", MaxText)}
}

// PhasePayload documents instruments/set-phase.
type PhasePayload struct {
	Instrument string `json:"instrument" maxLength:"64"`
	Phase      string `json:"phase"`
	Reason     string `json:"reason,omitempty" maxLength:"1024"`
}

func setPhase(o *object, aggregate string) command.Body {
	return &command.SetPhase{
		Instrument: o.about("instrument", aggregate, ""),
		Phase:      needEnum(o, "phase", market.ParsePhase, phaseNames()),
		Reason:     o.text("reason", MaxText),
	}
}

func phaseNames() string {
	return "closed, pre_open, opening_auction, continuous, volatility_auction, closing_auction, halted, cancel_only, post_only"
}
