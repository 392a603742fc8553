package model

import "encoding/json"

// act is what the venue does by itself: terms, timers, triggered stops, the
// rest of a mass effect.
func (v *Venue) act() {
	e := v.entry.head
	switch e.Type {
	case "OrderExpired":
		if o := v.orders[e.Aggregate]; o != nil && e.Source == "system" && o.instrument.triggered() == o {
			v.follow(o.instrument)
			return
		}
		v.expire()
	case "OrderTriggered", "OrderRejected":
		v.triggeredFirst(e)
	case "OrderCancelled", "OrdersCancelled":
		v.goOn(e)
	case "LeaderStarted":
		v.leaderStarted(e)
	case "LevelRaised":
		v.level++
		v.venue(e, map[string]any{"level": anything{}})
	case "HistoryBegan":
		v.venue(e, map[string]any{"history": anything{}, "previous": anything{}, "cause": anything{}})
	case "EntryVoided":
		v.venue(e, map[string]any{"index": anything{}, "sha256": anything{}})
	default:
		v.session(e)
	}
}

// venue is an event of the whole venue.
func (v *Venue) venue(e *Event, data map[string]any) {
	v.venueSequence++
	v.emit(e.Type, venueAggregate, v.venueSequence, data)
}

// leaderStarted: terms rise.
func (v *Venue) leaderStarted(e *Event) {
	text, _ := e.Data["term"].(json.Number)
	term, ok := readDecimal(text.String())
	if !ok || !term.units.above(whole(int64(v.term))) {
		v.differ(e.Sequence, "term %s begins after term %d", text, v.term)
		return
	}
	v.term = term.units.big().Uint64()
	v.venue(e, map[string]any{
		"term": text, "leader": anything{}, "cause": anything{}, "previous": anything{}, "gap_ns": anything{},
	})
}

// triggeredFirst goes on with an instrument's stops, in their order.
func (v *Venue) triggeredFirst(e *Event) {
	o := v.orders[e.Aggregate]
	if o == nil || o.instrument.triggered() != o {
		v.differ(e.Sequence, "%s is no stop whose turn has come", e.Aggregate)
		return
	}
	v.follow(o.instrument)
}

// goOn goes on with a mass cancel that an entry was too short for, or ends a
// stop of it.
func (v *Venue) goOn(e *Event) {
	name := e.Aggregate
	o := v.orders[e.Aggregate]
	if o != nil {
		name = o.account.name
	}
	a := v.accounts[name]
	switch {
	case o != nil && e.CommandID == "" && o.instrument.triggered() == o:
		v.follow(o.instrument)
	case o != nil && e.Data["order"] != nil && reasonOf(e) == "disconnected":
		v.disconnected(e, o)
	case a == nil || a.suspending == nil && a.cancelling == nil:
		v.differ(e.Sequence, "%s of %s: no mass cancel of it goes on", e.Type, e.Aggregate)
	case a.suspending != nil && (reasonOf(e) == "suspended" || a.cancelling == nil):
		v.step(a.suspending)
		v.entry.mass++ // a turn that finds nothing counts too
	default:
		v.step(a.cancelling)
		v.entry.mass++
	}
}

func reasonOf(e *Event) string {
	o, _ := e.Data["order"].(map[string]any)
	reason, _ := o["reason"].(string)
	return reason
}
