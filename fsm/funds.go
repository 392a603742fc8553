package fsm

import (
	"errors"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// balance is the event image of a balance as it is now, after a change by
// delta.
func (m *Machine) balance(ref ledger.Ref, asset uint32, delta market.Amount) event.Balance {
	b := m.ledger.Get(ref)
	return m.assets.at(asset).balance(delta, b.Total, b.Held)
}

// money reads an amount that must be positive, in ledger units.
func (m *Machine) money(in command.Money) (asset uint32, amount market.Amount, no *refusal) {
	n, a := m.assets.find(in.Asset)
	if n == 0 {
		return 0, 0, refuse(event.CodeUnknownAsset, "asset", "no asset %s", in.Asset)
	}
	units, err := ledgerUnits(in, a.image)
	switch {
	case errors.Is(err, market.ErrDecimalDigits):
		return 0, 0, refuse(event.CodeAmountScale, "amount", "more decimals than %s has", in.Asset)
	case err != nil || units <= 0:
		return 0, 0, refuse(event.CodeAmountOutOfRange, "amount", "the amount must be above zero and within range")
	}
	return n, market.Amount(units), nil
}

// ledgerUnits converts: 5 cents are 0.05, whatever the ledger's own scale.
func ledgerUnits(in command.Money, a event.Asset) (int64, error) {
	if !in.Minor {
		return in.Value.Rescale(a.Scale)
	}
	cents, err := in.Value.Rescale(0)
	if err != nil {
		return 0, err
	}
	if a.Scale >= a.MinorUnit {
		units, ok := market.MulPow10(cents, a.Scale-a.MinorUnit)
		if !ok {
			return 0, market.ErrDecimalRange
		}
		return units, nil
	}
	// A minor unit finer than the ledger: it must divide.
	unit := market.Pow10(a.MinorUnit - a.Scale)
	if cents%unit != 0 {
		return 0, market.ErrDecimalDigits
	}
	return cents / unit, nil
}

func (m *Machine) deposit(b *command.Deposit, about *subject) *refusal {
	if no := m.fundable(about.account, b.Account); no != nil {
		return no
	}
	asset, amount, no := m.money(b.Money)
	if no != nil {
		return no
	}
	external := m.ledger.Open(accountExternal, asset)
	if -m.ledger.Get(external).Total > ledger.MaxSupply-amount {
		return refuse(event.CodeAmountOutOfRange, "amount", "the venue cannot count that much %s", b.Money.Asset)
	}
	m.moveFunds(event.TypeFundsDeposited, about.account, asset, amount, b.Reference)
	return nil
}

func (m *Machine) withdraw(b *command.Withdraw, about *subject) *refusal {
	if no := m.fundable(about.account, b.Account); no != nil {
		return no
	}
	asset, amount, no := m.spend(about.account, b.Account, b.Money)
	if no != nil {
		return no
	}
	m.moveFunds(event.TypeFundsWithdrawn, about.account, asset, -amount, b.Reference)
	return nil
}

// fundable refuses accounts that money cannot be moved in and out of: the
// external one is the other side of it.
func (m *Machine) fundable(n uint32, name string) *refusal {
	if n == accountExternal {
		return refuse(event.CodeReservedID, "account", "%s is the other side of deposits", name)
	}
	return m.openedAccount(n, name)
}

// spend reads an amount that an account wants to give away, and refuses if it
// may not or has not as much available.
func (m *Machine) spend(account uint32, name string, in command.Money) (uint32, market.Amount, *refusal) {
	if m.accounts.Get(account).has(accountSuspended) {
		return 0, 0, refuse(event.CodeAccountSuspended, "account_suspended", "account %s is suspended", name)
	}
	asset, amount, no := m.money(in)
	if no != nil {
		return 0, 0, no
	}
	if have := m.ledger.Get(m.ledger.Find(account, asset)).Available(); have < amount {
		return 0, 0, refuse(event.CodeInsufficientFunds, "funds", "needs %s %s, available are %s",
			m.amountText(asset, amount), in.Asset, m.amountText(asset, have))
	}
	return asset, amount, nil
}

// moveFunds posts delta to the account against the external one.
func (m *Machine) moveFunds(t event.Type, account, asset uint32, delta market.Amount, reference string) {
	m.useAsset(asset)
	ref, external := m.ledger.Open(account, asset), m.ledger.Open(accountExternal, asset)
	m.ledger.Post(ledger.Entry{Ref: ref, Delta: delta}, ledger.Entry{Ref: external, Delta: -delta})
	a := m.accounts.Mut(account)
	a.sequence++
	m.out.emit(&event.FundsChanged{
		Type: t, Account: m.accountName(account), Sequence: a.sequence,
		Balance:   m.balance(ref, asset, delta),
		Counter:   event.AccountBalance{Account: market.AccountExternal, Balance: m.balance(external, asset, -delta)},
		Reference: reference,
	})
}

func (m *Machine) transfer(b *command.Transfer, about *subject) *refusal {
	if no := m.fundable(about.account, b.From); no != nil {
		return no
	}
	to := uint32(m.accountNames.Find(b.To))
	if no := m.fundable(to, b.To); no != nil {
		return no
	}
	if to == about.account {
		return refuse(event.CodeInvalidParameters, "transfer", "source and destination are the same account")
	}
	asset, amount, no := m.spend(about.account, b.From, b.Money)
	if no != nil {
		return no
	}
	from, dest := m.ledger.Open(about.account, asset), m.ledger.Open(to, asset)
	m.ledger.Post(ledger.Entry{Ref: from, Delta: -amount}, ledger.Entry{Ref: dest, Delta: amount})
	m.out.emit(&event.FundsMoved{
		From:      m.posting(about.account, m.balance(from, asset, -amount)),
		To:        m.posting(to, m.balance(dest, asset, amount)),
		Reference: b.Reference,
	})
	return nil
}

// posting is what an event says of one account: its next event.
func (m *Machine) posting(account uint32, balances ...event.Balance) event.Posting {
	a := m.accounts.Mut(account)
	a.sequence++
	return event.Posting{Account: m.accountName(account), Sequence: a.sequence, Balances: balances}
}

func (m *Machine) amountText(asset uint32, v market.Amount) string {
	return market.FormatFixed(int64(v), m.assets.at(asset).image.Scale)
}
