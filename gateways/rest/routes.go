package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/gateways/rest/internal/openapi"
)

// access says who may call a route.
type access uint8

const (
	// open routes need no credentials and may be called by machinery that
	// has none: probes, scrapers, browsers.
	open access = iota
	// signedIn routes need a key of any role; the handler narrows it further.
	signedIn
	// admins routes are the administrators'.
	admins
)

// route is one method of one path. params are the query parameters that it
// knows; answer is a value of the type that documents what it answers.
type route struct {
	method, pattern string
	access          access
	params          []string
	handle          func(*call)
	summary         string
	answer          any
}

// dated reports whether an answer of the route means something only together
// with Rialto-History: a node that does not know its history refuses these. What
// operators and probes ask is answered all the same, without the header.
func (rt *route) dated() bool {
	return strings.HasPrefix(rt.pattern, "/v1/queries/") || strings.HasPrefix(rt.pattern, "/v1/streams/") ||
		strings.HasPrefix(rt.pattern, batchPath)
}

// routes lists the HTTP surface. Positions, statements, candles and the market
// streams come with their read models: until then their paths are unknown.
func (h *Handler) routes() []route {
	all := h.operationRoutes()
	all = append(all, h.commandRoutes()...)
	return append(all, h.queryRoutes()...)
}

// Paths whose requests have bodies.
const (
	batchPath    = "/v1/commands"
	verbPath     = "/v1/commands/{kind}/{verb}"
	transferPath = "/v1/admin/leader/transfer"
)

func (h *Handler) commandRoutes() []route {
	return []route{
		{"POST", batchPath, signedIn, nil, (*call).batch, "Several commands in order", []openapi.BatchItem{}},
		{"POST", verbPath, signedIn, nil, (*call).command, "", nil},
		{"GET", "/v1/commands/{id}", signedIn, nil, (*call).probe, "What became of a command", openapi.Settled{}},
		{"POST", "/v1/commands/{id}/fence", signedIn, nil, (*call).fence, "Settle a command id for good", openapi.Settled{}},
	}
}

// mount registers the routes, grouped by path so that a wrong method is told
// from an unknown path.
func (h *Handler) mount(registry *prometheus.Registry) {
	byPattern := map[string]map[string]route{}
	for _, r := range h.routes() {
		if byPattern[r.pattern] == nil {
			byPattern[r.pattern] = map[string]route{}
		}
		byPattern[r.pattern][r.method] = r
	}
	for pattern, methods := range byPattern {
		h.mux.HandleFunc(pattern, h.dispatch(pattern, methods))
	}
	h.mux.Handle("/metrics", h.metricsRoute(registry))
	h.mux.HandleFunc("/", h.dispatch("/", map[string]route{
		"": {pattern: "unknown", access: open, handle: (*call).unknownPath},
	}))
}

// dispatch returns the handler of one path. The method "" stands for any.
func (h *Handler) dispatch(pattern string, methods map[string]route) http.HandlerFunc {
	allow, asksNobody := allowed(methods), false
	for _, rt := range methods {
		asksNobody = asksNobody || rt.access == open && rt.pattern != "unknown"
	}
	return func(w http.ResponseWriter, r *http.Request) {
		x := h.begin(w, r, pattern)
		defer x.end()
		if x.open = asksNobody; x.open {
			h.shape(w, r, 1)
		}
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		rt, ok := methods[method]
		if !ok {
			rt, ok = methods[""]
		}
		if !ok {
			w.Header().Set("Allow", allow)
			x.refuse(http.StatusMethodNotAllowed, "method_not_allowed", r.Method+" is not allowed here: "+allow)
			return
		}
		if x.admit(rt) && x.placed(rt) {
			rt.handle(x)
		}
	}
}

func allowed(methods map[string]route) string {
	var names []string
	for m := range methods {
		names = append(names, m)
		if m == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (x *call) unknownPath() {
	x.refuse(http.StatusNotFound, "not_found", "there is nothing at "+x.r.URL.Path)
}
