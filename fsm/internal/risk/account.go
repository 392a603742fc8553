package risk

import "github.com/rialto-exchange/rialto/fsm/event"

// suspendedAccount: the kill switch stops everything that makes new risk.
func suspendedAccount(o *Order) *Refusal {
	if o.Suspended {
		return &Refusal{event.CodeAccountSuspended, "account_suspended", "the account is suspended"}
	}
	return nil
}
