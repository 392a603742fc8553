package node

import (
	"sync"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

// authority is what the machine says of who may act and whose accounts are,
// for the gateways of this node. The goroutine that applies entries writes it,
// before the events of an entry are in the journal: who reads an event can ask
// for what is in force since.
//
// It costs nothing while nobody is defined and no account opened. A change of
// participants copies the list of them, at most 10,000 pointers. An account that was
// opened for a participant takes some 140 bytes here.
type authority struct {
	// operators are those of the node's configuration, who may act whatever the
	// venue says; before the venue's own are known, they alone.
	operators *gateways.Authority
	current   atomic.Pointer[gateways.Authority]
	// seen is the machine's count of changes that is in the above and in
	// openedFor; the applying goroutine's alone.
	seen uint64

	mu        sync.RWMutex
	openedFor map[string]string              // participant by account
	accounts  map[string]map[string]struct{} // the same by participant
}

func newAuthority(operators []event.Participant) *authority {
	a := &authority{operators: &gateways.Authority{}}
	for i := range operators {
		a.operators.Participants = append(a.operators.Participants, &operators[i])
	}
	return a
}

// restore takes everything from a machine.
func (a *authority) restore(m *fsm.Machine) {
	a.mu.Lock()
	a.openedFor, a.accounts = map[string]string{}, map[string]map[string]struct{}{}
	for account, participant := range m.OpenedFor {
		a.give(account, participant)
	}
	a.mu.Unlock()
	a.seen = m.Authority()
	a.publish(m)
}

// follow takes what a block has changed.
func (a *authority) follow(m *fsm.Machine, b *event.Block) {
	if m.Authority() == a.seen {
		return
	}
	a.seen = m.Authority()
	defined := false
	for g := range b.Groups {
		for _, r := range b.Groups[g].Records {
			switch r := r.(type) {
			case *event.ParticipantChanged:
				defined = defined || r.Type == event.TypeParticipantDefined
			case *event.AccountChanged:
				if r.Type == event.TypeAccountOpened {
					a.opened(&r.Account)
				}
			}
		}
	}
	if defined {
		a.publish(m)
	}
}

func (a *authority) opened(account *event.Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.give(account.Account, account.Participant)
}

// give notes for whom an account is; "" = nobody. Under mu.
func (a *authority) give(account, participant string) {
	if before, ok := a.openedFor[account]; ok {
		delete(a.openedFor, account)
		delete(a.accounts[before], account)
	}
	if participant == "" {
		return
	}
	if a.openedFor == nil {
		a.openedFor, a.accounts = map[string]string{}, map[string]map[string]struct{}{}
	}
	a.openedFor[account] = participant
	if a.accounts[participant] == nil {
		a.accounts[participant] = map[string]struct{}{}
	}
	a.accounts[participant][account] = struct{}{}
}

// accountsFor returns up to so many accounts that were opened for a participant.
func (a *authority) accountsFor(participant string, most int) []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var out []string
	for account := range a.accounts[participant] {
		if len(out) >= most {
			break
		}
		out = append(out, account)
	}
	return out
}

// publish makes the machine's participants those in force. An operator goes
// before a participant's key of the same id.
func (a *authority) publish(m *fsm.Machine) {
	a.current.Store(&gateways.Authority{
		Known: true, Participants: append(m.Participants(), a.operators.Participants...),
	})
}

// of returns the participant that an account was opened for, "" for none.
func (a *authority) of(account string) string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.openedFor[account]
}
