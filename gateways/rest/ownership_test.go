package rest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
)

// A trader who names somebody else's order gets 403 and leaves no event, also
// where the machine has forgotten whose it was and would say that it is
// closed: what the machine is asked about then is an order that was never
// issued. The trader's own orders, and those that the orders view does not
// know, go to the machine as they are; so does everything of an administrator.
func TestOrdersOfOthersAreForbidden(t *testing.T) {
	const mine, others, unseen = "O0000008000007", "O0000008000008", "O0000008000009"
	for _, verb := range []string{"orders/cancel", "orders/amend"} {
		for _, c := range []struct {
			name, who, body string
			status          int
		}{
			{"another's", "p1", `{"command_id":"c1","payload":{"order_id":"` + others + `"}}`, 403},
			{"another's as aggregate", "p1", `{"command_id":"c1","aggregate_id":"` + others + `"}`, 403},
			{"own", "p1", `{"payload":{"order_id":"` + mine + `"}}`, 422},
			{"own, seen by its owner only", "p2", `{"payload":{"order_id":"` + mine + `"}}`, 403},
			{"not in the view", "p1", `{"payload":{"order_id":"` + unseen + `"}}`, 422},
			{"never issued", "p1", `{"command_id":"c1","payload":{"order_id":"nonsense"}}`, 403},
			{"by the client's id", "p1", `{"payload":{"account":"mine","client_order_id":"x"}}`, 422},
			{"the administrator", "ops", `{"payload":{"order_id":"` + others + `"}}`, 422},
		} {
			t.Run(verb+" "+c.name, func(t *testing.T) {
				v := newVenue()
				r := do(t, handler(t, v), "POST /v1/commands/"+verb, c.body, "Authorization", "Bearer key."+c.who+".s.e")
				if c.status == 422 {
					r.want(t, 422, `"code":"order_closed"`)
					return
				}
				r.want(t, 403, `"code":"forbidden"`, `"detail":"[forbidden] the account or order is not this participant's"`, `"command_id":"`)
				if ref := refOf(v.received[0].Body); ref.ID != 0 || ref.Unparsed == "" {
					t.Errorf("the machine was asked about %+v", ref)
				}
				if v.sequence != 0 {
					t.Error("there is an event")
				}
			})
		}
	}
}

// In a batch the others' order is refused in its place, and the rest goes on.
func TestOrdersOfOthersInABatch(t *testing.T) {
	v := newVenue()
	r := do(t, handler(t, v), "POST /v1/commands", `[`+strings.Replace(place, `{`, `{"command":"orders/place",`, 1)+`,
		{"command":"orders/cancel","command_id":"c2","payload":{"order_id":"O0000008000008"}},
		{"command":"orders/cancel","command_id":"c3","payload":{"order_id":"O0000008000007"}}]`,
		"Authorization", "Bearer key.p1.s.e")
	r.want(t, 200, `{"command_id":"c1","http_status":200,`, `{"command_id":"c2","http_status":403,"problem":`,
		`{"command_id":"c3","http_status":422,"problem":`)
	if ref := refOf(v.received[1].Body); ref.ID != 0 {
		t.Errorf("the machine was asked about %+v", ref)
	}
}

func refOf(body command.Body) command.OrderRef {
	switch b := body.(type) {
	case *command.AmendOrder:
		return b.Order
	case *command.CancelOrder:
		return b.Order
	}
	return command.OrderRef{}
}

// While the orders view can't be read the machine decides alone: trading does
// not wait for a view.
func TestOwnershipWithoutTheView(t *testing.T) {
	v := newVenue()
	v.ordersErr = errors.New("the view is being rebuilt")
	do(t, handler(t, v), "POST /v1/commands/orders/cancel", `{"payload":{"order_id":"O0000008000008"}}`,
		"Authorization", "Bearer key.p1.s.e").want(t, 422)
}

// What is known of a closed order may not include its sequence: then the
// refusal leaves it out rather than call it 0.
func TestClosedOrderOfUnknownSequence(t *testing.T) {
	r := do(t, handler(t, newVenue()), "POST /v1/commands/orders/cancel", `{"payload":{"order_id":"O0000008000007"}}`)
	r.want(t, 422, `"code":"order_closed"`)
	if strings.Contains(r.body, "current_sequence") {
		t.Errorf("a sequence that is not known is given: %s", r.body)
	}
}
