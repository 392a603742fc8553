package fsm_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// A closed order whose slot is another's has no sequence any more that could
// be expected: amend and cancel answer that it is closed, whatever was
// expected, and never that its sequence is 0. While its record is there, what
// was expected is compared first.
func TestExpectedSequenceOfAClosedOrder(t *testing.T) {
	for _, c := range []struct {
		name     string
		passed   bool
		expected uint64
		want     event.Code
	}{
		{"its record is there, wrongly expected", false, 7, event.CodeSequenceConflict},
		{"its record is there, rightly expected", false, 2, event.CodeOrderClosed},
		{"its slot is another's, any", true, 7, event.CodeOrderClosed},
		{"its slot is another's, what it was", true, 2, event.CodeOrderClosed},
		{"its slot is another's, none yet", true, 0, event.CodeOrderClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVenue(t, fsm.Bounds{})
			v.demo()
			id := v.do(limit("trader1", "ETH-USD", market.Buy, "1", "2000")).Group.Records[0].(*event.OrderChanged).Order.ID
			v.must(&command.CancelOrder{Order: command.OrderRef{ID: id}})
			if c.passed {
				v.must(limit("trader2", "ETH-USD", market.Buy, "1", "2000"))
			}
			for _, b := range []command.Body{
				&command.CancelOrder{Order: command.OrderRef{ID: id}},
				&command.AmendOrder{Order: command.OrderRef{ID: id}, Quantity: opt("2")},
			} {
				cmd := v.admin(b)
				cmd.HasExpected, cmd.Expected = true, c.expected
				_, outcomes := v.apply(cmd)
				if r := outcomes[0].Group.Rejection(); r == nil || r.Code != c.want {
					t.Errorf("%T: got %v, want %s", b, r, c.want.Text())
				}
			}
		})
	}
}
