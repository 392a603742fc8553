package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/internal/names"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// account is an account; its number is that of its name.
type account struct {
	owner       uint32 // number in ownerNames, 0 = none
	participant uint32 // number in participants, 0 = none
	limits      uint32 // number in limits, 0 = none
	flags       uint32
	// ends are those of the list of the instruments in which it has open orders
	// (see working; at level 1 of the orders themselves); open is how many orders
	// that are.
	ends
	open     uint32
	pace     uint32 // number in paces, 0 = none
	sequence uint64
}

// The flags of an account.
const (
	accountOpen uint32 = 1 << iota
	accountSuspended
	// accountCancels: a cancel-all goes on, in those of its instruments where
	// working.cancels says so.
	accountCancels
	// accountStops: the cancels of a suspension go on.
	accountStops
)

// has reports whether one of the flags is set.
func (a *account) has(flags uint32) bool { return a.flags&flags != 0 }

// The venue's own accounts have the first numbers.
const (
	accountExternal = 1
	accountFees     = 2
)

func systemAccounts() []string {
	return []string{market.AccountExternal, market.AccountFees, market.AccountInsurance, market.AccountSuspense}
}

// owner is whom several accounts belong to, for limits and self-trades.
type owner struct {
	limits   uint32
	_        uint32
	sequence uint64
}

func (m *Machine) accountName(n uint32) string { return m.accountNames.Name(names.Number(n)) }

// openAccount gives an account a number and opens it.
func (m *Machine) openAccount(name string) uint32 {
	n := uint32(m.accountNames.Intern(name))
	m.accounts.Grow(n + 1)
	m.accounts.Mut(n).flags = accountOpen
	return n
}

func (m *Machine) internOwner(name string) uint32 {
	n := uint32(m.ownerNames.Intern(name))
	m.owners.Grow(n + 1)
	return n
}

func (m *Machine) accountImage(n uint32) event.Account {
	a := m.accounts.Get(n)
	image := event.Account{
		Account: m.accountName(n), Owner: m.ownerNames.Name(names.Number(a.owner)),
		Suspended: a.has(accountSuspended), Closed: !a.has(accountOpen), Sequence: a.sequence,
	}
	if a.participant != 0 {
		image.Participant = m.participants.at(a.participant).Participant
	}
	return image
}

// changeAccount emits what became of the account, as its next event.
func (m *Machine) changeAccount(n uint32, t event.Type, reason string) {
	m.accounts.Mut(n).sequence++
	m.out.emit(&event.AccountChanged{Type: t, Account: m.accountImage(n), Reason: reason})
}

func (m *Machine) doOpenAccount(b *command.OpenAccount, about *subject) *refusal {
	if no := ownID(b.Account, "account"); no != nil {
		return no
	}
	if about.account != 0 && m.accounts.Get(about.account).has(accountOpen) {
		return refuse(event.CodeAlreadyExists, "account", "account %s is open", b.Account)
	}
	p, row := m.participants.find(b.Participant)
	if b.Participant != "" && p == 0 {
		return refuse(event.CodeUnknownParticipant, "participant", "no participant %s", b.Participant)
	}
	name := b.Owner
	if name == "" && row != nil {
		name = row.Owner
	}
	if name != "" {
		if no := ownID(name, "owner"); no != nil {
			return no
		}
	}
	about.account = m.openAccount(b.Account)
	own := m.internOwner(name)
	a := m.accounts.Mut(about.account)
	a.owner, a.participant = own, p
	m.authority++
	m.changeAccount(about.account, event.TypeAccountOpened, "")
	return nil
}

func (m *Machine) closeAccount(b *command.CloseAccount, about *subject) *refusal {
	if no := m.clientAccount(about.account, b.Account); no != nil {
		return no
	}
	if m.accounts.Get(about.account).open != 0 {
		return refuse(event.CodeHasOpenOrders, "account", "account %s has open orders", b.Account)
	}
	m.out.steps += uint32(len(m.assets.rows))
	for n := range uint32(len(m.assets.rows)) {
		if ref := m.ledger.Find(about.account, n+1); ref != 0 && m.ledger.Get(ref) != (ledger.Balance{}) {
			return refuse(event.CodeAccountNotEmpty, "account", "account %s still has %s", b.Account, m.assets.at(n+1).image.Asset)
		}
	}
	m.accounts.Mut(about.account).flags &^= accountOpen
	m.changeAccount(about.account, event.TypeAccountClosed, "")
	return nil
}

// openedAccount refuses accounts that are not there or closed.
func (m *Machine) openedAccount(n uint32, name string) *refusal {
	if n == 0 {
		return refuse(event.CodeUnknownAccount, "account", "no account %s", name)
	}
	if !m.accounts.Get(n).has(accountOpen) {
		return refuse(event.CodeAccountClosed, "account", "account %s is closed", name)
	}
	return nil
}

// clientAccount also refuses the venue's own.
func (m *Machine) clientAccount(n uint32, name string) *refusal {
	if no := m.openedAccount(n, name); no != nil {
		return no
	}
	if market.Reserved(name) {
		return refuse(event.CodeReservedID, "account", "%s is the venue's own account", name)
	}
	return nil
}
