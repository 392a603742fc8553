package fsm_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The id of a mass cancel names no order: who asks to cancel or replace "it" is
// told so, also in a venue that has never had an order.
func TestIDOfAMassCancelIsNoOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		body command.Body
	}{
		{"cancel", &command.CancelOrder{Order: command.OrderRef{Account: "trader1", ClientOrderID: "all"}}},
		{"replace", &command.AmendOrder{Order: command.OrderRef{Account: "trader1", ClientOrderID: "all"}, Quantity: opt("2")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, fsm.Bounds{})
			epoch := d.on(1)
			next := d.state("TRADER1").NextIn
			d.enter(d.fix(epoch, next, &command.CancelAll{Account: "trader1", Instrument: "ETH-USD", Side: market.Buy}, command.Request{ClOrdID: "all"}))
			b, outcomes := d.enter(d.fix(epoch, next+1, c.body, command.Request{ClOrdID: "it", OrigClOrdID: "all"}))
			no, ok := outcomes[0].Group.Records[0].(*event.CommandRejected)
			if !ok || no.Code != event.CodeUnknownOrder || b.Count != 1 {
				t.Errorf("got %+v and %d events, want unknown_order and one", outcomes[0].Group.Records[0], b.Count)
			}
		})
	}
}
