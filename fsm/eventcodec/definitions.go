package eventcodec

import (
	"math"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/market"
)

func (e *encoder) assetChanged(r *event.AssetChanged) {
	e.typ(r.Type)
	e.name(r.Asset.Asset)
	e.Byte(r.Asset.Scale)
	e.Byte(r.Asset.MinorUnit)
	e.Uvarint(r.Asset.Sequence)
}

func (d *decoder) assetChanged() event.Record {
	r := new(event.AssetChanged)
	r.Type = d.typ()
	r.Asset.Asset = d.name()
	r.Asset.Scale = d.Byte()
	r.Asset.MinorUnit = d.Byte()
	r.Asset.Sequence = d.Uvarint()
	return r
}

// The definition in a participant's event is written as in its command.
func (e *encoder) participantChanged(r *event.ParticipantChanged) {
	e.typ(r.Type)
	parts.AppendParticipant(&e.Writer, &r.Participant.DefineParticipant, versionOf(r))
	e.Uvarint(r.Participant.Sequence)
}

func (d *decoder) participantChanged() event.Record {
	r := new(event.ParticipantChanged)
	r.Type = d.typ()
	parts.DecodeParticipant(&d.Reader, &r.Participant.DefineParticipant, d.of)
	r.Participant.Sequence = d.Uvarint()
	return r
}

func (e *encoder) accountChanged(r *event.AccountChanged) {
	e.typ(r.Type)
	e.name(r.Account.Account)
	e.name(r.Account.Owner)
	e.name(r.Account.Participant)
	e.Bool(r.Account.Suspended)
	e.Bool(r.Account.Closed)
	e.Uvarint(r.Account.Sequence)
	e.Text(r.Reason)
}

func (d *decoder) accountChanged() event.Record {
	r := new(event.AccountChanged)
	r.Type = d.typ()
	r.Account.Account = d.name()
	r.Account.Owner = d.name()
	r.Account.Participant = d.name()
	r.Account.Suspended = d.Bool()
	r.Account.Closed = d.Bool()
	r.Account.Sequence = d.Uvarint()
	r.Reason = d.Text()
	return r
}

func (e *encoder) limitsChanged(r *event.LimitsChanged) {
	e.typ(r.Type)
	e.Byte(byte(r.Scope))
	e.name(r.Target)
	var named [command.LimitCount]bool
	for i := range named {
		named[i] = r.Limits[i].State != command.LimitInherited
	}
	parts.AppendLimits(&e.Writer, named, &r.Limits)
	e.Uvarint(r.Sequence)
}

func (d *decoder) limitsChanged() event.Record {
	r := new(event.LimitsChanged)
	r.Type = d.typ()
	r.Scope = command.LimitScope(d.Byte())
	r.Target = d.name()
	var named [command.LimitCount]bool
	named, r.Limits = parts.DecodeLimits(&d.Reader)
	for i := range named {
		d.canonicalIf(named[i] == (r.Limits[i].State != command.LimitInherited))
	}
	r.Sequence = d.Uvarint()
	return r
}

func (e *encoder) commandRejected(r *event.CommandRejected) {
	e.Uvarint(uint64(r.Code))
	e.name(r.Rule)
	e.Text(r.Detail)
	e.name(r.Aggregate)
	e.Uvarint(r.CurrentSequence)
	if r.Echo != nil {
		e.echo(r.Echo)
	}
}

func (d *decoder) commandRejected() event.Record {
	r := new(event.CommandRejected)
	r.Code = event.Code(d.UpTo(1<<8 - 1))
	r.Rule = d.name()
	r.Detail = d.Text()
	r.Aggregate = d.name()
	r.CurrentSequence = d.Uvarint()
	if d.of >= 2 {
		r.Echo = d.echo()
	}
	return r
}

func (e *encoder) commandFenced(r *event.CommandFenced) {
	e.name(r.Participant)
	e.Text(r.Target)
}

func (d *decoder) commandFenced() event.Record {
	r := new(event.CommandFenced)
	r.Participant = d.name()
	r.Target = d.Text()
	return r
}

func (e *encoder) leaderStarted(r *event.LeaderStarted) {
	e.Uvarint(r.Term)
	e.Text(r.Leader)
	e.Uvarint(r.Sequence)
	if versionOf(r) >= 2 {
		e.Text(r.Cause)
		e.Text(r.Previous)
		e.Uvarint(r.Gap)
	}
}

func (d *decoder) leaderStarted() event.Record {
	r := new(event.LeaderStarted)
	r.Term = d.Uvarint()
	r.Leader = d.Text()
	r.Sequence = d.Uvarint()
	if d.of >= 2 {
		r.Cause = d.Text()
		r.Previous = d.Text()
		r.Gap = d.Uvarint()
	}
	return r
}

func (e *encoder) levelRaised(r *event.LevelRaised) {
	e.Uvarint(uint64(r.Level))
	e.Uvarint(r.Sequence)
}

func (d *decoder) levelRaised() event.Record {
	r := new(event.LevelRaised)
	r.Level = uint16(d.UpTo(math.MaxUint16))
	r.Sequence = d.Uvarint()
	return r
}

func (e *encoder) historyBegan(r *event.HistoryBegan) {
	e.Fixed64(r.History)
	e.Fixed64(r.Previous)
	e.Text(r.Cause)
	e.Uvarint(r.Sequence)
}

func (d *decoder) historyBegan() event.Record {
	r := new(event.HistoryBegan)
	r.History = d.Fixed64()
	r.Previous = d.Fixed64()
	r.Cause = d.Text()
	r.Sequence = d.Uvarint()
	return r
}

func (e *encoder) entryVoided(r *event.EntryVoided) {
	e.Uvarint(r.Index)
	e.Raw(r.Digest[:])
	e.Uvarint(r.Sequence)
}

func (d *decoder) entryVoided() event.Record {
	r := new(event.EntryVoided)
	r.Index = d.Uvarint()
	d.Raw(r.Digest[:])
	r.Sequence = d.Uvarint()
	return r
}

func (e *encoder) instrumentChanged(r *event.InstrumentChanged) {
	e.typ(r.Type)
	e.instrument(&r.Instrument)
	e.Byte(byte(r.From))
	e.Text(r.Reason)
}

func (d *decoder) instrumentChanged() event.Record {
	r := new(event.InstrumentChanged)
	r.Type = d.typ()
	d.instrument(&r.Instrument)
	r.From = market.Phase(d.Byte())
	r.Reason = d.Text()
	return r
}

func (e *encoder) instrument(i *event.Instrument) {
	e.name(i.Instrument)
	e.name(i.Base)
	e.name(i.Quote)
	e.name(i.Calendar)
	e.Varint(int64(i.PriceTick))
	e.Varint(int64(i.QuantityStep))
	e.Byte(i.PriceDigits)
	e.Byte(i.QuantityDigits)
	e.Byte(i.BaseScale)
	e.Byte(i.QuoteScale)
	e.Varint(int64(i.MinQuantity))
	e.Varint(int64(i.MaxQuantity))
	e.Varint(int64(i.MinNotional))
	e.Varint(int64(i.ReferencePrice))
	e.Bool(i.HasPriceBand)
	e.Varint(int64(i.PriceBand))
	e.Varint(int64(i.MarketProtection))
	e.Varint(int64(i.MakerFee))
	e.Varint(int64(i.TakerFee))
	e.Byte(byte(i.Phase))
	e.Bool(i.Retired)
	e.Uvarint(i.Sequence)
}

func (d *decoder) instrument(i *event.Instrument) {
	i.Instrument = d.name()
	i.Base = d.name()
	i.Quote = d.name()
	i.Calendar = d.name()
	i.PriceTick = market.Price(d.Varint())
	i.QuantityStep = market.Quantity(d.Varint())
	i.PriceDigits = d.Byte()
	i.QuantityDigits = d.Byte()
	i.BaseScale = d.Byte()
	i.QuoteScale = d.Byte()
	i.MinQuantity = market.Quantity(d.Varint())
	i.MaxQuantity = market.Quantity(d.Varint())
	i.MinNotional = market.Amount(d.Varint())
	i.ReferencePrice = market.Price(d.Varint())
	i.HasPriceBand = d.Bool()
	i.PriceBand = market.BasisPoints(d.Varint())
	i.MarketProtection = market.BasisPoints(d.Varint())
	i.MakerFee = market.BasisPoints(d.Varint())
	i.TakerFee = market.BasisPoints(d.Varint())
	i.Phase = market.Phase(d.Byte())
	i.Retired = d.Bool()
	i.Sequence = d.Uvarint()
}
