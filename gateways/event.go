package gateways

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Event is one public event, as somebody may see it. What it points to is its
// receiver's alone.
type Event struct {
	Sequence market.Sequence
	Type     event.Type
	At       market.Nanos // venue time, Unix epoch
	// Aggregate is what it happened to, AggregateSequence that one's version
	// after it.
	Aggregate         string
	AggregateSequence uint64
	// LogIndex is the index of its entry in the log.
	LogIndex uint64
	// By says who asked for it, nil to whom that is not shown.
	By *By
	// Data is what happened: a pointer to the type that is named like the event,
	// *TradeExecuted for event.TypeTradeExecuted.
	Data Data
}

// By says who asked for an event, and under which command id.
type By struct {
	// Participant is "" for the venue's administrator and the venue itself.
	Participant string
	Actor       string // key id or CompID
	Source      market.Source
	CommandID   string
	Correlation string
}

// Data is what happened. Each public event has a type of its own.
type Data interface {
	// EventType is the event's type.
	EventType() event.Type
}

// Viewer is who looks at events. The zero Viewer sees what everybody may.
type Viewer struct {
	// Full: administrators and auditors see everybody.
	Full bool
	// Participant is whose commands the viewer may recognise.
	Participant string
}

// EventOf returns an event as a viewer may see it: who else sent the command, or
// stood on the other side, is shown to a full viewer only. Whether the viewer
// may see the event at all is Identity.Sees to say.
func EventOf(e *event.Public, v Viewer) Event {
	out := Event{
		Sequence: e.Sequence, Type: e.Type, At: e.Block.At, Aggregate: e.Aggregate,
		AggregateSequence: e.AggregateSequence, LogIndex: e.Block.Index, Data: dataOf(e, v),
	}
	if c := &e.Group.Context; v.Full || (c.Participant != "" && c.Participant == v.Participant) {
		out.By = &By{
			Participant: c.Participant, Actor: c.Actor, Source: c.Source, CommandID: c.CommandID, Correlation: c.Correlation,
		}
		if out.By.Source == market.SourceNone {
			out.By.Source = market.SourceSystem
		}
	}
	return out
}
