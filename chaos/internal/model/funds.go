package model

// money is an amount as a client wrote it: amount and asset, or amount_cents
// and currency.
type money struct {
	asset  string
	amount *decimal
	minor  bool
}

func readMoney(f *fields) money {
	m := money{asset: f.text("asset"), amount: f.decimal("amount")}
	if cents, currency := f.decimal("amount_cents"), f.text("currency"); cents != nil {
		return money{asset: currency, amount: cents, minor: true}
	}
	return m
}

// units returns an amount in ledger units of its asset; it is above zero.
func (v *Venue) units(m money) (*asset, Int, refusal) {
	a := v.assets[m.asset]
	if a == nil {
		return nil, Int{}, "unknown_asset"
	}
	value := *m.amount
	if m.minor {
		value.digits += a.minor
	}
	units, exact := value.in(a.scale)
	if !exact {
		// 500 cents of an asset without decimals are 5 of it.
		over := pow10(value.digits - a.scale)
		if exact = over.divides(value.units); exact {
			units = value.units.down(over)
		}
	}
	switch {
	case !exact:
		return nil, Int{}, "amount_scale"
	case units.sign() <= 0 || units.above(whole(1<<63-1)):
		return nil, Int{}, "amount_out_of_range"
	}
	return a, units, accepted
}

// balanceData is how events show a balance.
func balanceData(asset *asset, b *balance) map[string]any {
	return map[string]any{
		"asset": asset.name, "available": b.available().text(asset.scale),
		"held": b.held.text(asset.scale), "total": b.total.text(asset.scale),
	}
}

// changeData is a balance and by how much its total has changed.
func changeData(asset *asset, b *balance, delta Int) map[string]any {
	d := balanceData(asset, b)
	d["amount"] = delta.text(asset.scale)
	return d
}

func postingData(account string, asset *asset, delta Int) map[string]any {
	return map[string]any{"account": account, "asset": asset.name, "amount": delta.text(asset.scale)}
}

// fundable refuses the account that is the other side of deposits.
func (v *Venue) fundable(name string) refusal {
	if name == accountExternal {
		return "reserved_id"
	}
	return v.opened(name)
}

func (v *Venue) deposit(c *Command, f *fields) (subject, func() refusal) {
	name, m, reference := f.about("account", c, ""), readMoney(f), f.text("reference")
	return v.aboutAccount(name), func() refusal {
		if no := v.fundable(name); no != accepted {
			return no
		}
		asset, amount, no := v.units(m)
		if no != accepted {
			return no
		}
		if amount.minus(v.accounts[accountExternal].in(asset).total).above(maxAmount()) {
			return "amount_out_of_range"
		}
		v.moveFunds("FundsDeposited", name, asset, amount, reference)
		return accepted
	}
}

func (v *Venue) withdraw(c *Command, f *fields) (subject, func() refusal) {
	name, m, reference := f.about("account", c, ""), readMoney(f), f.text("reference")
	return v.aboutAccount(name), func() refusal {
		if no := v.fundable(name); no != accepted {
			return no
		}
		asset, amount, no := v.spend(name, m)
		if no != accepted {
			return no
		}
		v.moveFunds("FundsWithdrawn", name, asset, amount.negative(), reference)
		return accepted
	}
}

// spend reads what an account wants to give away.
func (v *Venue) spend(name string, m money) (*asset, Int, refusal) {
	a := v.accounts[name]
	if a.suspended {
		return nil, Int{}, "account_suspended"
	}
	asset, amount, no := v.units(m)
	if no == accepted && a.in(asset).available().below(amount) {
		no = "insufficient_funds"
	}
	return asset, amount, no
}

// moveFunds books delta to an account, from the external one.
func (v *Venue) moveFunds(kind, name string, asset *asset, delta Int, reference string) {
	a, external := v.accounts[name], v.accounts[accountExternal].in(asset)
	b := a.in(asset)
	asset.used = true
	b.total, external.total = b.total.plus(delta), external.total.minus(delta)
	a.sequence++
	d := changeData(asset, b, delta)
	d["account"] = name
	if reference != "" {
		d["reference"] = reference
	}
	d["postings"] = []any{postingData(name, asset, delta), postingData(accountExternal, asset, delta.negative())}
	v.emit(kind, name, a.sequence, d)
}

func (v *Venue) transfer(c *Command, f *fields) (subject, func() refusal) {
	from, to, m, reference := f.about("account", c, ""), f.text("to"), readMoney(f), f.text("reference")
	return v.aboutAccount(from), func() refusal {
		for _, name := range []string{from, to} {
			if no := v.fundable(name); no != accepted {
				return no
			}
		}
		if from == to {
			return "invalid_parameters"
		}
		asset, amount, no := v.spend(from, m)
		if no != accepted {
			return no
		}
		v.move(from, to, asset, amount, reference)
		return accepted
	}
}

func (v *Venue) move(from, to string, asset *asset, amount Int, reference string) {
	source, target := v.accounts[from], v.accounts[to]
	s, t := source.in(asset), target.in(asset)
	s.total, t.total = s.total.minus(amount), t.total.plus(amount)
	source.sequence++
	target.sequence++
	postings := []any{postingData(from, asset, amount.negative()), postingData(to, asset, amount)}
	out := map[string]any{
		"account": from, "to": to, "balances": []any{changeData(asset, s, amount.negative())}, "postings": postings,
	}
	in := map[string]any{
		"account": to, "from": from, "balances": []any{changeData(asset, t, amount)}, "postings": postings,
	}
	if reference != "" {
		out["reference"], in["reference"] = reference, reference
	}
	v.emit("FundsTransferred", from, source.sequence, out)
	v.emit("FundsPosted", to, target.sequence, in)
}
