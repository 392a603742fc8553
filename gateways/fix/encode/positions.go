package encode

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// PositionQuery is a RequestForPositions (35=AN). The venue answers with
// balances: a position for each asset that the account has held.
type PositionQuery struct {
	RequestID string // 710
	Type      uint64 // 724
	Account   string
}

// PositionResult is PosReqResult (728).
type PositionResult uint64

// The results.
const (
	PositionsFollow        PositionResult = 0
	PositionsInvalid       PositionResult = 1
	PositionsNone          PositionResult = 2
	PositionsNotAuthorised PositionResult = 3
	PositionsNotSupported  PositionResult = 4
)

// PosReqStatus (729).
const (
	positionsCompleted = 0
	positionsRejected  = 2
)

// customerSide is AccountType (581): carried on the customer side of the books.
const customerSide = 1

// PositionsAck appends a RequestForPositionsAck (35=AO): how many reports
// follow, or why none do.
func (e *Encoder) PositionsAck(dst []byte, s Slot, q *PositionQuery, total uint64, result PositionResult, text string) []byte {
	e.header("AO", s.Number, s.At)
	e.w.Text(tagPosMaintRptID, q.RequestID)
	e.w.Text(tagPosReqID, q.RequestID)
	e.w.Uint(tagTotalNumPosReports, total)
	e.w.Uint(tagPosReqResult, uint64(result))
	if result == PositionsFollow || result == PositionsNone {
		e.w.Uint(tagPosReqStatus, positionsCompleted)
	} else {
		e.w.Uint(tagPosReqStatus, positionsRejected)
	}
	e.w.Text(tagAccount, first(q.Account, none))
	e.w.Uint(tagAccountType, customerSide)
	e.w.Text(tagText, text)
	return e.w.Finish(dst)
}

// Position appends a PositionReport (35=AP) of one balance: its total is the
// long quantity, what is available of it the cash amount. At is the point that
// it was read at, and names the report.
func (e *Encoder) Position(dst []byte, s Slot, q *PositionQuery, b *event.Balance, at event.Pin, total uint64) []byte {
	e.header("AP", s.Number, max(s.At, at.At))
	e.positionID(q, b, at)
	e.w.Text(tagPosReqID, q.RequestID)
	e.w.Uint(tagPosReqType, q.Type)
	e.w.Uint(tagTotalNumPosReports, total)
	e.w.Uint(tagPosReqResult, uint64(PositionsFollow))
	e.date(tagClearingBusinessDate, at.At)
	e.w.Text(tagAccount, q.Account)
	e.w.Uint(tagAccountType, customerSide)
	e.w.Text(tagSymbol, b.Asset)
	e.w.Text(tagCurrency, b.Asset)
	if !e.sp2 { // which demands them; a balance has no settlement price
		e.w.Uint(tagSettlPrice, 0)
		e.w.Uint(tagSettlPriceType, theoretical)
		e.w.Uint(tagPriorSettlPrice, 0)
	}
	e.amount(tagNoPositions, tagPosType, "TOT", tagLongQty, b.Total, b.Scale)
	e.amount(tagNoPosAmt, tagPosAmtType, "CASH", tagPosAmt, b.Available(), b.Scale)
	return e.w.Finish(dst)
}

// theoretical is SettlPriceType (731).
const theoretical = 2

// positionID names a report: request, sequence and asset.
func (e *Encoder) positionID(q *PositionQuery, b *event.Balance, at event.Pin) {
	id := append(e.scratch[:0], q.RequestID...)
	id = append(id, '-')
	id = market.AppendFixed(id, int64(at.Sequence), 0)
	id = append(append(id, '-'), b.Asset...)
	e.w.Bytes(tagPosMaintRptID, id)
	e.scratch = id[:0]
}

// amount writes a group of one amount.
func (e *Encoder) amount(count, kindTag wire.Tag, kind string, tag wire.Tag, v market.Amount, scale uint8) {
	e.w.Uint(count, 1)
	e.w.Text(kindTag, kind)
	e.w.Decimal(tag, int64(v), scale)
}
