package gateways

import (
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Identity is who a credential belongs to. The zero Identity is nobody, and may
// see nothing.
type Identity struct {
	Participant string // "" = the venue's administrator
	Actor       string // key id
	Role        market.Role
	// MaxAge is how old a command of the key may be when its turn comes; 0 = no
	// bound.
	MaxAge   time.Duration
	accounts map[string]bool // of the participant's definition
}

// SeesAll reports whether who it is may see everybody's accounts.
func (i *Identity) SeesAll() bool { return i.Role == market.RoleAdmin || i.Role == market.RoleAudit }

// Viewer is how events are shown to who it is.
func (i *Identity) Viewer() Viewer { return Viewer{Full: i.SeesAll(), Participant: i.Participant} }

// Same reports whether another identity stands for the same participant in the
// same role.
func (i *Identity) Same(other *Identity) bool {
	return i.Role == other.Role && i.Participant == other.Participant
}

// Owns reports whether an account is his, or is shown to him like his own: it is
// in the participant's definition, or was opened for the participant.
func (i *Identity) Owns(reads AuthorityReads, account string) bool {
	return i.SeesAll() || i.accounts[account] || i.Participant != "" && reads.OpenedFor(account) == i.Participant
}

// Sees reports whether he may see an event: those of his accounts and their
// orders, the trades that they took part in, and what became of his own
// commands. One case a record; what is not named is not seen.
func (i *Identity) Sees(reads AuthorityReads, e *event.Public) bool {
	if i.SeesAll() {
		return true
	}
	switch r := e.Record.(type) {
	case *event.AccountChanged:
		return i.Owns(reads, r.Account.Account)
	case *event.FundsChanged:
		return i.Owns(reads, r.Account)
	case *event.FundsMoved:
		return i.Owns(reads, e.Aggregate)
	case *event.OrderChanged:
		return i.Owns(reads, r.Order.Account)
	case *event.OrderReported:
		return i.Owns(reads, r.Order.Account)
	case *event.OrdersCancelled:
		return i.Owns(reads, r.Account)
	case *event.SelfTradePrevented:
		if e.Index == 0 {
			return i.Owns(reads, r.Incoming.Account)
		}
		return i.Owns(reads, r.Resting.Account)
	case *event.Fill:
		return i.seesFill(reads, r, e.Index)
	case *event.CommandRejected, *event.CommandFenced:
		return i.Participant != "" && e.Group.Context.Participant == i.Participant
	}
	return false
}

func (i *Identity) seesFill(reads AuthorityReads, r *event.Fill, index int) bool {
	switch index {
	case 0:
		return i.Owns(reads, r.Taker.Account) || i.Owns(reads, r.Maker.Account)
	case 1:
		return i.Owns(reads, r.Taker.Account)
	case 2:
		return i.Owns(reads, r.Maker.Account)
	}
	return i.Owns(reads, r.Postings[index-3].Account)
}
