package model

import "slices"

// participant is who may act.
type participant struct {
	name, role, owner string
	accounts, compIDs []string
	sessions          []map[string]any // as they are told
	keys              []key
	password          string
	sequence          uint64
}

type key struct {
	id, hash, role string
	maxAge         uint64 // ms; 0: none
}

// maxKeys is the most keys that a participant has.
const maxKeys = 256

func (p *participant) key(id string) *key {
	for i := range p.keys {
		if p.keys[i].id == id {
			return &p.keys[i]
		}
	}
	return nil
}

// roleOf is the role of an actor: of its key, else the participant's.
func (p *participant) roleOf(actor string) string {
	if k := p.key(actor); k != nil && k.role != "" {
		return k.role
	}
	return p.role
}

// maxAge reports whether commands of a key have a deadline without naming one.
func (p *participant) maxAge(actor string) bool {
	k := p.key(actor)
	return k != nil && k.maxAge > 0
}

func (p *participant) data() map[string]any {
	d := map[string]any{"participant": p.name, "role": p.role, "aggregate_sequence": number(p.sequence)}
	if p.owner != "" {
		d["owner"] = p.owner
	}
	d["accounts"], d["fix_comp_ids"] = texts(p.accounts), texts(p.compIDs)
	if len(p.sessions) > 0 {
		var list []any
		for _, s := range p.sessions {
			list = append(list, s)
		}
		d["fix_sessions"] = list
	}
	keys := []any{}
	for _, k := range p.keys {
		one := map[string]any{"id": k.id, "role": k.role}
		if k.maxAge > 0 {
			one["max_age_ms"] = number(k.maxAge)
		}
		keys = append(keys, one)
	}
	d["keys"] = keys
	return d
}

func texts(list []string) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

func (v *Venue) aboutParticipant(name string) subject {
	return subject{aggregate: "venue:participant:" + name, sequence: func() uint64 {
		if p := v.participants[name]; p != nil {
			return p.sequence
		}
		return 0
	}}
}

func readParticipant(c *Command, f *fields) *participant {
	p := &participant{
		name: f.about("participant", c, "venue:participant:"), role: f.text("role"), owner: f.text("owner"),
		accounts: f.list("accounts"), compIDs: f.list("fix_comp_ids"), password: f.text("fix_password_hash"),
	}
	for _, k := range f.objects("keys") {
		one := key{id: k.text("id"), hash: k.text("secret_hash"), role: k.oneOf("role", p.role, "admin", "trader", "read", "audit")}
		if age := k.decimal("max_age_ms"); age != nil {
			one.maxAge = age.units.big().Uint64()
		}
		if bad := k.close(); bad != "" {
			f.fail("keys", bad)
		}
		p.keys = append(p.keys, one)
	}
	for _, s := range f.objects("fix_sessions") {
		p.sessions = append(p.sessions, readSession(s))
		if bad := s.close(); bad != "" {
			f.fail("fix_sessions", bad)
		}
	}
	return p
}

func (v *Venue) defineParticipant(c *Command, f *fields) (subject, func() refusal) {
	p := readParticipant(c, f)
	return v.aboutParticipant(p.name), func() refusal { return v.define(p, c.taken) }
}

func (v *Venue) redefineParticipant(c *Command, f *fields) (subject, func() refusal) {
	p := readParticipant(c, f)
	return v.aboutParticipant(p.name), func() refusal {
		if was := v.participants[p.name]; was != nil {
			named := p.keys
			p.keys = slices.Clone(was.keys)
			for _, k := range named {
				p.setKey(k)
			}
			if len(p.keys) > maxKeys {
				return "venue_full"
			}
		}
		return v.define(p, c.taken)
	}
}

// setKey replaces the key of the same id, or adds it.
func (p *participant) setKey(k key) {
	if old := p.key(k.id); old != nil {
		*old = k
		return
	}
	p.keys = append(p.keys, k)
}

func (v *Venue) createKey(c *Command, f *fields) (subject, func() refusal) {
	name := f.about("participant", c, "venue:participant:")
	k := key{id: f.text("key_id"), hash: f.text("hash"), role: f.text("role")}
	if age := f.decimal("max_age_ms"); age != nil {
		k.maxAge = age.units.big().Uint64()
	}
	return v.aboutParticipant(name), func() refusal {
		return v.changeKeys(name, k.id, func(p *participant) refusal {
			p.setKey(k)
			if len(p.keys) > maxKeys {
				return "venue_full"
			}
			return accepted
		})
	}
}

func (v *Venue) revokeKey(c *Command, f *fields) (subject, func() refusal) {
	name, id := f.about("participant", c, "venue:participant:"), f.text("key_id")
	return v.aboutParticipant(name), func() refusal {
		return v.changeKeys(name, id, func(p *participant) refusal {
			if p.key(id) == nil {
				return "unknown_key"
			}
			p.keys = slices.DeleteFunc(p.keys, func(k key) bool { return k.id == id })
			return accepted
		})
	}
}

// changeKeys defines a participant anew, with other keys.
func (v *Venue) changeKeys(name, id string, change func(*participant) refusal) refusal {
	was := v.participants[name]
	if was == nil {
		return "unknown_participant"
	}
	if no := ownID(id); no != accepted {
		return no
	}
	next := *was
	next.keys = slices.Clone(was.keys)
	if no := change(&next); no != accepted {
		return no
	}
	return v.define(&next, false)
}

// define makes p the definition of its name. Of one that was taken from its
// event nobody knows the hashes, so that the event says whether it is new.
func (v *Venue) define(p *participant, taken bool) refusal {
	if no := v.definable(p); no != accepted {
		return no
	}
	if e := v.next(); e != nil && e.Type == "CommandRejected" && len(p.sessions) > 0 {
		return v.sessionsRefused(e)
	}
	was, kind := v.participants[p.name], "ParticipantDefined"
	if was != nil {
		p.sequence = was.sequence
		if was.same(p) {
			kind = "ParticipantConfirmed"
		}
		for _, k := range was.keys {
			delete(v.keys, k.id)
		}
		for _, id := range was.allCompIDs() {
			delete(v.compIDs, id)
		}
	}
	if e := v.next(); taken && e != nil {
		kind = e.Type
	}
	p.sequence++
	v.participants[p.name] = p
	for _, k := range p.keys {
		v.keys[k.id] = p.name
	}
	for _, id := range p.allCompIDs() {
		v.compIDs[id] = p.name
	}
	v.emit(kind, "venue:participant:"+p.name, p.sequence, p.data())
	v.followSessions()
	return accepted
}

// definable refuses names that are the venue's own, or another's.
func (v *Venue) definable(p *participant) refusal {
	if no := ownID(p.name); no != accepted {
		return no
	}
	if p.owner != "" {
		if no := ownID(p.owner); no != accepted {
			return no
		}
	}
	for _, a := range p.accounts {
		if no := ownID(a); no != accepted {
			return no
		}
	}
	for _, k := range p.keys {
		if other, ok := v.keys[k.id]; ok && other != p.name {
			return "already_exists"
		}
	}
	for _, id := range p.allCompIDs() {
		if other, ok := v.compIDs[id]; ok && other != p.name {
			return "already_exists"
		}
	}
	return accepted
}

func (p *participant) allCompIDs() []string {
	all := slices.Clone(p.compIDs)
	for _, s := range p.sessions {
		id, _ := s["comp_id"].(string)
		all = append(all, id)
	}
	return all
}

func (p *participant) same(o *participant) bool {
	a, b := *p, *o
	a.sequence, b.sequence = 0, 0
	return differs("", a.data(), map[string]any(b.data())) == "" && a.password == b.password && slices.Equal(a.keys, b.keys)
}
