package rest

import (
	"net/http"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// probe serves GET /v1/commands/{id}: what became of a command. The question
// goes through the log, so the answer is linearizable.
func (x *call) probe() {
	id := x.r.PathValue("id")
	s, o, ok := x.settleID(id, &command.Probe{Target: id})
	switch {
	case !ok:
	case s.group != nil:
		x.settledAs(id, statusOf(s.group), &s)
	case o.Kind == event.OutcomeFenced:
		x.settledByEvents(id, o.Sequence, x.never)
	case o.Kind != event.OutcomeUnseen:
		x.problem(s.problem)
	case x.h.commands.InFlight(x.caller.Participant, id):
		x.pending(id)
	default:
		x.settledByEvents(id, o.Sequence, x.unseen)
	}
}

// fence serves POST /v1/commands/{id}/fence: it settles an id for good.
func (x *call) fence() {
	id := x.r.PathValue("id")
	if x.caller.Role != market.RoleAdmin && x.caller.Role != market.RoleTrader {
		x.forbidden("keys of this role send no commands")
		return
	}
	s, o, ok := x.settleID(id, &command.Fence{Target: id})
	switch {
	case !ok:
	case o.Kind == event.OutcomeExecuted, o.Kind == event.OutcomeFenced:
		x.settledByEvents(id, o.Sequence, x.never)
	case s.group != nil:
		x.settledAs(id, statusOf(s.group), &s)
	default:
		x.problem(s.problem)
	}
}

// settleID puts a question about a command id through the log.
func (x *call) settleID(id string, question command.Body) (settled, *event.Outcome, bool) {
	if !validCommandID(id) {
		x.malformed("command_id", "is not an id")
		return settled{}, nil, false
	}
	c := command.Command{Body: question}
	x.identify(&c, "")
	var outcomes []event.Outcome
	err := x.fill(&c)
	if err == nil {
		outcomes, err = x.h.commands.Submit(x.r.Context(), []*command.Command{&c})
	}
	if err != nil {
		x.problem(unsettled(submitProblem(err), id))
		return settled{}, nil, false
	}
	s := x.h.settle(x.r.Context(), &c, &outcomes[0], outcomes)
	if s.group == nil {
		s.problem = unsettled(s.problem, id)
	}
	x.sequence = s.sequence
	return s, &outcomes[0], true
}

// unsettled is the refusal of a question about an id. That the question was not
// executed says nothing of the command that the id is of.
func unsettled(p render.Problem, id string) render.Problem {
	p.CommandID = id
	if p.Outcome != "" {
		p.Outcome, p.Detail = "unknown", "the id is not settled: "+p.Detail
	}
	return p
}

// validCommandID takes ids, and those that a batch made of its key and the
// element's index.
func validCommandID(id string) bool {
	n := len(id)
	for n > 0 && id[n-1] >= '0' && id[n-1] <= '9' {
		n--
	}
	if n > 1 && n < len(id) && id[n-1] == '/' && len(id) <= market.MaxIDLength {
		return clientID(id[:n-1])
	}
	return clientID(id)
}

func statusOf(g *event.Group) string {
	if g.Rejection() != nil {
		return "rejected"
	}
	return "accepted"
}

func (x *call) settledAs(id, status string, s *settled) {
	x.json(http.StatusOK, appendSettled(nil, id, status, s))
}

func (x *call) pending(id string) {
	body := append(render.Quote([]byte(`{"command_id":`), id), `,"status":"pending","http_status":202}`...)
	x.json(http.StatusOK, body)
}
