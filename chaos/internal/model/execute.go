package model

import (
	"maps"
	"slices"
	"strings"
)

// subject is what a command is about: the aggregate that its sequence is
// compared with, and answered with.
type subject struct {
	aggregate string
	// sequence is the aggregate's now, 0 if it does not exist.
	sequence func() uint64
	account  string // whose it is, for permissions
	// instrument is the one whose stops may have been reached.
	instrument *instrument
}

// verb is a kind of command: what it is about, and what it does. It refuses, or
// does all of it and emits its events.
type verb struct {
	trader bool // traders may send it, for their own accounts
	run    func(v *Venue, c *Command, f *fields) (subject, func() refusal)
}

// verbs is the list of all commands of the contract's section 4.
func verbs() map[string]verb {
	return map[string]verb{
		"assets/define":          {false, (*Venue).defineAsset},
		"instruments/define":     {false, (*Venue).defineInstrument},
		"instruments/halt":       {false, (*Venue).haltInstrument},
		"instruments/resume":     {false, (*Venue).resumeInstrument},
		"instruments/set-phase":  {false, (*Venue).setPhase},
		"instruments/retire":     {false, (*Venue).retireInstrument},
		"instruments/set-limits": {false, (*Venue).instrumentLimits},
		"participants/define":    {false, (*Venue).defineParticipant},
		"participants/redefine":  {false, (*Venue).redefineParticipant},
		"keys/create":            {false, (*Venue).createKey},
		"keys/revoke":            {false, (*Venue).revokeKey},
		"accounts/open":          {false, (*Venue).openAccount},
		"accounts/close":         {false, (*Venue).closeAccount},
		"accounts/deposit":       {false, (*Venue).deposit},
		"accounts/withdraw":      {true, (*Venue).withdraw},
		"accounts/transfer":      {true, (*Venue).transfer},
		"accounts/set-limits":    {false, (*Venue).accountLimits},
		"accounts/suspend":       {true, (*Venue).suspendAccount},
		"accounts/resume":        {false, (*Venue).resumeAccount},
		"owners/set-limits":      {false, (*Venue).ownerLimits},
		"venue/set-limits":       {false, (*Venue).venueLimits},
		"orders/place":           {true, (*Venue).placeOrder},
		"orders/amend":           {true, (*Venue).amendOrder},
		"orders/cancel":          {true, (*Venue).cancelOrder},
		"orders/cancel-all":      {true, (*Venue).cancelAll},
		"sessions/reset":         {false, (*Venue).resetSession},
		"sessions/logout":        {false, (*Venue).logoutSession},
	}
}

// Verbs lists the names of all commands that the model knows, in order.
func Verbs() []string { return slices.Sorted(maps.Keys(verbs())) }

// command executes the command that the next event is of.
func (v *Venue) command(sent func(*Event) (Command, bool)) {
	head := v.entry.head
	if head.Type == "CommandFenced" {
		v.fence()
		return
	}
	if v.fenced[clientKey{head.Participant, head.CommandID}] && head.CommandID != "" {
		v.differ(head.Sequence, "command %s was fenced and has been executed", head.CommandID)
		return
	}
	c, ok := sent(head)
	if !ok {
		if c, ok = v.Taken(v.entry.events[v.entry.at:]); !ok {
			v.unchecked()
			return
		}
	}
	row, known := v.verbs[c.Verb]
	if !known {
		v.differ(head.Sequence, "the model knows no command %q", c.Verb)
		return
	}
	f := c.fields()
	about, run := row.run(v, &c, f)
	if bad := f.close(); bad != "" {
		v.differ(head.Sequence, "%s %s was taken: %s", c.Verb, c.ID, bad)
		return
	}
	if !v.permitted(row, head, &about) {
		v.differ(head.Sequence, "%s %s is not what %s %s may send", c.Verb, c.ID, head.Participant, head.Actor)
		return
	}
	v.decide(&c, &about, run)
	v.follow(about.instrument)
}

func (v *Venue) decide(c *Command, about *subject, run func() refusal) {
	no, begun := accepted, v.entry.at
	switch next := v.next(); {
	case c.validUntil != 0 && v.now > c.validUntil, v.wasLate(next):
		no = "too_late"
	case c.Expected != nil && *c.Expected != about.sequence() && !forgotten(next):
		no = "sequence_conflict"
	default:
		no = run()
	}
	if no != accepted {
		v.refuse(no, about)
	}
	if e := v.next(); e != nil && v.entry.diff == nil && !v.startsAnother(e) {
		v.differ(e.Sequence, "%s of %s is no event of %s %s", e.Type, e.Aggregate, c.Verb, c.ID)
	}
	v.compare(c, no, about, v.entry.events[begun:v.entry.at])
}

// startsAnother reports whether an event that cannot be told from the last
// command's by its context begins another: commands by FIX have no id.
func (v *Venue) startsAnother(e *Event) bool { return e.CommandID == "" }

// wasLate reports whether the venue refused a command for a deadline that only
// its gateway knows: its own 10 s, or the max_age_ms of the key.
func (v *Venue) wasLate(e *Event) bool {
	if e == nil || e.Type != "CommandRejected" || e.Data["code"] != "too_late" {
		return false
	}
	if e.Data["rule"] == "deadline" {
		return true
	}
	p := v.participants[e.Participant]
	return p != nil && p.maxAge(e.Actor)
}

// forgotten reports whether the venue refuses a command about an order of which
// it knows only that it is closed.
func forgotten(e *Event) bool {
	return e != nil && e.Type == "CommandRejected" && e.AggregateSequence == 0 &&
		(e.Data["code"] == "order_closed" || e.Data["code"] == "too_late")
}

// refuse emits a refusal. It does not advance the aggregate. Of an order that
// closed long ago the venue may know nothing but that.
func (v *Venue) refuse(no refusal, about *subject) {
	current := about.sequence()
	o := v.orders[about.aggregate]
	if (no == "order_closed" || o != nil && !o.isOpen()) && forgotten(v.next()) {
		current = 0
	}
	v.emit("CommandRejected", about.aggregate, current, map[string]any{
		"code": string(no), "rule": anything{}, "detail": anything{}, "current_sequence": number(current),
	})
}

// unchecked passes over a refusal of a command that nobody has the text of.
func (v *Venue) unchecked() {
	e := v.entry.head
	if e.Type != "CommandRejected" {
		v.differ(e.Sequence, "%s is of command %q, which nobody sent", e.Type, e.CommandID)
		return
	}
	v.Unchecked++
	v.sequence = e.Sequence
	v.entry.at++
}

// permitted reports whether who sent a command may send it. Without a
// participant it is the venue's administrator.
func (v *Venue) permitted(row verb, head *Event, about *subject) bool {
	if head.Participant == "" || strings.HasPrefix(head.Participant, reservedPrefix) {
		return true
	}
	p := v.participants[head.Participant]
	if p == nil {
		return false
	}
	switch p.roleOf(head.Actor) {
	case "admin":
		return true
	case "trader":
		// Of an order that closed long ago nobody knows any more whose it was.
		return row.trader && (v.owns(p, about.account) || forgotten(head))
	}
	return false
}

func (v *Venue) owns(p *participant, name string) bool {
	a := v.accounts[name]
	if a == nil {
		return false
	}
	for _, own := range p.accounts {
		if own == name {
			return true
		}
	}
	return a.participant == p.name
}

// fence settles an id that was never executed.
func (v *Venue) fence() {
	e := v.entry.head
	target, _ := e.Data["command_id"].(string)
	participant, _ := e.Data["participant"].(string)
	want := map[string]any{"command_id": target}
	if participant != "" {
		want["participant"] = e.Participant
	}
	v.fenced[clientKey{e.Participant, target}] = true
	v.emit("CommandFenced", venueAggregate, 0, want)
}
