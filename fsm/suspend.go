package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// suspendAccount is the kill switch: it closes the account to everything that
// makes risk, and cancels all that is open, in whatever phase the markets are.
func (m *Machine) suspendAccount(b *command.SuspendAccount, about *subject) *refusal {
	if no := m.clientAccount(about.account, b.Account); no != nil {
		return no
	}
	m.accounts.Mut(about.account).flags |= accountSuspended
	m.changeAccount(about.account, event.TypeAccountSuspended, b.Reason)
	m.beginWork(workItem{account: about.account, reason: market.ReasonSuspended})
	return nil
}

func (m *Machine) resumeAccount(b *command.ResumeAccount, about *subject) *refusal {
	if no := m.clientAccount(about.account, b.Account); no != nil {
		return no
	}
	m.accounts.Mut(about.account).flags &^= accountSuspended
	m.changeAccount(about.account, event.TypeAccountResumed, b.Reason)
	return nil
}
