package encode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// execution begins an ExecutionReport about an order.
func (m *message) execution(o *event.Order, execType byte) {
	m.begin("8")
	m.orderID(o.ID)
	m.clientIDs(o, execType)
	m.execID(tagExecID, m.block.History, m.report.Sequence)
	m.w.Char(tagExecType, execType)
	m.state(o)
	m.terms(o)
	m.progress(o)
	m.w.Time(tagTransactTime, m.block.At)
}

// end writes what comes last in each ExecutionReport.
func (m *message) end() {
	if m.report.Touch.Kind == market.SessionDropCopy {
		m.w.Bool(tagCopyMsgIndicator, true)
	}
}

// reported answers a client that sent an order again which is there.
func (m *message) reported(o *event.Order) {
	m.execution(o, execStatus)
	m.end()
}

// asked returns the request that an order's report answers: nil if it is not for
// who asked for something of this order, nor for the copy of that.
func (m *message) asked(o *event.Order) *command.Request {
	c := &m.report.Group.Context
	if c.Session == nil || subject(m.report.Group) != o.ID || c.Actor != o.Session && c.Actor != m.report.Touch.CompID {
		return nil
	}
	return &c.Session.Request
}

// subject returns the order that a place, amend or cancel is about: the one of
// its first record.
func subject(g *event.Group) market.OrderID {
	switch command.Kind(g.Context.CommandKind) {
	case command.KindPlaceOrder, command.KindAmendOrder, command.KindCancelOrder:
	default:
		return 0
	}
	for _, r := range g.Records {
		if r, ok := r.(*event.OrderChanged); ok {
			return r.Order.ID
		}
	}
	return 0
}

// clientIDs writes what the client calls the order: in the answer to a request
// the request's ids as they came, and its parties; else the order's own.
// OrigClOrdID is there only where an amend or cancel was asked for, so that one
// can tell an unsolicited cancel.
func (m *message) clientIDs(o *event.Order, execType byte) {
	q := m.asked(o)
	if q == nil {
		m.w.Text(tagClOrdID, o.ClientOrderID)
		return
	}
	m.w.Text(tagClOrdID, q.ClOrdID)
	if m.solicited(execType) {
		m.w.Text(tagOrigClOrdID, first(q.OrigClOrdID, o.ClientOrderID))
	}
	m.parties(q)
}

// solicited reports whether an execution is what an amend or a cancel asked
// for, and not one of its consequences.
func (m *message) solicited(execType byte) bool {
	switch command.Kind(m.report.Group.Context.CommandKind) {
	case command.KindAmendOrder:
		return execType == execReplaced
	case command.KindCancelOrder:
		return execType == execCanceled
	}
	return false
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (m *message) orderChanged(r *event.OrderChanged) {
	o := m.report.Order
	switch r.Type {
	case event.TypeOrderAccepted:
		m.execution(o, execNew)
	case event.TypeOrderAmended:
		m.execution(o, execReplaced)
	case event.TypeOrderTriggered:
		m.triggered(o)
	default:
		m.closed(o)
	}
	m.end()
}

// triggered reports a stop that is now in the market. FIX 4.4 has no word for
// it: there it is a restatement.
func (m *message) triggered(o *event.Order) {
	if m.sp2 {
		m.execution(o, execTriggered)
		return
	}
	m.execution(o, execRestated)
	m.w.Uint(tagExecRestatementReason, restatedOther)
	m.text("triggered", "the stop price was reached")
}

// closed reports an order that ended without being filled, and why.
func (m *message) closed(o *event.Order) {
	switch o.Status {
	case market.StatusExpired:
		m.execution(o, execExpired)
	case market.StatusRejected:
		m.execution(o, execRejected)
		m.w.Uint(tagOrdRejReason, rejectedOther)
	default:
		m.execution(o, execCanceled)
		if q := m.asked(o); q == nil || !m.solicited(execCanceled) {
			m.w.Uint(tagExecRestatementReason, restatement(o.Reason))
		}
	}
	if o.Reason != market.ReasonUser || m.asked(o) == nil {
		m.text(o.Reason.String(), reasonText(o.Reason))
	}
}

// selfTrade reports an order that lost quantity instead of trading with
// another of its owner, or ended by it.
func (m *message) selfTrade() {
	o := m.report.Order
	if !o.Status.IsOpen() {
		m.closed(o)
		m.end()
		return
	}
	m.execution(o, execRestated)
	m.w.Uint(tagExecRestatementReason, restatedDeclined)
	m.text(market.ReasonSelfTrade.String(), reasonText(market.ReasonSelfTrade))
	m.end()
}

// fill reports one side of a trade.
func (m *message) fill(f *event.Fill) {
	o := m.report.Order
	taker := o == &f.Taker
	m.execution(o, execTrade)
	m.w.Decimal(tagLastQty, int64(f.Quantity), o.QuantityDigits)
	m.w.Decimal(tagLastPx, int64(f.Price), o.PriceDigits)
	m.liquidity(f.TakerSide, taker)
	m.w.Uint(tagTrdMatchID, uint64(f.TradeID))
	if taker {
		m.fee(f.TakerFee, f.FeeAsset, o.QuoteScale)
	} else {
		m.fee(f.MakerFee, f.FeeAsset, o.QuoteScale)
	}
	m.end()
}

// liquidity writes LastLiquidityInd. For an auction, where neither side took
// any, FIX 4.4 has no value.
func (m *message) liquidity(takerSide market.Side, taker bool) {
	switch {
	case takerSide == market.SideNone && m.sp2:
		m.w.Char(tagLastLiquidityInd, auctionLiquidity)
	case takerSide == market.SideNone:
	case taker:
		m.w.Char(tagLastLiquidityInd, removedLiquidity)
	default:
		m.w.Char(tagLastLiquidityInd, addedLiquidity)
	}
}
