package decode

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Of the requests below, texts are "" and characters 0 where the message does
// not say them. Ids are echoed; a symbol, account or order may be of nothing
// that there is.

// StatusRequest is OrderStatusRequest (H).
type StatusRequest struct {
	ClOrdID  string // 11, "" only in FIX 5.0 SP2
	OrderID  string // 37
	StatusID string // 790
	Account  string // 1
	Symbol   string // 55
	Side     market.Side
}

// ReadStatus reads OrderStatusRequest: by ClOrdID or OrderID.
func ReadStatus(m *wire.Message) (StatusRequest, error) {
	r := read(m)
	if !r.has(atOrderID) {
		r.need(atClOrdID)
	}
	q := StatusRequest{
		ClOrdID: r.text(atClOrdID), OrderID: r.text(atOrderID), StatusID: r.text(atStatusID),
		Account: r.text(atAccount), Symbol: r.text(atSymbol), Side: sideOf(r.char(atSide)),
	}
	return q, r.err
}

// MassStatusRequest is OrderMassStatusRequest (AF).
type MassStatusRequest struct {
	RequestID string // 584
	Type      uint64 // 585: 1 one security, 7 all orders
	Account   string // 1
	Symbol    string // 55
	Side      market.Side
}

// MassStatusReqType (585) that the venue takes.
const (
	massStatusSecurity = 1
	massStatusAll      = 7
)

// ReadMassStatus reads OrderMassStatusRequest. One for what the venue does not
// tell apart (a party, a product …) is refused: to answer it with all orders, or
// with none, would be wrong.
func ReadMassStatus(m *wire.Message) (MassStatusRequest, error) {
	r := read(m)
	q := MassStatusRequest{
		RequestID: r.text(atMassStatusID), Type: r.uint(atMassStatusType),
		Account: r.text(atAccount), Symbol: r.symbol(), Side: sideOf(r.char(atSide)),
	}
	switch {
	case q.Type == massStatusSecurity && q.Symbol == "":
		r.need(atSymbol)
	case q.Type != massStatusSecurity && q.Type != massStatusAll:
		r.fail(&wire.BusinessError{
			Reason: wire.BusinessOther, Tag: atMassStatusType.tag(), RefID: q.RequestID,
			Text: "MassStatusReqType (585) is 1 or 7",
		})
	}
	return q, r.err
}

// SecurityListRequest is SecurityListRequest (x).
type SecurityListRequest struct {
	RequestID    string // 320
	Type         uint64 // 559: 0 one symbol, 4 all securities …
	Symbol       string // 55
	Subscription byte   // 263
}

// ReadSecurityList reads SecurityListRequest.
func ReadSecurityList(m *wire.Message) (SecurityListRequest, error) {
	r := read(m)
	q := SecurityListRequest{
		RequestID: r.text(atSecurityReqID), Type: r.uint(atSecurityListType),
		Symbol: r.symbol(), Subscription: r.char(atSubscription),
	}
	if q.Type == 0 && q.Symbol == "" {
		r.need(atSymbol)
	}
	return q, r.err
}

// SecurityDefinitionRequest is SecurityDefinitionRequest (c).
type SecurityDefinitionRequest struct {
	RequestID    string // 320
	Type         uint64 // 321
	Symbol       string // 55
	Subscription byte   // 263
}

// ReadSecurityDefinition reads SecurityDefinitionRequest.
func ReadSecurityDefinition(m *wire.Message) (SecurityDefinitionRequest, error) {
	r := read(m)
	q := SecurityDefinitionRequest{
		RequestID: r.text(atSecurityReqID), Type: r.uint(atSecurityReqType),
		Symbol: r.symbol(), Subscription: r.char(atSubscription),
	}
	return q, r.err
}

// SecurityStatusRequest is SecurityStatusRequest (e).
type SecurityStatusRequest struct {
	RequestID    string // 324
	Symbol       string // 55
	Subscription byte   // 263: 0 snapshot, 1 updates too, 2 no more
}

// ReadSecurityStatus reads SecurityStatusRequest.
func ReadSecurityStatus(m *wire.Message) (SecurityStatusRequest, error) {
	r := read(m)
	q := SecurityStatusRequest{
		RequestID: r.text(atSecurityStatusID), Symbol: r.symbol(), Subscription: r.char(atSubscription),
	}
	if q.Symbol == "" {
		r.need(atSymbol)
	}
	return q, r.err
}

// TradingSessionStatusRequest is TradingSessionStatusRequest (g).
type TradingSessionStatusRequest struct {
	RequestID    string // 335
	SessionID    string // 336
	Subscription byte   // 263
}

// ReadTradingSessionStatus reads TradingSessionStatusRequest.
func ReadTradingSessionStatus(m *wire.Message) (TradingSessionStatusRequest, error) {
	r := read(m)
	q := TradingSessionStatusRequest{
		RequestID: r.text(atSessionReqID), SessionID: r.text(atSessionID), Subscription: r.char(atSubscription),
	}
	return q, r.err
}

// PositionsRequest is RequestForPositions (AN).
type PositionsRequest struct {
	RequestID    string // 710
	Type         uint64 // 724: 0 positions, 1 trades …
	Account      string // 1
	Symbol       string // 55
	Subscription byte   // 263
}

// ReadPositions reads RequestForPositions; the account may be the sender's
// only one.
func ReadPositions(m *wire.Message, s Sender) (PositionsRequest, error) {
	r := read(m)
	q := PositionsRequest{
		RequestID: r.text(atPositionReqID), Type: r.uint(atPositionType),
		Account: r.text(atAccount), Symbol: r.symbol(), Subscription: r.char(atSubscription),
	}
	if q.Account == "" {
		q.Account = s.Account
	}
	if q.Account == "" {
		r.need(atAccount)
	}
	return q, r.err
}

// TradesRequest is TradeCaptureReportRequest (AD).
type TradesRequest struct {
	RequestID    string // 568
	Type         uint64 // 569: 0 all trades, 1 those that match …
	Subscription byte   // 263
	ReportID     string // 571
	ExecID       string // 17
	OrderID      string // 37
	ClOrdID      string // 11
	Account      string // 1
	Symbol       string // 55
	Side         market.Side
}

// ReadTrades reads TradeCaptureReportRequest.
func ReadTrades(m *wire.Message) (TradesRequest, error) {
	r := read(m)
	q := TradesRequest{
		RequestID: r.text(atTradeReqID), Type: r.uint(atTradeReqType), Subscription: r.char(atSubscription),
		ReportID: r.text(atTradeReportID), ExecID: r.text(atExecID), OrderID: r.text(atOrderID),
		ClOrdID: r.text(atClOrdID), Account: r.text(atAccount), Symbol: r.symbol(), Side: sideOf(r.char(atSide)),
	}
	return q, r.err
}

// read scans a message that is no order: nothing in it can be declined.
func read(m *wire.Message) *reader {
	r := &reader{m: m}
	r.scan()
	return r
}

// symbol is instrument without asking for one.
func (r *reader) symbol() string {
	if !r.has(atSymbol) && r.char(atIDSource) == '8' {
		return r.text(atSecurityID)
	}
	return r.text(atSymbol)
}

func sideOf(c byte) market.Side {
	switch c {
	case '1':
		return market.Buy
	case '2':
		return market.Sell
	}
	return market.SideNone
}
