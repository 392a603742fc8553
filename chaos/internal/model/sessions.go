package model

import "encoding/json"

// session is what the model keeps of a FIX session: what never goes back. That
// reports come once and in order is checked where they arrive.
type session struct {
	epoch, sequence uint64
}

func readSession(f *fields) map[string]any {
	d := map[string]any{"comp_id": f.text("comp_id"), "kind": f.oneOf("kind", "order_entry", "drop_copy", "market_data")}
	if p := f.text("protocol"); p != "" {
		d["protocol"] = p
	}
	for _, name := range []string{"cancel_on_disconnect", "cancel_on_logout", "keep_gtc"} {
		if f.boolean(name) {
			d[name] = true
		}
	}
	for _, name := range []string{"throttle", "time_digits"} {
		if n := f.decimal(name); n != nil && !n.units.isZero() {
			d[name] = number(n.units.big().Uint64())
		}
	}
	if roll := f.text("roll"); roll != "" {
		if len(roll) == len("17:00") {
			roll += ":00"
		}
		d["roll"] = roll
	}
	return d
}

const sessionPrefix = "venue:session:"

func (v *Venue) aboutSession(name string) subject {
	return subject{aggregate: sessionPrefix + name, sequence: func() uint64 {
		if s := v.sessions[name]; s != nil {
			return s.sequence
		}
		return 0
	}}
}

// sessionsRefused: a definition of sessions that are in use may be refused.
func (v *Venue) sessionsRefused(e *Event) refusal {
	code, _ := e.Data["code"].(string)
	switch code {
	case "invalid_parameters", "session_active", "venue_full", "already_exists", "has_open_orders":
		return refusal(code)
	}
	return accepted
}

// followSessions passes over what a definition did to its sessions.
func (v *Venue) followSessions() {
	for e := v.next(); e != nil && sessionEvent(e.Type); e = v.next() {
		v.sessionEvent(e)
	}
}

func sessionEvent(kind string) bool {
	switch kind {
	case "SessionLoggedOn", "SessionRefused", "SessionsAdvanced", "SessionEnded", "SessionReset", "OrderReported":
		return true
	}
	return false
}

// session is an act about FIX sessions.
func (v *Venue) session(e *Event) {
	if !sessionEvent(e.Type) {
		v.differ(e.Sequence, "the model knows no %s of the venue itself", e.Type)
		return
	}
	v.followSessions()
}

// sessionEvent checks that epochs and sequences of a session never go back.
func (v *Venue) sessionEvent(e *Event) {
	if e.Type == "OrderReported" {
		v.reported(e)
		return
	}
	name, _ := e.Data["comp_id"].(string)
	s := v.sessions[name]
	if s == nil {
		s = &session{}
		v.sessions[name] = s
	}
	if e.Type == "SessionLoggedOn" || e.Type == "SessionEnded" || e.Type == "SessionReset" {
		s.sequence++
	}
	if epoch, ok := e.Data["epoch"].(json.Number); ok {
		n, _ := readDecimal(epoch.String())
		if n.units.below(whole(int64(s.epoch))) || e.Type == "SessionLoggedOn" && n.units.same(whole(int64(s.epoch))) {
			v.differ(e.Sequence, "%s of %s is of epoch %s, after epoch %d", e.Type, name, epoch, s.epoch)
		}
		s.epoch = n.units.big().Uint64()
	}
	data := map[string]any{}
	for field := range e.Data {
		data[field] = anything{}
	}
	sequence := s.sequence
	if e.Type == "SessionsAdvanced" || e.Type == "SessionRefused" {
		sequence = e.AggregateSequence
	}
	v.emit(e.Type, e.Aggregate, sequence, data)
}

// reported is an order as it is, told again to who asked.
func (v *Venue) reported(e *Event) {
	o := v.orders[e.Aggregate]
	if o == nil {
		v.differ(e.Sequence, "%s is no order", e.Aggregate)
		return
	}
	if o.lean {
		v.emit(e.Type, o.id, o.sequence, map[string]any{"order": anything{}})
		return
	}
	v.emit(e.Type, o.id, o.sequence, map[string]any{"order": o.data()})
}

// disconnected ends an order of a session that stays away.
func (v *Venue) disconnected(e *Event, o *order) {
	if !o.isOpen() {
		v.differ(e.Sequence, "%s is closed already", o.id)
		return
	}
	v.entry.mass++
	o.takeOut()
	v.cancel(o, "OrderCancelled", "cancelled", "disconnected")
}

func (v *Venue) resetSession(c *Command, f *fields) (subject, func() refusal) {
	name := f.about("comp_id", c, sessionPrefix)
	f.decimal("next_in")
	f.decimal("next_out")
	return v.aboutSession(name), v.sessionCommand
}

func (v *Venue) logoutSession(c *Command, f *fields) (subject, func() refusal) {
	name := f.about("comp_id", c, sessionPrefix)
	f.text("text")
	return v.aboutSession(name), v.sessionCommand
}

// sessionCommand takes an operator's command about a session as its events say:
// whether a session is logged on depends on what nobody outside sees.
func (v *Venue) sessionCommand() refusal {
	if e := v.next(); e != nil && e.Type == "CommandRejected" {
		code, _ := e.Data["code"].(string)
		switch code {
		case "unknown_session", "session_active", "session_not_logged_on", "invalid_parameters":
			return refusal(code)
		}
	}
	v.followSessions()
	return accepted
}
