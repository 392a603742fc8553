package eventcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// minTouchBytes and minSteppedBytes are the least that each is written in.
const (
	minTouchBytes   = 5
	minSteppedBytes = 6
)

func (e *encoder) touches(list []event.SessionTouch) {
	e.Uvarint(uint64(len(list)))
	for i := range list {
		t := &list[i]
		e.name(t.CompID)
		e.Byte(byte(t.Kind))
		e.Uvarint(uint64(len(t.Accounts)))
		for _, a := range t.Accounts {
			e.name(a)
		}
		e.Uvarint(t.First)
		e.Uvarint(uint64(t.Count))
	}
}

func (d *decoder) touches() []event.SessionTouch {
	n := d.Count(minTouchBytes)
	d.canonicalIf(n > 0)
	list := make([]event.SessionTouch, n)
	for i := range list {
		t := &list[i]
		t.CompID = d.name()
		t.Kind = market.SessionKind(d.Byte())
		if accounts := d.Count(1); accounts > 0 {
			t.Accounts = make([]string, accounts)
		}
		for j := range t.Accounts {
			t.Accounts[j] = d.name()
		}
		t.First = d.Uvarint()
		t.Count = d.uint32()
	}
	return list
}

func (e *encoder) sessionLoggedOn(r *event.SessionLoggedOn) {
	e.name(r.CompID)
	e.name(r.Participant)
	e.Byte(byte(r.Kind))
	e.Uvarint(r.Epoch)
	e.name(r.Owner)
	e.Uvarint(r.NextIn)
	e.Uvarint(r.Number)
	e.Uvarint(uint64(r.HeartBtInt))
	e.Bool(r.Reset)
	e.Uvarint(r.NextExpected)
	e.Uvarint(r.Sequence)
}

func (d *decoder) sessionLoggedOn() event.Record {
	return &event.SessionLoggedOn{
		CompID: d.name(), Participant: d.name(), Kind: market.SessionKind(d.Byte()), Epoch: d.Uvarint(),
		Owner: d.name(), NextIn: d.Uvarint(), Number: d.Uvarint(), HeartBtInt: d.uint32(), Reset: d.Bool(),
		NextExpected: d.Uvarint(), Sequence: d.Uvarint(),
	}
}

func (e *encoder) sessionRefused(r *event.SessionRefused) {
	e.name(r.CompID)
	e.Uvarint(uint64(r.Code))
	e.name(r.Owner)
	e.Uvarint(r.Epoch)
	e.Uvarint(r.NextIn)
	e.Uvarint(r.Number)
	e.Uvarint(uint64(r.Slots))
	e.Uvarint(r.Sequence)
}

func (d *decoder) sessionRefused() event.Record {
	return &event.SessionRefused{
		CompID: d.name(), Code: event.Code(d.UpTo(1<<8 - 1)), Owner: d.name(), Epoch: d.Uvarint(), NextIn: d.Uvarint(),
		Number: d.Uvarint(), Slots: d.uint32(), Sequence: d.Uvarint(),
	}
}

func (e *encoder) sessionsAdvanced(r *event.SessionsAdvanced) {
	e.name(r.Owner)
	e.Uvarint(uint64(len(r.Steps)))
	for i := range r.Steps {
		s := &r.Steps[i]
		e.name(s.CompID)
		e.Uvarint(s.Epoch)
		e.Byte(byte(s.Result))
		e.Uvarint(s.NextIn)
		e.Uvarint(s.Number)
		e.Uvarint(uint64(s.Slots))
	}
}

func (d *decoder) sessionsAdvanced() event.Record {
	r := &event.SessionsAdvanced{Owner: d.name()}
	if n := d.Count(minSteppedBytes); n > 0 {
		r.Steps = make([]event.SessionStepped, n)
	}
	for i := range r.Steps {
		r.Steps[i] = event.SessionStepped{
			CompID: d.name(), Epoch: d.Uvarint(), Result: event.StepResult(d.Byte()), NextIn: d.Uvarint(),
			Number: d.Uvarint(), Slots: d.uint32(),
		}
	}
	return r
}

func (e *encoder) sessionEnded(r *event.SessionEnded) {
	e.name(r.CompID)
	e.Uvarint(r.Epoch)
	e.name(r.Owner)
	e.Byte(byte(r.Reason))
	e.Uvarint(r.NextIn)
	e.Uvarint(r.Number)
	e.Uvarint(uint64(r.Slots))
	e.Text(r.Text)
	e.Uvarint(r.Sequence)
}

func (d *decoder) sessionEnded() event.Record {
	return &event.SessionEnded{
		CompID: d.name(), Epoch: d.Uvarint(), Owner: d.name(), Reason: market.SessionEnd(d.Byte()), NextIn: d.Uvarint(),
		Number: d.Uvarint(), Slots: d.uint32(), Text: d.Text(), Sequence: d.Uvarint(),
	}
}

func (e *encoder) sessionReset(r *event.SessionReset) {
	e.name(r.CompID)
	e.Uvarint(r.Epoch)
	e.Uvarint(r.NextIn)
	e.Uvarint(r.NextOut)
	e.Uvarint(r.Sequence)
}

func (d *decoder) sessionReset() event.Record {
	return &event.SessionReset{
		CompID: d.name(), Epoch: d.Uvarint(), NextIn: d.Uvarint(), NextOut: d.Uvarint(), Sequence: d.Uvarint(),
	}
}

func (e *encoder) orderReported(r *event.OrderReported) { e.order(&r.Order) }

func (d *decoder) orderReported() event.Record {
	r := new(event.OrderReported)
	d.of = 2 // it came with the sessions, and its image may always name one
	d.order(&r.Order)
	d.of = 1
	return r
}

// The bits of an echo's first number: what is there.
const (
	echoAccount = 1 << iota
	echoInstrument
	echoSide
	echoType
	echoTimeInForce
	echoPostOnly
	echoQuantity
	echoQuoteQuantity
	echoPrice
	echoStopPrice
	echoDisplayQuantity
	echoExpireAt
	echoOrder
	echoStatus
	echoFields
	echoKnown = 1<<iota - 1
)

func echoBits(c *event.Echo) uint64 {
	return wire.Flag(c.Account != "", echoAccount) |
		wire.Flag(c.Instrument != "", echoInstrument) |
		wire.Flag(c.Side != 0, echoSide) |
		wire.Flag(c.Type != 0, echoType) |
		wire.Flag(c.TimeInForce != 0, echoTimeInForce) |
		wire.Flag(c.PostOnly, echoPostOnly) |
		wire.Flag(c.Quantity.Set, echoQuantity) |
		wire.Flag(c.QuoteQuantity.Set, echoQuoteQuantity) |
		wire.Flag(c.Price.Set, echoPrice) |
		wire.Flag(c.StopPrice.Set, echoStopPrice) |
		wire.Flag(c.DisplayQuantity.Set, echoDisplayQuantity) |
		wire.Flag(c.ExpireAt != 0, echoExpireAt) |
		wire.Flag(c.Order != 0, echoOrder) |
		wire.Flag(c.Status != 0, echoStatus) |
		wire.Flag(c.Fields != "", echoFields)
}

// echoDecimals are an echo's, in the order of their bits from echoQuantity on.
func echoDecimals(c *event.Echo) [5]*command.Optional {
	return [...]*command.Optional{&c.Quantity, &c.QuoteQuantity, &c.Price, &c.StopPrice, &c.DisplayQuantity}
}

func (e *encoder) echo(c *event.Echo) {
	e.Byte(byte(c.Request))
	e.Uvarint(echoBits(c))
	e.nameIf(c.Account != "", c.Account)
	e.nameIf(c.Instrument != "", c.Instrument)
	for _, b := range [...]byte{byte(c.Side), byte(c.Type), byte(c.TimeInForce)} {
		if b != 0 {
			e.Byte(b)
		}
	}
	for _, o := range echoDecimals(c) {
		if o.Set {
			parts.AppendDecimal(&e.Writer, o.Value)
		}
	}
	e.optional(int64(c.ExpireAt))
	if c.Order != 0 {
		e.Fixed64(uint64(c.Order))
	}
	if c.Status != 0 {
		e.Byte(byte(c.Status))
	}
	e.textIf(c.Fields != "", c.Fields)
}

func (d *decoder) echo() *event.Echo {
	c := &event.Echo{Request: command.Kind(d.Byte())}
	bits := d.Bits(echoKnown)
	c.Account = d.nameIf(bits&echoAccount != 0)
	c.Instrument = d.nameIf(bits&echoInstrument != 0)
	c.Side = market.Side(d.byteIf(bits&echoSide != 0))
	c.Type = market.OrderType(d.byteIf(bits&echoType != 0))
	c.TimeInForce = market.TimeInForce(d.byteIf(bits&echoTimeInForce != 0))
	c.PostOnly = bits&echoPostOnly != 0
	for i, o := range echoDecimals(c) {
		if bits&(echoQuantity<<i) != 0 {
			*o = command.Optional{Set: true, Value: parts.DecodeDecimal(&d.Reader)}
		}
	}
	c.ExpireAt = market.Nanos(d.optional(bits, echoExpireAt))
	if bits&echoOrder != 0 {
		c.Order = market.OrderID(d.Fixed64())
	}
	c.Status = market.OrderStatus(d.byteIf(bits&echoStatus != 0))
	c.Fields = d.textIf(bits&echoFields != 0)
	d.canonicalIf(echoBits(c) == bits)
	return c
}

func (d *decoder) byteIf(present bool) byte {
	if present {
		return d.Byte()
	}
	return 0
}
