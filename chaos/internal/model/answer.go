package model

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Tell gives the model what the client was answered, for it to compare: the body
// of a 200 or of a refusal by the machine.
func (c *Command) Tell(status int, body []byte) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	c.told, c.status = map[string]any{}, status
	if d.Decode(&c.told) != nil {
		c.told = map[string]any{"body": string(body)}
	}
}

// mostListed is how many fills and cancelled orders an answer lists.
const mostListed = 1000

// compare holds what a client was told to what the command came to.
func (v *Venue) compare(c *Command, no refusal, about *subject, events []Event) {
	if c.told == nil || v.entry.diff != nil {
		return
	}
	status, want := 200, map[string]any{}
	if no != accepted {
		status, want = v.problem(c, no, &events[0])
	} else {
		want = v.answer(c, about, events)
	}
	switch d := differs("answer", want, c.told); {
	case c.status != status:
		v.differ(v.sequence, "%s %s was answered with %d, want %d", c.Verb, c.ID, c.status, status)
	case d != "":
		v.differ(v.sequence, "%s %s was answered otherwise: %s", c.Verb, c.ID, d)
	}
}

// problem is the answer of a refused command.
func (v *Venue) problem(c *Command, no refusal, e *Event) (status int, body map[string]any) {
	switch {
	case strings.HasPrefix(string(no), "unknown_"):
		status = 404
	case no == "sequence_conflict", no == "already_exists", no == "session_active":
		status = 409
	default:
		status = 422
	}
	body = map[string]any{
		"type": anything{}, "title": anything{}, "detail": anything{}, "status": number(uint64(status)), "code": string(no),
		"command_id": c.ID, "sequence": number(v.sequence), "current_sequence": number(e.AggregateSequence),
	}
	if e.Aggregate != "" {
		body["aggregate_id"] = e.Aggregate
	}
	if e.AggregateSequence == 0 && no == "order_closed" {
		delete(body, "current_sequence")
	}
	return status, body
}

// answer is that of an executed command: what it was about, as it is after it.
func (v *Venue) answer(c *Command, about *subject, events []Event) map[string]any {
	d := map[string]any{
		"command_id": c.ID, "status": "accepted", "aggregate_id": about.aggregate, "sequence": number(v.sequence),
		"aggregate_sequence": number(about.sequence()), "last_updated_sequence": number(about.sequence()),
	}
	switch first := events[0].Data; c.Verb {
	case "orders/place", "orders/amend", "orders/cancel":
		v.orderAnswer(d, events)
	case "orders/cancel-all":
		cancelledAnswer(d, events)
	case "accounts/suspend":
		d["account"] = v.accounts[about.aggregate].data()
		cancelledAnswer(d, events)
	case "accounts/open", "accounts/close", "accounts/resume":
		d["account"] = v.accounts[about.aggregate].data()
	case "accounts/deposit", "accounts/withdraw":
		d["balance"] = part(first, "asset", "available", "held", "total")
	case "accounts/transfer":
		balances, _ := first["balances"].([]any)
		b, _ := balances[0].(map[string]any)
		d["balance"] = part(b, "asset", "available", "held", "total")
	case "assets/define":
		d["asset"] = v.assets[about.aggregate].data()
	case "instruments/define", "instruments/halt", "instruments/resume", "instruments/set-phase", "instruments/retire":
		d["instrument"] = v.instruments[about.aggregate].data()
	case "participants/define", "participants/redefine", "keys/create", "keys/revoke":
		d["participant"] = first
	case "accounts/set-limits", "owners/set-limits", "instruments/set-limits", "venue/set-limits":
		for name, value := range first {
			d[name] = value
		}
	}
	return d
}

func part(of map[string]any, names ...string) map[string]any {
	d := map[string]any{}
	for _, name := range names {
		d[name] = of[name]
	}
	return d
}

// orderAnswer is the order that a command was about, as it is after it, and its
// own side of each fill.
func (v *Venue) orderAnswer(d map[string]any, events []Event) {
	id := events[0].Aggregate
	d["order"] = v.orders[id].data()
	fills, count := []any{}, uint64(0)
	for i := range events {
		if events[i].Type != "OrderFilled" || events[i].Aggregate != id {
			continue
		}
		fill, _ := events[i].Data["fill"].(map[string]any)
		if count++; count > mostListed {
			continue
		}
		own := map[string]any{}
		for name, value := range fill {
			if name != "counterparty" {
				own[name] = value
			}
		}
		fills = append(fills, own)
	}
	d["fills"], d["fills_count"] = fills, number(count)
}

// cancelledAnswer lists what a mass cancel has cancelled so far.
func cancelledAnswer(d map[string]any, events []Event) {
	list := []any{}
	for i := range events {
		switch events[i].Type {
		case "OrderCancelled":
			if len(list) < mostListed {
				list = append(list, events[i].Aggregate)
			}
		case "OrdersCancelled":
			d["cancelled_count"] = events[i].Data["cancelled_count"]
			if events[i].Data["continues"] == true {
				d["continues"] = true
			}
		}
	}
	d["cancelled"] = list
}
