package rest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// settlePatience is how long a question about an id waits until this node can
// find commands by their ids: as long as a command is sent again over a failover.
const settlePatience = 5 * time.Second

// settledByEvents answers what became of a command id of which the machine, at a
// sequence, knew no execution. It forgets ids, and fences them all the same; the
// events don't forget: only where they have no such command either is it as
// otherwise says.
func (x *call) settledByEvents(id string, at market.Sequence, otherwise func(id string)) {
	ctx, cancel := context.WithTimeout(x.r.Context(), settlePatience)
	defer cancel()
	var block *event.Block
	var group *event.Group
	err := x.waiting(ctx, func(ctx context.Context) error { return x.h.reads.CommandsKnown(ctx, at) })
	if err == nil {
		block, err = inTurn(ctx, x, func() (b *event.Block, err error) {
			b, group, err = x.h.reads.FirstCommand(ctx, at, x.caller.Participant, id)
			return b, err
		})
	}
	switch {
	case err == nil:
		x.settledAs(id, statusOf(group), &settled{group: group, at: block.At})
	case errors.Is(err, gateways.ErrNotFound):
		otherwise(id)
	case errors.Is(err, errWithdrawn):
		x.unauthenticated()
	default:
		x.problem(x.notSettledYet(err, id))
	}
}

// notSettledYet is the refusal of a question that this node can't answer now.
func (x *call) notSettledYet(err error, id string) render.Problem {
	p := render.Problem{
		Status: http.StatusServiceUnavailable, Code: "degraded", CommandID: id, Outcome: "unknown",
		Detail: "the id is not settled yet: this node can't find commands of the past now",
	}
	switch {
	case errors.Is(err, errShare), errors.Is(err, errQueue), errors.Is(err, errTurn), errors.Is(err, errWaits):
		p.Status, p.Code, p.Venue = http.StatusTooManyRequests, "throttled", errors.Is(err, errQueue) || errors.Is(err, errTurn)
		p.Detail = "the id is not settled yet: " + err.Error()
	case errors.Is(err, errDrains):
		p.Detail = "the id is not settled yet: " + err.Error()
	case !errors.Is(err, gateways.ErrUnavailable) && !errors.Is(err, gateways.ErrNotCaughtUp) && !errors.Is(err, gateways.ErrCutShort):
		x.h.log.Error("a command can't be looked for", "correlation_id", x.correlation, "error", err)
	}
	return p
}

// never answers that the id never executes, and did not as far as events go back.
func (x *call) never(id string) {
	p := render.Problem{
		Status: http.StatusConflict, Code: "command_fenced", CommandID: id, Detail: "the id was fenced and never executes",
	}
	x.settledAs(id, "never", &settled{problem: p, knownSince: x.knownSince()})
}

// unseen answers that nothing was executed under the id so far.
func (x *call) unseen(id string) {
	x.problem(render.Problem{
		Status: http.StatusNotFound, Code: "unknown_command", CommandID: id,
		Detail: "the id was never seen, or is forgotten", KnownSince: x.knownSince(),
	})
}

// knownSince returns since when every executed command is known by its id: the
// beginning of the retained events; "" while all of them are there. Asked after
// a look at the events it is never too early.
func (x *call) knownSince() string {
	floor := x.h.reads.Floor()
	if floor.Sequence <= 1 {
		return ""
	}
	return string(render.AppendTime(nil, floor.At))
}
