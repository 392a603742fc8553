package decode

import (
	"bytes"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// maxAhead is how far TransactTime may lie beyond SendingTime.
const maxAhead = market.Nanos(120e9)

// day is one day.
const day = market.Nanos(24 * 3600 * 1e9)

// place reads NewOrderSingle.
func (r *reader) place() command.Body {
	r.transactTime()
	c := &command.PlaceOrder{
		Account:         r.account(),
		Instrument:      r.instrument(),
		ClientOrderID:   r.clientID(),
		Side:            r.side(),
		Type:            r.orderType(),
		PostOnly:        r.postOnly(),
		STP:             r.selfTradePrevention(),
		Quantity:        r.decimal(atOrderQty, event.CodeQuantityOutOfRange),
		QuoteQuantity:   r.decimal(atCashOrderQty, event.CodeQuantityOutOfRange),
		Price:           r.decimal(atPrice, event.CodePriceOutOfRange),
		StopPrice:       r.decimal(atStopPx, event.CodePriceOutOfRange),
		DisplayQuantity: r.display(),
	}
	c.TimeInForce = r.timeInForce(c.Type)
	c.ExpireAt = r.expiry(c.TimeInForce)
	if !c.QuoteQuantity.Set {
		r.need(atOrderQty)
	}
	r.prices(c.Type)
	return c
}

// amend reads OrderCancelReplaceRequest. What of an order cannot be changed is
// compared with nothing: the machine keeps it as it was.
func (r *reader) amend() command.Body {
	r.transactTime()
	c := &command.AmendOrder{
		Order:            r.order(),
		NewClientOrderID: r.clientID(),
		Quantity:         r.decimal(atOrderQty, event.CodeQuantityOutOfRange),
		Price:            r.decimal(atPrice, event.CodePriceOutOfRange),
		StopPrice:        r.decimal(atStopPx, event.CodePriceOutOfRange),
		DisplayQuantity:  r.display(),
	}
	r.side()
	r.postOnly()
	kind := r.orderType()
	if kind == market.Market {
		r.refuse(event.CodeOrderTypeUnsupported, "an open order cannot become a market order")
	}
	if r.has(atCashOrderQty) {
		r.refuse(event.CodeInvalidParameters, "an open order has no CashOrderQty")
	}
	tif := r.timeInForce(kind)
	if tif == market.ImmediateOrCancel || tif == market.FillOrKill {
		r.refuse(event.CodeTimeInForceUnsupported, "an open order cannot become immediate")
	}
	c.ExpireAt = r.expiry(tif)
	r.need(atOrderQty)
	r.prices(kind)
	return c
}

// cancel reads OrderCancelRequest.
func (r *reader) cancel() command.Body {
	r.transactTime()
	r.clientID()
	r.side()
	return &command.CancelOrder{Order: r.order()}
}

// transactTime checks TransactTime: it is not ahead of the message.
func (r *reader) transactTime() {
	if at := r.time(atTransactTime); at > r.m.SendingTime()+maxAhead {
		r.fail(wire.Refuse(wire.ValueIncorrect, atTransactTime.tag()))
	}
}

// account returns the account that is named, or the participant's only one.
func (r *reader) account() string {
	if !r.has(atAccount) && r.sender.Account != "" {
		return r.sender.Account
	}
	r.need(atAccount)
	return r.named(atAccount, event.CodeUnknownAccount)
}

// named reads an id that somebody else gave: what is none is not known.
func (r *reader) named(s slot, unknown event.Code) string {
	id := r.text(s)
	if id != "" && !market.ValidID(id) {
		r.refuse(unknown, "no such id")
		return ""
	}
	return id
}

// instrument returns Symbol, or SecurityID where that is an exchange's symbol.
func (r *reader) instrument() string {
	if !r.has(atSymbol) && r.char(atIDSource) == '8' {
		return r.named(atSecurityID, event.CodeUnknownInstrument)
	}
	r.need(atSymbol)
	return r.named(atSymbol, event.CodeUnknownInstrument)
}

// clientID returns ClOrdID. One outside the contract's alphabet, or with the
// prefix of the venue's own ids, is declined and echoed.
func (r *reader) clientID() string {
	id := r.text(atClOrdID)
	switch {
	case !market.ValidID(id):
		r.refuse(event.CodeInvalidParameters, "ClOrdID has 1 to 64 characters of A-Z a-z 0-9 . _ : -")
	case market.Reserved(id):
		r.refuse(event.CodeReservedID, "ids that begin with "+market.ReservedPrefix+" are the venue's own")
	}
	return id
}

// order returns which order is meant: by OrigClOrdID, or by OrderID where that
// is missing.
func (r *reader) order() command.OrderRef {
	ref := command.OrderRef{Account: r.named(atAccount, event.CodeUnknownAccount)}
	if r.has(atOrigClOrdID) {
		ref.ClientOrderID = r.named(atOrigClOrdID, event.CodeUnknownOrder)
		return ref
	}
	if !r.has(atOrderID) {
		r.need(atOrigClOrdID)
		return ref
	}
	id, ok := market.ParseOrderID(r.text(atOrderID))
	if !ok || id == 0 {
		r.refuse(event.CodeUnknownOrder, "no such order")
	}
	ref.ID, ref.Account = id, ""
	return ref
}

func (r *reader) side() market.Side {
	switch r.char(atSide) {
	case '1':
		return market.Buy
	case '2':
		return market.Sell
	}
	if r.has(atSide) {
		r.refuse(event.CodeInvalidParameters, "side is 1 (buy) or 2 (sell)")
	}
	return market.SideNone
}

func (r *reader) orderType() market.OrderType {
	switch r.char(atOrdType) {
	case '1':
		return market.Market
	case '2':
		return market.Limit
	case '3':
		return market.Stop
	case '4':
		return market.StopLimit
	}
	r.refuse(event.CodeOrderTypeUnsupported, "OrdType is 1, 2, 3 or 4")
	return market.OrderTypeNone
}

// prices checks that the prices are there that a type needs.
func (r *reader) prices(t market.OrderType) {
	if t == market.Limit || t == market.StopLimit {
		r.need(atPrice)
	}
	if t == market.Stop || t == market.StopLimit {
		r.need(atStopPx)
	}
}

// timeInForce reads TimeInForce. Where it is missing the specification means
// the day; for a market order day means what is immediate, for it cannot rest.
func (r *reader) timeInForce(t market.OrderType) market.TimeInForce {
	switch c := r.char(atTimeInForce); {
	case (c == 0 && !r.has(atTimeInForce) || c == '0') && t == market.Market:
		return market.ImmediateOrCancel
	case c == 0 && !r.has(atTimeInForce), c == '0':
		return market.Day
	case c == '1':
		return market.GoodTillCancel
	case c == '3':
		return market.ImmediateOrCancel
	case c == '4':
		return market.FillOrKill
	case c == '6':
		return market.GoodTillDate
	}
	r.refuse(event.CodeTimeInForceUnsupported, "TimeInForce is 0, 1, 3, 4 or 6")
	return market.TimeInForceNone
}

// expiry reads ExpireTime, or the end of ExpireDate in UTC.
func (r *reader) expiry(t market.TimeInForce) market.Nanos {
	if r.has(atExpireTime) || !r.has(atExpireDate) {
		if t == market.GoodTillDate {
			r.need(atExpireTime)
		}
		return r.time(atExpireTime)
	}
	at, ok := wire.ParseDate(r.values[atExpireDate])
	if !ok {
		r.fail(wire.Refuse(wire.IncorrectFormat, atExpireDate.tag()))
	}
	return at + day
}

// postOnly reads ExecInst, of which only 6 is taken.
func (r *reader) postOnly() bool {
	if !r.has(atExecInst) {
		return false
	}
	for v := r.values[atExecInst]; ; {
		word, rest, more := bytes.Cut(v, []byte{' '})
		if string(word) != "6" {
			r.refuse(event.CodeInvalidParameters, "ExecInst is 6 (post-only)")
			return false
		}
		if !more {
			return true
		}
		v = rest
	}
}

// display reads the quantity that an iceberg shows: MaxFloor, or DisplayQty
// from FIX 5.0 SP2 on. One that shows nothing is not taken.
func (r *reader) display() command.Optional {
	q := r.decimal(atMaxFloor, event.CodeQuantityOutOfRange)
	if r.has(atDisplayQty) {
		shown := r.decimal(atDisplayQty, event.CodeQuantityOutOfRange)
		if q.Set && q != shown {
			r.refuse(event.CodeInvalidParameters, "MaxFloor and DisplayQty differ")
		}
		q = shown
	}
	if q.Set && q.Value.IsZero() {
		r.refuse(event.CodeInvalidParameters, "orders that show nothing are not taken")
	}
	return q
}

// selfTradePrevention reads the venue's own tag, or the one that clients of
// other venues know.
func (r *reader) selfTradePrevention() market.SelfTradePrevention {
	mode, other := market.STPNone, market.STPNone
	switch r.char(atSelfTradePrevention) {
	case '2':
		mode = market.STPCancelNewest
	case '3':
		mode = market.STPCancelOldest
	case '4':
		mode = market.STPCancelBoth
	case '5':
		mode = market.STPDecrement
	}
	switch r.char(atSelfTradeType) {
	case 'N':
		other = market.STPCancelNewest
	case 'O':
		other = market.STPCancelOldest
	case 'B':
		other = market.STPCancelBoth
	case 'D':
		other = market.STPDecrement
	default:
		return mode
	}
	if r.has(atSelfTradePrevention) && mode != other {
		r.fail(wire.Refuse(wire.ValueIncorrect, atSelfTradeType.tag()))
	}
	return other
}
