package decode

import "github.com/rialto-exchange/rialto/fsm/market"

// maxLabel is the most bytes a command_type may have.
const maxLabel = 128

// envelope decodes the command whose nodes the parser holds.
func (d *Decoder) envelope(p *parser, out *Request) {
	if p.nodes[0].kind != '{' {
		out.Fault = &Fault{Reason: "a command is a JSON object"}
		return
	}
	o := object{nodes: p.nodes}
	if out.Verb == nil && !d.findVerb(&o, out) {
		return
	}
	h := &out.Command.Header
	h.ID = o.clientID("command_id")
	h.Label = o.text("command_type", maxLabel)
	h.Aggregate = o.aggregate("aggregate_id")
	h.ValidUntil = o.instant("valid_until")
	o.instant("created_at") // checked, and decides nothing
	h.Expected, h.HasExpected = o.sequence("expected_sequence")
	payload := object{nodes: p.nodes, at: o.find("payload"), path: "payload."}
	if payload.at >= 0 && p.nodes[payload.at].kind != '{' {
		o.fail("payload", "must be an object")
	}
	if out.Fault = o.close(); out.Fault != nil {
		return
	}
	out.Command.Body = out.Verb.decode(&payload, h.Aggregate)
	if out.Fault = payload.close(); out.Fault != nil {
		return
	}
	h.Digest = p.bodyDigest(out.Verb.Name)
}

// commandID returns the id that the value gives, "" if there is none.
func (p *parser) commandID() string {
	o := object{nodes: p.nodes}
	if i := o.find("command_id"); i >= 0 && market.ValidID(o.nodes[i].text) {
		return o.nodes[i].text
	}
	return ""
}

// findVerb reads the "command" member of a batch's element.
func (d *Decoder) findVerb(o *object, out *Request) bool {
	name := o.text("command", MaxText)
	verb, ok := d.verbs[name]
	switch {
	case name == "":
		o.fail("command", `is required, such as "orders/place"`)
	case !ok:
		o.fail("command", "there is no such command")
	}
	out.Verb, out.Fault = verb, o.fault
	return o.fault == nil
}

// sequence returns a whole JSON number in 0 … 2^63-1, and whether it was there.
func (o *object) sequence(name string) (uint64, bool) {
	v, ok := o.bounded(name, 1<<63-1)
	return uint64(v), ok
}
