package encode

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// TradeQuery is a TradeCaptureReportRequest (35=AD).
type TradeQuery struct {
	RequestID string // 568
	Type      uint64 // 569
	// Subscription is SubscriptionRequestType (263), 0 if it was not said.
	Subscription byte
	Instrument   string
}

// TradeResult is TradeRequestResult (749).
type TradeResult uint64

// The results.
const (
	TradesFollow        TradeResult = 0
	TradesUnknownSymbol TradeResult = 1
	TradesTypeNotTaken  TradeResult = 8
	TradesNotAuthorised TradeResult = 9
	TradesOther         TradeResult = 99
)

// TradeRequestStatus (750).
const (
	tradesAccepted  = 0
	tradesCompleted = 1
	tradesRejected  = 2
)

// TradesAck appends a TradeCaptureReportRequestAck (35=AQ): that reports
// follow, how many there will not be told before the last of them.
func (e *Encoder) TradesAck(dst []byte, s Slot, q *TradeQuery) []byte {
	return e.tradesAck(dst, s, q, TradesFollow, tradesAccepted, "")
}

// TradesDone appends a TradeCaptureReportRequestAck (35=AQ): that there are no
// trades now, or that a subscription has ended.
func (e *Encoder) TradesDone(dst []byte, s Slot, q *TradeQuery, text string) []byte {
	return e.tradesAck(dst, s, q, TradesFollow, tradesCompleted, text)
}

// TradesRefused appends a TradeCaptureReportRequestAck (35=AQ): why no reports
// follow.
func (e *Encoder) TradesRefused(dst []byte, s Slot, q *TradeQuery, why TradeResult, text string) []byte {
	return e.tradesAck(dst, s, q, why, tradesRejected, text)
}

func (e *Encoder) tradesAck(dst []byte, s Slot, q *TradeQuery, result TradeResult, status uint64, text string) []byte {
	e.header("AQ", s.Number, s.At)
	e.w.Text(tagTradeRequestID, q.RequestID)
	e.w.Uint(tagTradeRequestType, q.Type)
	e.char(tagSubscriptionRequest, q.Subscription)
	if status != tradesAccepted {
		e.w.Uint(tagTotNumTradeReports, 0)
	}
	e.w.Uint(tagTradeRequestResult, uint64(result))
	e.w.Uint(tagTradeRequestStatus, status)
	e.w.Text(tagSymbol, q.Instrument)
	e.w.Text(tagText, text)
	return e.w.Finish(dst)
}

// TradeReport is one side of a trade, for a TradeCaptureReport.
type TradeReport struct {
	*event.OwnFill
	History       uint64
	ClientOrderID string // "" = not known
	// Query is what is answered, nil for none, Last the last report of its
	// answer; a report that a subscription brings later is Unsolicited.
	Query       *TradeQuery
	Last        bool
	Unsolicited bool
}

// Trade appends a TradeCaptureReport (35=AE) of a client's own side of a trade.
// Its TradeReportID and ExecID are the ExecID of the execution's report.
func (e *Encoder) Trade(dst []byte, s Slot, t *TradeReport) []byte {
	e.header("AE", s.Number, max(s.At, t.At))
	e.execID(tagTradeReportID, t.History, t.Executed())
	e.w.Uint(tagTradeReportTransType, 0)
	e.w.Uint(tagTradeReportType, 0)
	e.tradeQuery(t)
	e.w.Char(tagExecType, execTrade)
	e.w.Uint(tagTrdMatchID, uint64(t.TradeID))
	e.execID(tagExecID, t.History, t.Executed())
	e.w.Bool(tagPreviouslyReported, false)
	e.w.Text(tagSymbol, t.Instrument)
	e.w.Decimal(tagLastQty, int64(t.Quantity), t.QuantityDigits)
	e.w.Decimal(tagLastPx, int64(t.Price), t.PriceDigits)
	e.date(tagTradeDate, t.At)
	e.w.Time(tagTransactTime, t.At)
	e.tradeSide(t)
	return e.w.Finish(dst)
}

func (e *Encoder) tradeQuery(t *TradeReport) {
	if t.Query == nil {
		return
	}
	e.w.Text(tagTradeRequestID, t.Query.RequestID)
	if t.Unsolicited {
		e.w.Bool(tagUnsolicitedIndicator, true)
		return
	}
	e.w.Bool(tagLastRptRequested, t.Last)
}

// tradeSide writes the one side, in the order that the group has in each
// version.
func (e *Encoder) tradeSide(t *TradeReport) {
	e.w.Uint(tagNoSides, 1)
	e.w.Char(tagSide, side(t.Side))
	if !e.sp2 {
		e.orderID(t.OrderID)
		e.w.Text(tagClOrdID, t.ClientOrderID)
	}
	e.w.Text(tagAccount, t.Account)
	e.fee(t.Fee, t.FeeAsset, t.FeeScale)
	if e.sp2 {
		if t.TakerSide != market.SideNone {
			e.w.Bool(tagAggressorIndicator, t.OrderID == t.TakerOrderID)
		}
		e.orderID(t.OrderID)
		e.w.Text(tagClOrdID, t.ClientOrderID)
	}
}

// date writes the UTC day of an instant.
func (e *Encoder) date(tag wire.Tag, at market.Nanos) {
	const day = len("20060102")
	e.w.Bytes(tag, wire.AppendTime(e.scratch[:0], at, 0)[:day])
}
