package encode

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The answers below are no events: they take numbers that are filled with gaps
// when they are asked for again. Each takes its number and the venue's time.

// Slot is the number that an answer takes, and when it goes out.
type Slot struct {
	Number uint64
	At     market.Nanos // not before the venue's time of what it tells
}

// StatusQuery is what an OrderStatusRequest (35=H) or OrderMassStatusRequest
// (35=AF) asked for; what is zero was not said.
type StatusQuery struct {
	ClOrdID    string // 11
	StatusID   string // 790
	MassID     string // 584
	Instrument string // 55
	Side       market.Side
	// Total and Last are, in the answer to 35=AF, how many reports there are and
	// whether this is the last (911, 912).
	Total uint64
	Last  bool
}

// statusExecID is ExecID (17) of what is no execution.
const statusExecID = "0"

// Status appends an ExecutionReport with an order as it is: ExecType I.
func (e *Encoder) Status(dst []byte, s Slot, o *event.Order, q *StatusQuery) []byte {
	e.header("8", s.Number, max(s.At, o.UpdatedAt))
	e.orderID(o.ID)
	e.w.Text(tagClOrdID, first(o.ClientOrderID, q.ClOrdID))
	e.queried(q)
	e.w.Text(tagExecID, statusExecID)
	e.w.Char(tagExecType, execStatus)
	e.state(o)
	e.terms(o)
	e.progress(o)
	e.w.Time(tagTransactTime, o.UpdatedAt)
	if !o.Status.IsOpen() && o.Reason != market.ReasonNone {
		e.text(o.Reason.String(), reasonText(o.Reason))
	}
	return e.w.Finish(dst)
}

// queried writes which question is answered.
func (e *Encoder) queried(q *StatusQuery) {
	e.w.Text(tagOrdStatusReqID, q.StatusID)
	if q.MassID == "" {
		return
	}
	e.w.Text(tagMassStatusReqID, q.MassID)
	e.w.Uint(tagTotNumReports, q.Total)
	e.w.Bool(tagLastRptRequested, q.Last)
}

// NoStatus appends the answer about an order that there is not, or, to 35=AF,
// that there are none: ExecType I, OrdStatus Rejected.
func (e *Encoder) NoStatus(dst []byte, s Slot, q *StatusQuery) []byte {
	e.header("8", s.Number, s.At)
	e.w.Text(tagOrderID, none)
	e.w.Text(tagClOrdID, q.ClOrdID)
	e.queried(q)
	e.w.Text(tagExecID, statusExecID)
	e.w.Char(tagExecType, execStatus)
	e.w.Char(tagOrdStatus, ordStatusRejected)
	e.w.Uint(tagOrdRejReason, rejectedUnknown)
	e.w.Text(tagSymbol, q.Instrument)
	e.w.Char(tagSide, side(q.Side))
	e.w.Uint(tagLeavesQty, 0)
	e.w.Uint(tagCumQty, 0)
	e.w.Uint(tagAvgPx, 0)
	e.w.Time(tagTransactTime, s.At)
	e.text(event.CodeUnknownOrder.Text(), "")
	return e.w.Finish(dst)
}
