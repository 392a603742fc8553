package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// settled is what a command is answered with: the group that it was executed
// with, now or before, or the problem that it left no event for.
type settled struct {
	group    *event.Group
	at       market.Nanos
	sequence market.Sequence // to read one's own write by
	replayed bool
	problem  render.Problem
	// knownSince is, of an id that never executes, since when it would be known
	// that it had; "" = since ever.
	knownSince string
}

// code returns the metric's label.
func (s *settled) code() string {
	if s.group == nil {
		return s.problem.Code
	}
	if r := s.group.Rejection(); r != nil {
		return r.Code.Text()
	}
	return "accepted"
}

// settle finds what an outcome is answered with. The outcomes that came with
// it are looked at first: a duplicate in a batch repeats a neighbour.
func (h *Handler) settle(ctx context.Context, c *command.Command, o *event.Outcome, all []event.Outcome) settled {
	switch o.Kind {
	case event.OutcomeExecuted:
		if o.Group != nil {
			return settled{group: o.Group, at: o.At, sequence: max(o.Group.Last(), o.Sequence)}
		}
	case event.OutcomeRepeat:
		return h.replay(ctx, c, o, all)
	}
	p := outcomeProblem(o.Kind)
	p.CommandID, p.Aggregate = c.ID, c.Aggregate
	return settled{problem: p, sequence: o.Sequence}
}

func (h *Handler) replay(ctx context.Context, c *command.Command, o *event.Outcome, all []event.Outcome) settled {
	for i := range all {
		if g := all[i].Group; g != nil && g.First == o.First {
			return settled{group: g, at: all[i].At, sequence: o.Sequence, replayed: true}
		}
	}
	block, group, err := h.commands.Executed(ctx, c.Participant, settledID(c), o.First)
	if err != nil {
		h.log.Warn("a repeated command's first answer could not be read",
			"sequence", uint64(o.First), "error", err)
		p := render.Problem{
			Status: http.StatusServiceUnavailable, Code: "degraded", Outcome: "unknown",
			Detail: "the command was settled before, but its answer can't be read here now", CommandID: c.ID,
		}
		return settled{problem: p, sequence: o.Sequence}
	}
	return settled{group: group, at: block.At, sequence: max(group.Last(), o.Sequence), replayed: true}
}

// settledID is the command id that an outcome speaks of: of a question, the one
// that was asked about.
func settledID(c *command.Command) string {
	switch b := c.Body.(type) {
	case *command.Probe:
		return b.Target
	case *command.Fence:
		return b.Target
	}
	return c.ID
}

// outcomeProblem is the refusal of an outcome that left no event.
func outcomeProblem(kind event.OutcomeKind) render.Problem {
	switch kind {
	case event.OutcomeReused:
		return render.Problem{Status: http.StatusConflict, Code: "command_id_reused", Detail: "the id was used for another body"}
	case event.OutcomeFenced:
		return fencedProblem()
	case event.OutcomeForbidden:
		return notOwned()
	case event.OutcomeThrottled:
		return render.Problem{Status: http.StatusTooManyRequests, Code: "throttled", Detail: "the venue, or this participant, has too much in hand; send it again", Outcome: "not_executed", Venue: true}
	case event.OutcomeTooFarAhead:
		return render.Problem{Status: http.StatusServiceUnavailable, Code: "degraded", Detail: "this node's idea of venue time was wrong; send it again", Outcome: "not_executed"}
	}
	return render.Problem{Status: http.StatusServiceUnavailable, Code: "degraded", Detail: "no outcome", Outcome: "unknown"}
}

func fencedProblem() render.Problem {
	return render.Problem{Status: http.StatusConflict, Code: "command_fenced", Detail: "the id was fenced: this copy does not execute; ask for the id to learn whether one did before"}
}

// submitProblem is the refusal of commands that the cluster took no decision
// on.
func submitProblem(err error) render.Problem {
	p := render.Problem{Status: http.StatusServiceUnavailable, Code: "degraded", Outcome: "unknown", Detail: "repeat it, or ask for its id, to settle it"}
	switch {
	case errors.Is(err, gateways.ErrNoLeader):
		p.Code, p.Outcome, p.Detail = "no_leader", "not_executed", "the cluster has no leader"
	case errors.Is(err, gateways.ErrOverloaded):
		p.Status, p.Code, p.Outcome, p.Detail, p.Venue = http.StatusTooManyRequests, "throttled", "not_executed", "too many commands wait", true
	case errors.Is(err, gateways.ErrDegraded):
		p.Outcome, p.Detail = "not_executed", err.Error()
	case errors.Is(err, gateways.ErrTooLarge):
		p = render.Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "a command has at most 16 KiB"}
	}
	return p
}

// faultProblem is the refusal of a request that is no command.
func faultProblem(f *decode.Fault, id string) render.Problem {
	p := render.Problem{Status: http.StatusBadRequest, Code: "malformed", Detail: f.Error(), Field: f.Field, CommandID: id}
	if f.Kind == decode.TooLarge {
		p.Status, p.Code = http.StatusRequestEntityTooLarge, "too_large"
	}
	return p
}

// forbiddenVerb is the refusal of a verb that is not of the caller's role.
func forbiddenVerb(verb *decode.Verb) render.Problem {
	return render.Problem{Status: http.StatusForbidden, Code: "forbidden", Detail: "keys of this role may not send " + verb.Name}
}

// notOwned is the refusal of somebody else's account or order, whether it
// exists or not.
func notOwned() render.Problem {
	return render.Problem{Status: http.StatusForbidden, Code: "forbidden", Detail: "the account or order is not this participant's"}
}

func pathEscape(id string) string { return url.PathEscape(id) }
