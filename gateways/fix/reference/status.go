package reference

import (
	"context"
	"errors"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// TradingSession is the one session of the venue (336): the day, in the words of
// the specification, until calendars say more.
const TradingSession = "1"

// The tags of states.
const (
	tagTransactTime     wire.Tag = 60
	tagSecurityStatusID wire.Tag = 324
	tagUnsolicited      wire.Tag = 325
	tagTradingStatus    wire.Tag = 326
	tagTradSesReqID     wire.Tag = 335
	tagTradingSessionID wire.Tag = 336
	tagTradSesStatus    wire.Tag = 340
	tagTradSesRejReason wire.Tag = 567
)

// state is that of an instrument, or of the venue.
type state struct {
	status uint64 // 326, or 340
	phase  string
	reason string       // that was given for it, "" if none is known
	since  market.Nanos // 0: not known
}

// follows reports whether a state is another than the one before it: a reason
// may have been forgotten.
func (s state) follows(before state) bool {
	return s.status != before.status || s.phase != before.phase || s.reason != "" && s.reason != before.reason
}

// text is the phase, and the reason for it.
func (s state) text() string {
	if s.reason == "" {
		return s.phase
	}
	return s.phase + ": " + s.reason
}

// SecurityTradingStatus (326).
const (
	tradingHalted     = 2
	readyToTrade      = 17
	notAvailable      = 18
	notTraded         = 19
	unknownInstrument = 20
	preOpen           = 21
	openingRotation   = 22
)

// tradingStatus is what a phase is in the words of the specification. Which one
// it is exactly stands in the text.
func tradingStatus(p market.Phase) uint64 {
	switch p {
	case market.PhaseContinuous:
		return readyToTrade
	case market.PhasePreOpen, market.PhasePostOnly:
		return preOpen
	case market.PhaseOpeningAuction, market.PhaseVolatilityAuction, market.PhaseClosingAuction:
		return openingRotation
	case market.PhaseHalted, market.PhaseCancelOnly:
		return tradingHalted
	}
	return notAvailable
}

// stateOf returns an instrument's state, with the reason that was given for it.
func stateOf(i *event.Instrument, reason string, since market.Nanos) state {
	s := state{status: tradingStatus(i.Phase), phase: i.Phase.String(), reason: reason, since: since}
	if i.Retired {
		s.status, s.phase = notTraded, "retired"
	}
	return s
}

// TradSesStatus (340).
const (
	venueHalted  = 1
	venueOpen    = 2
	venueClosed  = 3
	venuePreOpen = 4
	venueRefuses = 6
)

// unknownSession is TradSesStatusRejReason (567).
const unknownSession = 1

// venueState is the state of all instruments together: open while one trades.
func venueState(all []event.Instrument) state {
	var has [market.PhasePostOnly + 1]bool
	for i := range all {
		if p := all[i].Phase; int(p) < len(has) {
			has[p] = true
		}
	}
	switch {
	case has[market.PhaseContinuous] || has[market.PhasePostOnly]:
		return state{status: venueOpen}
	case has[market.PhasePreOpen] || has[market.PhaseOpeningAuction] || has[market.PhaseVolatilityAuction] || has[market.PhaseClosingAuction]:
		return state{status: venuePreOpen}
	case has[market.PhaseHalted] || has[market.PhaseCancelOnly]:
		return state{status: venueHalted}
	}
	return state{status: venueClosed}
}

// state reads the state of a subject, as of a pin.
func (d *Desk) state(ctx context.Context, pin event.Pin, symbol string) (state, error) {
	if symbol == "" {
		all, err := d.all(ctx, pin)
		return venueState(all), err
	}
	i, err := d.reads.Instrument(pin, symbol)
	if errors.Is(err, gateways.ErrNotFound) {
		return state{status: unknownInstrument, phase: "unknown symbol"}, nil
	}
	return stateOf(&i.Value, "", i.Changed.At), err
}

// noSuchSession refuses a TradingSessionStatusRequest for another session.
func (c *clerk) noSuchSession(q *decode.TradingSessionStatusRequest) {
	c.counter.Send("h", func(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
		b := &c.builder
		c.client.Begin(b, "h", slot)
		b.Text(tagTradSesReqID, q.RequestID)
		b.Text(tagTradingSessionID, q.SessionID)
		b.Uint(tagTradSesStatus, venueRefuses)
		b.Uint(tagTradSesRejReason, unknownSession)
		b.Text(wire.Text, "the one session is "+TradingSession)
		return b.Finish(dst)
	})
}

// appendState appends a SecurityStatus, or a TradingSessionStatus.
func (c *clerk) appendState(dst []byte, slot encode.Slot, of subject, s state, unsolicited bool) []byte {
	b := &c.builder
	if of.symbol == "" {
		c.client.Begin(b, "h", slot)
		b.Text(tagTradSesReqID, of.id)
		b.Text(tagTradingSessionID, TradingSession)
		b.Bool(tagUnsolicited, unsolicited)
		b.Uint(tagTradSesStatus, s.status)
		return b.Finish(dst)
	}
	c.client.Begin(b, "f", slot)
	b.Text(tagSecurityStatusID, of.id)
	b.Text(tagSymbol, of.symbol)
	b.Bool(tagUnsolicited, unsolicited)
	b.Uint(tagTradingStatus, s.status)
	if s.since != 0 {
		b.Time(tagTransactTime, s.since)
	}
	b.Text(wire.Text, s.text())
	return b.Finish(dst)
}
