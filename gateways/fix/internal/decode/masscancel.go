package decode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// MassCancelRequestType (530) that the venue takes.
const (
	massCancelSecurity = '1'
	massCancelAll      = '7'
)

// cancelAll reads OrderMassCancelRequest: all orders of an account, or those
// of one instrument; of both sides, or of one.
func (r *reader) cancelAll() command.Body {
	r.transactTime()
	r.clientID()
	c := &command.CancelAll{Account: r.account(), Side: r.side()}
	switch r.char(atMassCancelType) {
	case massCancelSecurity:
		c.Instrument = r.instrument()
	case massCancelAll:
	default:
		r.refuse(event.CodeInvalidParameters, "MassCancelRequestType is 1 or 7")
	}
	return c
}
