package model

// limits are those that one level sets, by name; what is absent is inherited.
type limits map[string]limit

// limit is a value, or none.
type limit struct{ value *decimal }

// limitNames lists all limits; enforced reports those that may have a value.
func limitNames() []string {
	return []string{
		"max_order_quantity", "max_order_notional", "max_open_orders", "max_position",
		"max_gross_exposure", "max_net_exposure", "max_concentration_bps", "max_orders_per_second",
	}
}

func enforced(name string) bool {
	switch name {
	case "max_gross_exposure", "max_net_exposure", "max_concentration_bps":
		return false
	}
	return true
}

func (l limits) data() map[string]any {
	d := map[string]any{}
	for name, one := range l {
		if d[name] = "none"; one.value != nil {
			d[name] = one.value.text()
		}
	}
	return d
}

// inForce is the first limit that is set from the account up to the venue.
func (v *Venue) inForce(a *account, i *instrument, name string) (limit, bool) {
	levels := []limits{a.limits, nil, i.limits, v.limits}
	if own := v.owners[a.owner]; own != nil {
		levels[1] = own.limits
	}
	for _, l := range levels {
		if one, set := l[name]; set {
			return one, true
		}
	}
	return limit{}, false
}

// named is a limit as a command names it; inherited takes it away.
type named struct {
	limit
	inherited bool
}

func readLimits(f *fields) map[string]named {
	out := map[string]named{}
	for _, name := range limitNames() {
		switch f.members[name] {
		case nil:
		case "none":
			f.text(name)
			out[name] = named{}
		case "inherited":
			f.text(name)
			out[name] = named{inherited: true}
		default:
			out[name] = named{limit: limit{f.decimal(name)}}
		}
	}
	return out
}

// set changes what is named of the limits of a level, and tells it.
func (v *Venue) set(l limits, names map[string]named, scope, target, aggregate string, sequence *uint64) refusal {
	for name, n := range names {
		if n.value != nil && (!enforced(name) || n.value.units.sign() < 0) {
			return "invalid_parameters"
		}
	}
	before := l.data()
	for name, n := range names {
		if n.inherited {
			delete(l, name)
		} else {
			l[name] = n.limit
		}
	}
	kind := "LimitsSet"
	if differs("", before, l.data()) == "" {
		kind = "LimitsConfirmed"
	}
	*sequence++
	d := map[string]any{"scope": scope, "limits": l.data()}
	if target != "" {
		d["target"] = target
	}
	v.emit(kind, aggregate, *sequence, d)
	return accepted
}

func (v *Venue) accountLimits(c *Command, f *fields) (subject, func() refusal) {
	name, names := f.about("account", c, ""), readLimits(f)
	return v.aboutAccount(name), func() refusal {
		if no := v.clients(name); no != accepted {
			return no
		}
		a := v.accounts[name]
		return v.set(a.limits, names, "account", name, name, &a.sequence)
	}
}

func (v *Venue) ownerLimits(c *Command, f *fields) (subject, func() refusal) {
	const prefix = "venue:owner:"
	name, names := f.about("owner", c, prefix), readLimits(f)
	about := subject{aggregate: prefix + name, sequence: func() uint64 {
		if o := v.owners[name]; o != nil {
			return o.sequence
		}
		return 0
	}}
	return about, func() refusal {
		if no := ownID(name); no != accepted {
			return no
		}
		o := v.owners[name]
		if o == nil {
			o = &owner{limits: limits{}}
		}
		no := v.set(o.limits, names, "owner", name, prefix+name, &o.sequence)
		if no == accepted {
			v.owners[name] = o
		}
		return no
	}
}

func (v *Venue) instrumentLimits(c *Command, f *fields) (subject, func() refusal) {
	name, names := f.about("instrument", c, ""), readLimits(f)
	return v.aboutInstrument(name), func() refusal {
		i := v.instruments[name]
		if no := i.tradable(); no != accepted {
			return no
		}
		if i.limits == nil {
			i.limits = limits{}
		}
		return v.set(i.limits, names, "instrument", name, name, &i.sequence)
	}
}

func (v *Venue) venueLimits(_ *Command, f *fields) (subject, func() refusal) {
	names := readLimits(f)
	about := subject{aggregate: venueAggregate, sequence: func() uint64 { return v.venueSequence }}
	return about, func() refusal {
		return v.set(v.limits, names, "venue", "", venueAggregate, &v.venueSequence)
	}
}
