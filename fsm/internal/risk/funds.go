package risk

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
)

// funds: what the order needs is available.
func funds(o *Order) *Refusal {
	if o.Needs <= o.Available {
		return nil
	}
	return &Refusal{event.CodeInsufficientFunds, "funds", fmt.Sprintf("needs %s %s, available are %s",
		amount(o.Needs, o.Digits), o.Asset, amount(o.Available, o.Digits))}
}
