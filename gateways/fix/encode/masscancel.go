package encode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// MassCancelRequestType (530) and MassCancelResponse (531).
const (
	massCancelled1   = '1' // orders for a security
	massCancelledAll = '7'
	massRejected     = '0'
)

// massCancelled is the OrderMassCancelReport of a request that was executed.
// What a work item still cancels after it is told by the orders' own reports.
func (m *message) massCancelled(r *event.OrdersCancelled) {
	kind := massKind(r.Instrument)
	m.massReport(&m.report.Group.Context.Session.Request, kind, kind, r.Instrument, r.Side)
	m.w.Uint(tagTotalAffectedOrders, uint64(r.Cancelled))
	m.w.Time(tagTransactTime, m.block.At)
	if r.Continues {
		m.text("continues", "more orders are cancelled in the next entries, before anything else for the account")
	}
}

// massCancelReject is the OrderMassCancelReport of a request that was refused.
func (m *message) massCancelReject(r *event.CommandRejected, o *event.Echo, q *command.Request) {
	if o.Fields != "" {
		m.massDecline(o.Fields, q)
	} else {
		m.massReport(q, massKind(o.Instrument), massRejected, o.Instrument, o.Side)
	}
	m.w.Text(tagMassCancelRejectReason, massCancelRejection(r.Code))
	m.w.Time(tagTransactTime, m.block.At)
	m.text(r.Code.Text(), r.Detail)
}

// massDecline begins the report of a request that the door declined, with what
// it asked for as it came.
func (m *message) massDecline(fields string, q *command.Request) {
	request, instrument := fieldOf(fields, "530="), fieldOf(fields, "55=")
	kind := massKind(instrument)
	if len(request) == 1 {
		kind = request[0]
	}
	var s market.Side
	switch fieldOf(fields, "54=") {
	case "1":
		s = market.Buy
	case "2":
		s = market.Sell
	}
	m.massReport(q, kind, massRejected, instrument, s)
}

func massKind(instrument string) byte {
	if instrument == "" {
		return massCancelledAll
	}
	return massCancelled1
}

// massReport begins an OrderMassCancelReport. Its OrderID is the venue's id of
// the mass cancel: that of the event.
func (m *message) massReport(q *command.Request, request, response byte, instrument string, s market.Side) {
	m.begin("r")
	m.execID(tagOrderID, m.block.History, m.report.Sequence)
	m.w.Text(tagClOrdID, q.ClOrdID)
	m.w.Char(tagMassCancelRequestType, request)
	m.w.Char(tagMassCancelResponse, response)
	if m.sp2 {
		m.execID(tagMassActionReportID, m.block.History, m.report.Sequence)
	}
	m.w.Text(tagSymbol, instrument)
	if s != market.SideNone {
		m.w.Char(tagSide, side(s))
	}
}
