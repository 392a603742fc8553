package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// call is one request and its response.
type call struct {
	h           *Handler
	w           http.ResponseWriter
	r           *http.Request
	route       string
	started     time.Time
	caller      gateways.Identity
	authority   *gateways.Authority // that the caller was taken from
	query       url.Values
	correlation string
	traceparent string
	status      int
	sequence    market.Sequence // of the answer, for header and log
	bodyRead    bool            // all of the request has been read
	turn        time.Time       // when the turn was taken that it has
	// permit says whether the caller may see what the read is about, and
	// answers if not; nil: whoever is known may. It is asked after every wait.
	permit func() error
	leave  func() // gives back the place of the caller's that is taken; nil: none
	open   bool   // the route asks nobody who he is, and what it answers is counted
	hasty  bool   // the caller gave the venue less time than impatience, and it was up
	// belated is the refusal that is yet to be sent; nil: none.
	belated *belated
}

// begin starts an call; end must follow.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, pattern string) *call {
	h.metrics.inFlight.Inc()
	x := &call{h: h, w: w, r: r, route: pattern, started: h.now()}
	x.correlation = correlationOf(r.Header)
	if x.correlation == "" {
		x.correlation = h.newID()
	}
	if t := r.Header.Get("Traceparent"); validTraceparent(t) {
		x.traceparent = t
	}
	head := w.Header()
	head.Set("Rialto-Node", h.node)
	head.Set("Rialto-Correlation", x.correlation)
	return x
}

// end answers a panic, observes and logs.
func (x *call) end() {
	if p := recover(); p != nil {
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		x.h.log.Error("request panicked", "route", x.route,
			"correlation_id", x.correlation, "panic", p, "stack", string(debug.Stack()))
		if x.status == 0 {
			x.refuse(http.StatusInternalServerError, "internal", "this is a defect of the venue")
		}
	}
	x.giveBack()
	if x.belated != nil {
		x.answerBelated()
	}
	h := x.h
	h.metrics.inFlight.Dec()
	took := h.now().Sub(x.started)
	h.metrics.observe(x.r.Method, x.route, x.status, took)
	if h.log.Enabled(context.Background(), slog.LevelDebug) {
		h.log.Debug("request", "method", x.r.Method, "path", x.r.URL.Path,
			"status", x.status, "sequence", uint64(x.sequence), "actor", x.caller.Actor,
			"correlation_id", x.correlation, "took", took)
	}
}

// giveBack gives back the place at work that the caller has taken, once.
func (x *call) giveBack() {
	if x.leave != nil {
		x.leave()
		x.leave = nil
	}
}

// admit checks credentials, role and query parameters, and answers if they do
// not do.
func (x *call) admit(rt route) bool {
	if rt.access != open {
		if !x.identified() {
			return false
		}
		if rt.dated() && x.h.reads.History() == 0 {
			x.problem(render.Problem{
				Status: http.StatusServiceUnavailable, Code: "degraded", Outcome: "not_executed",
				Detail: "this node does not know yet which history the venue is in",
			})
			return false
		}
		if rt.access == admins && x.caller.Role != market.RoleAdmin {
			x.forbidden("this is the administrators'")
			return false
		}
	}
	return rt.pattern == "unknown" || x.parseQuery(rt.params)
}

// identified finds out who is calling, or answers that it can't be said.
func (x *call) identified() bool {
	x.authority = x.h.reads.Authority()
	var v verdict
	switch x.caller, v = x.h.authenticate(x.r); v {
	case undecided:
		x.problem(render.Problem{
			Status: http.StatusServiceUnavailable, Code: "degraded", Outcome: "not_executed",
			Detail: "this node does not know yet who may act",
		})
	case stranger:
		x.unauthenticated()
	}
	return v == recognised
}

func (x *call) unauthenticated() {
	x.w.Header().Set("WWW-Authenticate", `Bearer realm="rialto"`)
	x.refuse(http.StatusUnauthorized, "unauthenticated", "credentials are missing or wrong: Authorization: Bearer <key id>.<secret>")
}

// parseQuery refuses parameters that the route does not know, are empty, or
// are given twice.
func (x *call) parseQuery(known []string) bool {
	if x.r.URL.RawQuery == "" {
		return true
	}
	q, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		x.malformed("", "the query is not well formed")
		return false
	}
	for name, values := range q {
		switch {
		case !contains(known, name):
			x.malformed(name, "unknown query parameter")
		case len(values) != 1:
			x.malformed(name, "given twice")
		case values[0] == "":
			x.malformed(name, "leave an absent value out")
		default:
			continue
		}
		return false
	}
	x.query = q
	return true
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// buffer returns a pooled buffer; give it back with release.
func (h *Handler) buffer() *[]byte { return h.buffers.Get().(*[]byte) }

// maxPooled is the largest buffer that is kept for the next request.
const maxPooled = 1 << 20

func (h *Handler) release(b *[]byte, used []byte) {
	if cap(used) <= maxPooled {
		*b = used[:0]
		h.buffers.Put(b)
	}
}

// send writes a whole response. A sequence of 0 stands for "as of now".
func (x *call) send(status int, contentType string, body []byte) {
	head := x.w.Header()
	if x.sequence == 0 {
		x.sequence = x.h.reads.Now().Sequence
	}
	x.h.stamp(head, x.sequence)
	head.Set("Content-Type", contentType)
	head.Set("Content-Length", strconv.Itoa(len(body)))
	head.Set("Cache-Control", "no-store")
	x.status = status
	closeAfter(x.w, x.r, x.bodyRead)
	patient(x.w, answerTimeout)
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // the client may be gone; there is nobody to tell
	readOut(x.w, x.r, x.bodyRead)
}

// stamp says at which sequence of which history the venue is in an answer.
func (h *Handler) stamp(head http.Header, sequence market.Sequence) {
	head.Set("Rialto-Sequence", strconv.FormatUint(uint64(sequence), 10))
	if h.reads.History() != 0 {
		head.Set("Rialto-History", h.history())
	}
}

// json answers with a JSON value.
func (x *call) json(status int, body []byte) { x.send(status, "application/json", body) }

// problem answers with a refusal: now, or at the end of the call if its
// caller has had too many.
func (x *call) problem(p render.Problem) {
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		x.w.Header().Set("Retry-After", "1")
	}
	if who, by := x.owed(&p); by > 0 {
		x.status, x.belated = p.Status, &belated{p, who, by}
		return
	}
	x.sendProblem(&p)
}

func (x *call) sendProblem(p *render.Problem) {
	x.send(p.Status, "application/problem+json", p.Append(nil))
}

func (x *call) refuse(status int, code, detail string) {
	x.problem(render.Problem{Status: status, Code: code, Detail: detail})
}

func (x *call) forbidden(detail string) { x.refuse(http.StatusForbidden, "forbidden", detail) }

// malformed answers 400 and names the field.
func (x *call) malformed(field, reason string) {
	detail := reason
	if field != "" {
		detail = field + ": " + reason
	}
	x.problem(render.Problem{Status: http.StatusBadRequest, Code: "malformed", Detail: detail, Field: field})
}

func (h *Handler) history() string {
	return string(render.AppendHistory(make([]byte, 0, 16), h.reads.History()))
}
