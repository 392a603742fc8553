package rest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// command serves POST /v1/commands/{kind}/{verb}.
func (x *call) command() {
	verb, ok := x.h.decoder.Verb(x.r.PathValue("kind") + "/" + x.r.PathValue("verb"))
	if !ok {
		x.refuse(http.StatusNotFound, "not_found", "there is no such command")
		return
	}
	urgent := urgent(&x.caller, verb)
	held, ok := x.burdened(false, urgent)
	if !ok {
		return
	}
	defer held.release()
	if !mayCommand(&x.caller, verb) {
		p := forbiddenVerb(verb)
		sent := x.sent(verb)
		p.CommandID, p.Aggregate = sent.ID, sent.Aggregate
		x.problem(p)
		return
	}
	key, ok := idempotencyKey(x.r.Header, market.MaxIDLength)
	if !ok {
		x.malformed("Idempotency-Key", "must be one id")
		return
	}
	body, ok := x.body()
	if !ok {
		return
	}
	var request decode.Request
	x.h.decoder.Single(verb, body, &request)
	x.identify(&request.Command, key)
	if p := x.refusal(&request); p != nil {
		x.problem(*p)
		return
	}
	guard := orderGuard{x: x}
	request.Command.Body = guard.hide(request.Command.Body)
	if err := x.fill(&request.Command); err != nil {
		x.notSubmitted(verb.Name, &request.Command, err)
		return
	}
	x.submit(verb.Name, &request.Command, len(body), urgent)
}

// refusal is why a request can't be submitted, nil if it can.
func (x *call) refusal(r *decode.Request) *render.Problem {
	var p render.Problem
	switch {
	case r.Verb != nil && !mayCommand(&x.caller, r.Verb):
		p = forbiddenVerb(r.Verb)
	case r.Fault != nil:
		p = faultProblem(r.Fault, "")
	default:
		err := x.h.commands.Takes(x.caller.Role, r.Command.Body)
		if err == nil {
			return nil
		}
		p = submitProblem(err)
	}
	p.CommandID, p.Aggregate = r.Command.ID, r.Command.Aggregate
	return &p
}

// mayCommand reports whether the caller's role allows the verb at all. Whose
// account it is about is the machine's to check.
func mayCommand(c *gateways.Identity, verb *decode.Verb) bool {
	return c.Role == market.RoleAdmin || (c.Role == market.RoleTrader && verb.Trader)
}

// identify gives a command its id: the one in its body, else the one here,
// else one that is made.
func (x *call) identify(c *command.Command, id string) {
	if c.ID == "" {
		c.ID = id
	}
	if c.ID == "" {
		c.ID = x.h.newID()
	}
}

// sent is a command that is refused whatever it says: what it is about.
func (x *call) sent(verb *decode.Verb) *command.Command {
	var request decode.Request
	if body, p := x.readBody(); p == nil {
		x.h.decoder.Single(verb, body, &request)
	}
	key, ok := idempotencyKey(x.r.Header, market.MaxIDLength)
	if !ok {
		key = ""
	}
	x.identify(&request.Command, key)
	return &request.Command
}

// fill completes the header of a command that has its id. A key's age is counted
// from venue time, by which the machine judges it: this node's own clock may be
// wrong. The error is of VenueTime; nothing was sent then.
func (x *call) fill(c *command.Command) error {
	c.Participant, c.Actor, c.Role = x.caller.Participant, x.caller.Actor, x.caller.Role
	c.Source = market.SourceREST
	c.Correlation, c.Traceparent = x.correlation, x.traceparent
	if c.ValidUntil != 0 || x.caller.MaxAge == 0 {
		return nil
	}
	now, err := x.h.commands.VenueTime(x.r.Context())
	if err != nil {
		return fmt.Errorf("count a key's age: %w", err)
	}
	c.ValidUntil = now + min(market.Nanos(x.caller.MaxAge), market.MaxValidity)
	return nil
}

// submit executes one command and answers it.
func (x *call) submit(verb string, c *command.Command, bytes int, urgent bool) {
	outcomes, err := x.submitSingle(c, bytes, urgent)
	if err != nil {
		x.notSubmitted(verb, c, err)
		return
	}
	s := x.h.settle(x.r.Context(), c, &outcomes[0], outcomes)
	x.h.metrics.commands.WithLabelValues(verb, s.code()).Inc()
	x.sequence = s.sequence
	if s.replayed {
		x.w.Header().Set("Rialto-Replayed", "true")
	}
	x.answer(&s)
}

// notSubmitted answers a command that has no outcome.
func (x *call) notSubmitted(verb string, c *command.Command, err error) {
	p := submitProblem(err)
	p.CommandID, p.Aggregate = c.ID, c.Aggregate
	x.h.metrics.commands.WithLabelValues(verb, p.Code).Inc()
	x.problem(p)
}

func (x *call) answer(s *settled) {
	if s.group == nil {
		x.problem(s.problem)
		return
	}
	buf := x.h.buffer()
	if respondAsync(x.r.Header) {
		x.w.Header().Set("Preference-Applied", "respond-async")
		x.w.Header().Set("Location", "/v1/commands/"+pathEscape(s.group.Context.CommandID))
		body := render.Pending(*buf, s.group)
		x.json(http.StatusAccepted, body)
		x.h.release(buf, body)
		return
	}
	body, status := render.Answer(*buf, s.group, s.at)
	media := "application/json"
	if status != http.StatusOK {
		media = "application/problem+json"
	}
	x.send(status, media, body)
	x.h.release(buf, body)
}

// body reads the request's body, or answers why not.
func (x *call) body() ([]byte, bool) {
	body, p := x.readBody()
	if p != nil {
		x.problem(*p)
	}
	return body, p == nil
}

// readBody returns the request's body, or why it can't be had.
func (x *call) readBody() ([]byte, *render.Problem) {
	if !isJSON(x.r.Header.Get("Content-Type")) || x.r.Header.Get("Content-Encoding") != "" {
		x.w.Header().Set("Accept-Post", "application/json")
		return nil, &render.Problem{
			Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
			Detail: "send application/json in UTF-8, not compressed",
		}
	}
	if x.r.ContentLength > decode.MaxBody {
		return nil, bodyTooLarge()
	}
	body, err := x.receive()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, bodyTooLarge()
	case err != nil:
		return nil, &render.Problem{Status: http.StatusBadRequest, Code: "malformed", Detail: "the body could not be read"}
	}
	return body, nil
}

// receive reads the body. ServeHTTP has set its deadline; meanwhile the
// connection waits for its client, and may have to make room for another.
func (x *call) receive() ([]byte, error) {
	c := connectionIn(x.r.Context())
	c.is(amid)
	body, err := readAll(http.MaxBytesReader(x.w, x.r.Body, decode.MaxBody), x.r.ContentLength)
	c.is(atWork)
	if err == nil {
		x.bodyRead = true
		_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	}
	return body, err
}

// bodyAtOnce is how much memory a body gets before it has arrived: what a
// client announces costs it nothing.
const bodyAtOnce = 64 << 10

func readAll(r io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(r)
	}
	if length > bodyAtOnce {
		var body bytes.Buffer
		body.Grow(bodyAtOnce)
		n, err := body.ReadFrom(r)
		if err == nil && n < length {
			err = io.ErrUnexpectedEOF
		}
		return body.Bytes(), err
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	return body, err
}

func bodyTooLarge() *render.Problem {
	return &render.Problem{
		Status: http.StatusRequestEntityTooLarge, Code: "too_large",
		Detail: "a body has at most " + strconv.Itoa(decode.MaxBody) + " bytes",
	}
}
