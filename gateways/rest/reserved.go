package rest

import (
	"net/http"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// Paths that are answered on any connection.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// placed refuses what a reserved connection is not for: all but health,
// metrics and administrators' requests of one answer. Each answer ends such a
// connection, so that its place is free for the next.
func (x *call) placed(rt route) bool {
	if !onReserved(x.r.Context()) {
		return rt.access == open || x.hold()
	}
	switch {
	case rt.pattern == healthPath, rt.pattern == readyPath:
		return true
	case x.caller.Role == market.RoleAdmin && !strings.HasPrefix(rt.pattern, "/v1/streams/"):
		return true
	}
	x.h.metrics.refused.WithLabelValues("reserved").Inc()
	p := render.Problem{Status: http.StatusServiceUnavailable, Code: "degraded", Detail: "this node has as many connections as it serves"}
	if connectionIn(x.r.Context()).crowded {
		p.Status, p.Code, p.Detail = http.StatusTooManyRequests, "throttled", "your address has as many connections as one may have"
	}
	if x.r.Method == http.MethodPost {
		p.Outcome = "not_executed"
	}
	x.problem(p)
	return false
}

// hold takes one of the places of a node that the participant may have at work,
// until the call ends, or answers that it has them all. That answer ends
// the connection: what is refused must not hold a place either.
func (x *call) hold() bool {
	c := connectionIn(x.r.Context())
	if c == nil {
		return true
	}
	places, who := c.door.participants, x.who()
	if x.caller.Role == market.RoleAdmin {
		who = "administrator: " + who
	}
	if places.enter(who) {
		x.leave = func() { places.leave(who) }
		return true
	}
	x.h.metrics.refused.WithLabelValues("participant").Inc()
	x.w.Header().Set("Connection", "close")
	p := render.Problem{Status: http.StatusTooManyRequests, Code: "throttled", Detail: "the participant has as many requests at work as one may have"}
	if x.r.Method == http.MethodPost {
		p.Outcome = "not_executed"
	}
	x.problem(p)
	return false
}
