package model

import "strings"

// account is a client's, or one of the venue's own.
type account struct {
	name, owner, participant string
	open, suspended          bool
	sequence                 uint64
	balances                 map[string]*balance // by asset
	limits                   limits
	orders                   map[*order]bool // open ones
	pace                     pace
	// buying is what its open buys can add, by asset, in ledger units.
	buying map[string]Int
	// cancelling is the mass cancel that goes on, nil if none does; suspending
	// that of its suspension.
	cancelling, suspending *massCancel
}

// balance is what an account has of an asset, in ledger units.
type balance struct{ total, held Int }

func (b *balance) available() Int { return b.total.minus(b.held) }

func newAccount(name string) *account {
	return &account{
		name: name, open: true, balances: map[string]*balance{}, limits: limits{},
		orders: map[*order]bool{}, buying: map[string]Int{},
	}
}

// in returns the balance in an asset, zero if there never was one.
func (a *account) in(asset *asset) *balance {
	b := a.balances[asset.name]
	if b == nil {
		b = &balance{}
		a.balances[asset.name] = b
	}
	return b
}

// owner is whom several accounts belong to.
type owner struct {
	limits   limits
	sequence uint64
}

// self is whom self-trade prevention takes an account for.
func (a *account) self() string {
	if a.owner != "" {
		return "owner " + a.owner
	}
	return "account " + a.name
}

func (a *account) data() map[string]any {
	d := map[string]any{"account": a.name, "aggregate_sequence": number(a.sequence)}
	if a.owner != "" {
		d["owner"] = a.owner
	}
	if a.participant != "" {
		d["participant"] = a.participant
	}
	switch {
	case !a.open:
		d["status"] = "closed"
	case a.suspended:
		d["status"] = "suspended"
	default:
		d["status"] = "open"
	}
	return d
}

func (v *Venue) aboutAccount(name string) subject {
	return subject{aggregate: name, account: name, sequence: func() uint64 {
		if a := v.accounts[name]; a != nil {
			return a.sequence
		}
		return 0
	}}
}

// opened refuses accounts that are not there, or closed.
func (v *Venue) opened(name string) refusal {
	switch a := v.accounts[name]; {
	case a == nil:
		return "unknown_account"
	case !a.open:
		return "account_closed"
	}
	return accepted
}

// clients refuses the venue's own too.
func (v *Venue) clients(name string) refusal {
	if no := v.opened(name); no != accepted {
		return no
	}
	if strings.HasPrefix(name, reservedPrefix) {
		return "reserved_id"
	}
	return accepted
}

func (v *Venue) changeAccount(a *account, kind, reason string) {
	a.sequence++
	d := a.data()
	if reason != "" {
		d["reason"] = reason
	}
	v.emit(kind, a.name, a.sequence, d)
}

func (v *Venue) openAccount(c *Command, f *fields) (subject, func() refusal) {
	name, own, participant := f.about("account", c, ""), f.text("owner"), f.text("participant")
	return v.aboutAccount(name), func() refusal {
		if no := ownID(name); no != accepted {
			return no
		}
		a := v.accounts[name]
		if a != nil && a.open {
			return "already_exists"
		}
		if participant != "" {
			p := v.participants[participant]
			if p == nil {
				return "unknown_participant"
			}
			if own == "" {
				own = p.owner
			}
		}
		if own != "" {
			if no := ownID(own); no != accepted {
				return no
			}
		}
		if a == nil {
			a = newAccount(name)
			v.accounts[name] = a
		}
		a.open, a.suspended, a.owner, a.participant = true, false, own, participant
		v.changeAccount(a, "AccountOpened", "")
		return accepted
	}
}

func (v *Venue) closeAccount(c *Command, f *fields) (subject, func() refusal) {
	name := f.about("account", c, "")
	return v.aboutAccount(name), func() refusal {
		if no := v.clients(name); no != accepted {
			return no
		}
		a := v.accounts[name]
		if len(a.orders) > 0 {
			return "has_open_orders"
		}
		for _, b := range a.balances {
			if !b.total.isZero() || !b.held.isZero() {
				return "account_not_empty"
			}
		}
		a.open = false
		v.changeAccount(a, "AccountClosed", "")
		return accepted
	}
}

func (v *Venue) suspendAccount(c *Command, f *fields) (subject, func() refusal) {
	name, reason := f.about("account", c, ""), f.text("reason")
	return v.aboutAccount(name), func() refusal {
		if no := v.clients(name); no != accepted {
			return no
		}
		a := v.accounts[name]
		a.suspended = true
		v.changeAccount(a, "AccountSuspended", reason)
		v.begin(&massCancel{account: a, reason: "suspended", upTo: v.accepted})
		return accepted
	}
}

func (v *Venue) resumeAccount(c *Command, f *fields) (subject, func() refusal) {
	name, reason := f.about("account", c, ""), f.text("reason")
	return v.aboutAccount(name), func() refusal {
		if no := v.clients(name); no != accepted {
			return no
		}
		a := v.accounts[name]
		a.suspended = false
		v.changeAccount(a, "AccountResumed", reason)
		return accepted
	}
}
