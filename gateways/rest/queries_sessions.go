package rest

import (
	"context"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// sessions lists the FIX sessions: all of them for who sees all, else the
// participant's own. What only the owner's connection knows is as its node last
// said.
func (x *call) sessions() {
	connections := connectionsOf(x.h.operations.Twin())
	list(x, unknownParticipant, func(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.SessionState]], error) {
		l, err := x.h.reads.Sessions(ctx, at, page)
		if !x.caller.SeesAll() {
			l.Items = slices.DeleteFunc(l.Items, func(s event.Reading[event.SessionState]) bool {
				return s.Value.Participant != x.caller.Participant
			})
		}
		return l, err
	}, func(dst []byte, s *event.Reading[event.SessionState]) []byte {
		return render.Session(dst, &s.Value, connections[sessionEpoch{s.Value.CompID, s.Value.Epoch}])
	})
}

// sessionEpoch names a connection of a session.
type sessionEpoch struct {
	comp  string
	epoch uint64
}

// connectionsOf finds the FIX connections of all nodes.
func connectionsOf(t gateways.Twin) map[sessionEpoch]*gateways.TwinSession {
	out := map[sessionEpoch]*gateways.TwinSession{}
	for _, n := range t.Nodes {
		for _, g := range n.Gateways {
			for i := range g.Sessions {
				out[sessionEpoch{g.Sessions[i].CompID, g.Sessions[i].Epoch}] = &g.Sessions[i]
			}
		}
	}
	return out
}
