package model

// mayPlace says whether a phase takes an order, or an amendment of one.
func mayPlace(phase string, postOnly bool) refusal {
	switch phase {
	case "continuous":
		return accepted
	case "post_only":
		if postOnly {
			return accepted
		}
		return "phase_forbids"
	case "closed":
		return "market_closed"
	case "halted":
		return "instrument_halted"
	}
	return "phase_forbids"
}

// mayCancel: in every phase but closed.
func mayCancel(phase string) refusal {
	if phase == "closed" {
		return "market_closed"
	}
	return accepted
}

func (v *Venue) haltInstrument(c *Command, f *fields) (subject, func() refusal) {
	return v.enterPhase(c, f, func(*instrument) (string, refusal) { return "halted", accepted })
}

// resumeInstrument ends a halt, and nothing else: a retired instrument is told
// that it is not halted.
func (v *Venue) resumeInstrument(c *Command, f *fields) (subject, func() refusal) {
	about, run := v.enterPhase(c, f, func(*instrument) (string, refusal) { return "continuous", accepted })
	return about, func() refusal {
		if i := about.instrument; i != nil && i.phase != "halted" && i.phase != "continuous" {
			return "phase_forbids"
		}
		return run()
	}
}

func (v *Venue) setPhase(c *Command, f *fields) (subject, func() refusal) {
	phase := f.text("phase")
	return v.enterPhase(c, f, func(*instrument) (string, refusal) {
		if !enterable(phase) {
			return "", "invalid_parameters"
		}
		return phase, accepted
	})
}

func (v *Venue) enterPhase(c *Command, f *fields, choose func(*instrument) (string, refusal)) (subject, func() refusal) {
	name, reason := f.about("instrument", c, ""), f.text("reason")
	return v.aboutInstrument(name), func() refusal {
		i := v.instruments[name]
		if no := i.tradable(); no != accepted {
			return no
		}
		phase, no := choose(i)
		if no != accepted {
			return no
		}
		from, kind := i.phase, "PhaseChanged"
		if from == phase {
			kind = "PhaseConfirmed"
		}
		i.phase = phase
		v.change(i, kind, from, reason)
		return accepted
	}
}
