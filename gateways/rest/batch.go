package rest

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// maxBatchKey leaves room for "/999" behind the key within an id's length.
const maxBatchKey = market.MaxIDLength - len("/999")

// batch serves POST /v1/commands: many commands in one array, executed in its
// order, each answered in its place.
func (x *call) batch() {
	if x.caller.Role != market.RoleAdmin && x.caller.Role != market.RoleTrader {
		x.forbidden("keys of this role may not send commands")
		return
	}
	key, ok := idempotencyKey(x.r.Header, maxBatchKey)
	if !ok {
		x.malformed("Idempotency-Key", "must be one id, of at most 60 characters with a batch")
		return
	}
	held, ok := x.burdened(true, false)
	if !ok {
		return
	}
	defer held.release()
	body, ok := x.body()
	if !ok {
		return
	}
	requests, fault := x.h.decoder.Batch(body)
	if fault != nil {
		x.problem(faultProblem(fault, ""))
		return
	}
	if !held.correct(len(body), len(requests)) {
		x.overburdened()
		return
	}
	commands, refused := x.accepted(requests, key)
	var outcomes []event.Outcome
	var undecided error // of those that have no outcome
	if len(commands) > 0 {
		outcomes, undecided = x.submitBatch(commands, len(body))
	} else {
		x.chide(refused)
	}
	if errors.Is(undecided, errWithdrawn) {
		x.unauthenticated()
		return
	}
	if undecided != nil {
		x.w.Header().Set("Retry-After", "1")
	}
	buf := x.h.buffer()
	out := x.answers(*buf, requests, refused, outcomes, undecided)
	x.json(http.StatusOK, out)
	x.h.release(buf, out)
}

// refusals are what elements of a batch are refused with before they are
// submitted, by their index.
type refusals map[int]render.Problem

func (r refusals) with(i int, p render.Problem) refusals {
	if r == nil {
		r = refusals{}
	}
	r[i] = p
	return r
}

// accepted completes the commands, and parts those that can be submitted from
// those that are refused here.
func (x *call) accepted(requests []decode.Request, key string) ([]*command.Command, refusals) {
	commands := make([]*command.Command, 0, len(requests))
	var refused refusals
	guard := orderGuard{x: x}
	for i := range requests {
		r := &requests[i]
		id := key
		if key != "" && r.Command.ID == "" {
			id = key + "/" + strconv.Itoa(i)
		}
		x.identify(&r.Command, id)
		if p := x.refusal(r); p != nil {
			refused = refused.with(i, *p)
			continue
		}
		r.Command.Body = guard.hide(r.Command.Body)
		if err := x.fill(&r.Command); err != nil {
			p := submitProblem(err)
			p.CommandID, p.Aggregate = r.Command.ID, r.Command.Aggregate
			refused = refused.with(i, p)
			continue
		}
		commands = append(commands, &r.Command)
	}
	return commands, refused
}

// answers appends the array of answers. Those that were submitted and have no
// outcome are answered with why not: each with its id, so that it can be
// settled.
func (x *call) answers(dst []byte, requests []decode.Request, refused refusals, outcomes []event.Outcome, undecided error) []byte {
	dst = append(dst, '[')
	next := 0
	for i := range requests {
		if i > 0 {
			dst = append(dst, ',')
		}
		r := &requests[i]
		var s settled
		p, refusedHere := refused[i]
		switch {
		case refusedHere:
			s.problem = p
		case next == len(outcomes):
			s.problem = submitProblem(undecided)
			s.problem.CommandID, s.problem.Aggregate = r.Command.ID, r.Command.Aggregate
		default:
			s = x.h.settle(x.r.Context(), &r.Command, &outcomes[next], outcomes)
			next++
			x.sequence = max(x.sequence, s.sequence)
		}
		x.count(r, &s)
		dst = appendSettled(dst, r.Command.ID, "", &s)
	}
	return append(dst, ']')
}

func (x *call) count(r *decode.Request, s *settled) {
	verb := "unknown"
	if r.Verb != nil {
		verb = r.Verb.Name
	}
	x.h.metrics.commands.WithLabelValues(verb, s.code()).Inc()
}

// appendSettled appends {"command_id","status"?,"http_status","known_since"?,"answer"|"problem"}.
func appendSettled(dst []byte, id, status string, s *settled) []byte {
	dst = append(dst, `{"command_id":`...)
	dst = append(render.Quote(dst, id), ',')
	if status != "" {
		dst = append(dst, `"status":"`...)
		dst = append(append(dst, status...), `",`...)
	}
	dst = append(dst, `"http_status":`...)
	if s.group == nil {
		dst = strconv.AppendInt(dst, int64(s.problem.Status), 10)
		if s.knownSince != "" {
			dst = append(dst, `,"known_since":`...)
			dst = render.Quote(dst, s.knownSince)
		}
		dst = append(dst, `,"problem":`...)
		return append(s.problem.Append(dst), '}')
	}
	if r := s.group.Rejection(); r != nil {
		p := render.Rejection(s.group, r)
		dst = strconv.AppendInt(dst, int64(p.Status), 10)
		dst = append(dst, `,"problem":`...)
		return append(p.Append(dst), '}')
	}
	dst = append(dst, `200,"answer":`...)
	dst, _ = render.Answer(dst, s.group, s.at)
	return append(dst, '}')
}
