package rest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	json "github.com/go-json-experiment/json"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/internal/openapi"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// operationTimeout bounds an operator's request.
const operationTimeout = 30 * time.Second

func (h *Handler) operationRoutes() []route {
	return []route{
		{"GET", healthPath, open, nil, (*call).health, "The process serves requests", openapi.Health{}},
		{"GET", readyPath, open, []string{"for"}, (*call).ready, "What this node takes is being committed; for=reads: its read models are fresh", openapi.Health{}},
		{"GET", "/openapi.json", open, nil, (*call).openapi, "This description", nil},
		{"GET", "/docs", open, nil, (*call).docs, "This description for people", nil},
		{"GET", "/{$}", open, nil, (*call).home, "Status page", nil},
		{"GET", "/v1/cluster", signedIn, nil, (*call).cluster, "The cluster as this node sees it", gateways.Twin{}},
		{"GET", "/v1/streams/events", signedIn, []string{"after", "type", "aggregate_id"}, (*call).eventStream, "Events as they happen (Server-Sent Events); Last-Event-ID resumes", nil},
		{"POST", transferPath, admins, nil, (*call).transferLeader, "Hand leadership over", openapi.Operated{}},
		{"POST", "/v1/admin/drain", admins, nil, (*call).drain, "Have this node hand leadership over and say that it is not ready", openapi.Operated{}},
		{"POST", "/v1/admin/snapshot", admins, nil, (*call).snapshot, "Take a snapshot of this node", openapi.Operated{}},
		{"GET", "/v1/admin/backup", admins, []string{"entries_after", "blocks_after", "snapshot_after"}, (*call).backup, "What a backup lacks of this node, as a stream of bytes (rialto backup reads it)", nil},
		{"GET", "/v1/admin/support/{what}", admins, nil, (*call).support, "One thing that a search for a cause needs of this node: log, settings, heap, processor, goroutines", nil},
		{"DELETE", "/v1/admin/nodes/{id}", admins, nil, (*call).removeNode, "Remove a node from the cluster", openapi.Operated{}},
		{"POST", "/v1/admin/read-models/{name}/rebuild", admins, nil, (*call).rebuild, "Drop a read model of this node and fold it anew", openapi.Operated{}},
	}
}

// health says that the process serves requests, and nothing more.
func (x *call) health() {
	x.value(http.StatusOK, map[string]string{"status": "ok", "node": x.h.node})
}

// ready speaks of commands, or with for=reads of reads. A venue that takes
// cancels only is ready and says that it is degraded; one that takes nothing
// is not.
func (x *call) ready() {
	reads := x.query.Get("for") == "reads"
	if !reads && x.query.Has("for") {
		x.malformed("for", "is reads or absent")
		return
	}
	var err error
	if reads {
		err = x.h.operations.ReadyForReads()
	} else {
		err = x.h.operations.Ready()
	}
	answer := map[string]string{"status": "ready", "node": x.h.node}
	switch intake := x.h.operations.Intake(); {
	case err != nil:
		answer["status"], answer["reason"] = "not_ready", err.Error()
		x.w.Header().Set("Retry-After", "1")
		x.value(http.StatusServiceUnavailable, answer)
		return
	case !reads && intake == gateways.IntakeCancels:
		answer["status"], answer["reason"] = "degraded", "room is short: cancels and administrators only"
	case !reads && intake == gateways.IntakeSlow:
		answer["reason"] = "room is short: new orders at a bounded rate"
	}
	x.value(http.StatusOK, answer)
}

func (x *call) cluster() { x.value(http.StatusOK, x.h.operations.Twin()) }

// value answers with the JSON of a Go value, for what is asked for rarely.
// Nil slices become [], not null.
func (x *call) value(status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		x.h.log.Error("answer could not be written", "route", x.route, "error", err)
		x.refuse(http.StatusInternalServerError, "internal", "this is a defect of the venue")
		return
	}
	x.json(status, body)
}

// transferLeader takes an optional {"to"}.
func (x *call) transferLeader() {
	var to string
	if x.r.ContentLength != 0 {
		body, ok := x.body()
		if !ok {
			return
		}
		var request openapi.TransferRequest
		if err := json.Unmarshal(body, &request, json.RejectUnknownMembers(true)); err != nil {
			x.malformed("", `the body is {"to": a node's id}, or empty`)
			return
		}
		if to = request.To; to != "" && !market.ValidID(to) {
			x.malformed("to", "is not an id")
			return
		}
	}
	x.operate("transferring", to, func(ctx context.Context) error { return x.h.operations.TransferLeader(ctx, to) })
}

func (x *call) drain() { x.operate("draining", "", x.h.operations.Drain) }

func (x *call) snapshot() { x.operate("snapshot_taken", "", x.h.operations.Snapshot) }

func (x *call) removeNode() {
	id := x.r.PathValue("id")
	x.operate("removed", id, func(ctx context.Context) error { return x.h.operations.RemoveNode(ctx, id) })
}

func (x *call) rebuild() {
	name := x.r.PathValue("name")
	x.operate("rebuilding", name, func(ctx context.Context) error { return x.h.operations.RebuildReadModel(ctx, name) })
}

// support answers with what was asked for, whole: the node has it in memory.
func (x *call) support() {
	ctx, cancel := context.WithTimeout(x.r.Context(), operationTimeout)
	defer cancel()
	what := x.r.PathValue("what")
	x.noteOperation(what)
	var body bytes.Buffer
	err := x.h.operations.Support(ctx, gateways.Support(what), &body)
	switch {
	case errors.Is(err, gateways.ErrNotFound):
		x.refuse(http.StatusNotFound, "not_found", saidOnce(err))
	case err != nil:
		x.refuse(http.StatusServiceUnavailable, "degraded", err.Error())
	default:
		x.w.Header().Set("Content-Type", "application/octet-stream")
		x.w.Header().Set("Cache-Control", "no-store")
		x.status = http.StatusOK
		x.w.WriteHeader(http.StatusOK)
		_, _ = x.w.Write(body.Bytes()) // who asked has gone
	}
}

// saidOnce is an error in words, without those that the code says already.
func saidOnce(err error) string {
	return strings.TrimPrefix(err.Error(), gateways.ErrNotFound.Error()+": ")
}

// noteOperation writes into the log who asks for an operation, before it is done.
func (x *call) noteOperation(subject string) {
	x.h.log.Info("operation", "route", x.route, "subject", subject,
		"actor", x.caller.Actor, "correlation_id", x.correlation)
}

// operate runs an operation and says what was done to what.
func (x *call) operate(status, subject string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(x.r.Context(), operationTimeout)
	defer cancel()
	x.noteOperation(subject)
	err := do(ctx)
	switch {
	case err == nil:
		answer := map[string]string{"status": status}
		if subject != "" {
			answer["subject"] = subject
		}
		x.value(http.StatusOK, answer)
	case errors.Is(err, gateways.ErrNotFound):
		x.refuse(http.StatusNotFound, "not_found", saidOnce(err))
	case errors.Is(err, gateways.ErrUnsafe):
		x.refuse(http.StatusConflict, "unsafe", err.Error())
	case errors.Is(err, gateways.ErrNoLeader):
		x.refuse(http.StatusServiceUnavailable, "no_leader", err.Error())
	case errors.Is(err, gateways.ErrDegraded):
		x.problem(render.Problem{Status: http.StatusServiceUnavailable, Code: "degraded", Detail: err.Error(), Outcome: "not_executed"})
	default:
		x.refuse(http.StatusServiceUnavailable, "degraded", err.Error())
	}
}
