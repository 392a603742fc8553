package fsm_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// An order named by another's account and client id is forbidden, also when its
// slot has been another order's since: whose it was is what the name says. Its
// own trader hears that it is closed.
func TestForbiddenByClientID(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	mine := limit("trader1", "ETH-USD", market.Sell, "1", "3000")
	mine.ClientOrderID = "x"
	cancel := &command.CancelOrder{Order: command.OrderRef{Account: "trader1", ClientOrderID: "x"}}
	v.must(mine, cancel, limit("trader2", "ETH-USD", market.Sell, "1", "3000")) // in the slot of x
	as := func(participant string) event.Outcome {
		c := v.admin(cancel)
		c.Participant, c.Role = participant, market.RoleTrader
		_, outcomes := v.apply(c)
		return outcomes[0]
	}
	if o := as("TRADER2"); o.Kind != event.OutcomeForbidden {
		t.Fatalf("another's: outcome %d, want forbidden", o.Kind)
	}
	if o := as("TRADER1"); o.Kind != event.OutcomeExecuted || o.Group.Rejection().Code != event.CodeOrderClosed {
		t.Fatalf("its own: outcome %d, want order_closed", o.Kind)
	}
}
