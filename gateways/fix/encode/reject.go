package encode

import (
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// rejected reports a refusal in the message that its request asks for.
func (m *message) rejected(r *event.CommandRejected) {
	echo := r.Echo
	if echo == nil {
		echo = &event.Echo{Request: command.Kind(m.report.Group.Context.CommandKind)}
	}
	q := &m.report.Group.Context.Session.Request
	switch echo.Request {
	case command.KindAmendOrder, command.KindCancelOrder:
		m.cancelReject(r, echo, q)
	case command.KindCancelAll:
		m.massCancelReject(r, echo, q)
	default:
		m.orderReject(r, echo, q)
	}
}

// orderReject is an ExecutionReport about an order that there is not.
func (m *message) orderReject(r *event.CommandRejected, o *event.Echo, q *command.Request) {
	m.begin("8")
	m.w.Text(tagOrderID, none)
	m.w.Text(tagClOrdID, q.ClOrdID)
	m.parties(q)
	m.execID(tagExecID, m.block.History, m.report.Sequence)
	m.w.Char(tagExecType, execRejected)
	m.w.Char(tagOrdStatus, ordStatusRejected)
	m.w.Uint(tagOrdRejReason, orderRejection(r.Code))
	m.echo(o)
	m.w.Uint(tagLeavesQty, 0)
	m.w.Uint(tagCumQty, 0)
	m.w.Uint(tagAvgPx, 0)
	m.w.Time(tagTransactTime, m.block.At)
	m.text(r.Code.Text(), r.Detail)
}

// parties writes the parties of a request as they came.
func (e *Encoder) parties(q *command.Request) {
	e.scratch = append(e.scratch[:0], q.Parties...)
	e.w.Fields(e.scratch)
}

// echo writes what was ordered, as far as it was understood; what the door
// declined as it came.
func (e *Encoder) echo(o *event.Echo) {
	if o.Fields != "" {
		e.scratch = append(e.scratch[:0], o.Fields...)
		e.w.Fields(e.scratch)
		if fieldOf(o.Fields, "54=") == "" {
			e.w.Char(tagSide, side(o.Side))
		}
		return
	}
	e.w.Text(tagAccount, o.Account)
	e.w.Text(tagSymbol, o.Instrument)
	e.w.Char(tagSide, side(o.Side))
	e.optional(tagOrderQty, o.Quantity)
	e.optional(tagCashOrderQty, o.QuoteQuantity)
	e.char(tagOrdType, ordType(o.Type))
	e.optional(tagPrice, o.Price)
	e.optional(tagStopPx, o.StopPrice)
	e.char(tagTimeInForce, timeInForce(o.TimeInForce))
	if o.ExpireAt != 0 {
		e.w.Time(tagExpireTime, o.ExpireAt)
	}
	if o.PostOnly {
		e.w.Char(tagExecInst, postOnly)
	}
	e.optional(e.displayTag(), o.DisplayQuantity)
}

// Placement returns what an order asks for as ready fields, as a refusal of it
// echoes them. It is for refusals that the door decides; "" if it is too long.
func (e *Encoder) Placement(o *command.PlaceOrder) string {
	e.header("8", 0, 0)
	e.echo(&event.Echo{
		Account: o.Account, Instrument: o.Instrument, Side: o.Side, Type: o.Type, TimeInForce: o.TimeInForce,
		PostOnly: o.PostOnly, ExpireAt: o.ExpireAt, Quantity: o.Quantity, QuoteQuantity: o.QuoteQuantity,
		Price: o.Price, StopPrice: o.StopPrice, DisplayQuantity: o.DisplayQuantity,
	})
	var m wire.Message
	if err := wire.Parse(e.w.Finish(nil), &m); err != nil {
		return ""
	}
	var text []byte
	for _, f := range m.Body() {
		text = append(append(strconv.AppendUint(text, uint64(f.Tag), 10), '='), f.Value...)
		text = append(text, wire.Separator)
	}
	if len(text) > command.MaxEcho {
		return ""
	}
	return string(text)
}

// fieldOf returns the value of a ready field that begins so, "" if there is
// none.
func fieldOf(fields, begin string) string {
	for fields != "" {
		field, rest, _ := strings.Cut(fields, "\x01")
		if value, ok := strings.CutPrefix(field, begin); ok {
			return value
		}
		fields = rest
	}
	return ""
}

// cancelReject is an OrderCancelReject: of an order that is there with its id
// and status, else of none.
func (m *message) cancelReject(r *event.CommandRejected, o *event.Echo, q *command.Request) {
	m.begin("9")
	m.orderID(o.Order)
	m.w.Text(tagClOrdID, first(q.ClOrdID, none))
	m.w.Text(tagOrigClOrdID, first(q.OrigClOrdID, m.noOrigin()))
	m.w.Char(tagOrdStatus, ordStatus(o.Status))
	m.w.Text(tagAccount, o.Account)
	m.w.Char(tagCxlRejResponseTo, responseTo(o.Request))
	m.w.Uint(tagCxlRejReason, cancelRejection(r.Code))
	m.w.Time(tagTransactTime, m.block.At)
	m.text(r.Code.Text(), r.Detail)
}

// noOrigin stands for an OrigClOrdID that the request has not: FIX 4.4 demands
// one.
func (e *Encoder) noOrigin() string {
	if e.sp2 {
		return ""
	}
	return none
}

// responseTo is CxlRejResponseTo (434).
func responseTo(k command.Kind) byte {
	if k == command.KindAmendOrder {
		return '2'
	}
	return '1'
}
