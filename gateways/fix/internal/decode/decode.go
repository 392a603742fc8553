// Package decode turns FIX application messages into what they ask for: order
// messages into commands for the machine, all others into plain requests.
//
// The message has passed wire.Parse and the dictionary. What the specification
// calls wrong all the same is an error: a *wire.Error (35=3) or a
// *wire.BusinessError (35=j). What is right as FIX and cannot be an order here
// becomes a command.DeclineOrder: its refusal is numbered and kept like any
// other. What depends on the state of the venue is the machine's to refuse.
package decode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Sender is whose message it is.
type Sender struct {
	// Account is meant where the message names none (FIX 1): the participant's
	// only one, "" if it has several.
	Account string
}

// Order is what an order message asks of the machine.
type Order struct {
	// Body is a PlaceOrder, AmendOrder, CancelOrder, CancelAll or DeclineOrder.
	Body    command.Body
	Request command.Request
	// ValidUntil belongs in the command's header; 0 = none (FIX 62).
	ValidUntil market.Nanos
}

// IsOrder reports whether ReadOrder reads messages of the type.
func IsOrder(msgType string) bool {
	switch msgType {
	case "D", "F", "G", "q":
		return true
	}
	return false
}

// ReadOrder reads NewOrderSingle (D), OrderCancelRequest (F),
// OrderCancelReplaceRequest (G) and OrderMassCancelRequest (q).
func ReadOrder(m *wire.Message, s Sender) (Order, error) {
	r := reader{m: m, sender: s}
	r.scan()
	o := Order{Request: r.request(), ValidUntil: r.time(atValidUntil)}
	switch m.Type() {
	case "D":
		o.Body = r.place()
	case "G":
		o.Body = r.amend()
		o.Request.ResponseTo = '2'
	case "F":
		o.Body = r.cancel()
		o.Request.ResponseTo = '1'
	case "q":
		o.Body = r.cancelAll()
	default:
		return Order{}, wire.Unsupported()
	}
	if r.err != nil {
		return Order{}, r.err
	}
	if r.declined != nil {
		o.Body = r.decline(o.Body.Kind())
	}
	return o, nil
}
