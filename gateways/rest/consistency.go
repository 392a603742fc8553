package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// Bounds of a query's timeout.
const (
	defaultTimeout = 2 * time.Second
	maxTimeout     = 30 * time.Second
)

// freshness is how fresh a query wants its answer.
type freshness struct {
	consistency  string // "", stale, session, linearizable
	min          market.Sequence
	minGiven     bool // by parameter; a header is only an echo
	minAggregate uint64
	asOf         string
	timeout      time.Duration
}

// exact reports whether the answer is right whatever this node has yet to
// learn: it is of a past that the client names, or waits for a marker in the
// log.
func (f *freshness) exact() bool { return f.asOf != "" || f.consistency == "linearizable" }

// freshnessParams are known to every query.
func freshnessParams() []string {
	return []string{"consistency", "min_sequence", "timeout", "as_of"}
}

// freshness reads the parameters and headers, or answers what is wrong.
func (x *call) freshness() (f freshness, ok bool) {
	f.timeout = defaultTimeout
	f.asOf = x.query.Get("as_of")
	f.consistency = x.query.Get("consistency")
	switch f.consistency {
	case "", "stale", "session", "linearizable":
	default:
		x.malformed("consistency", "must be one of stale, session, linearizable")
		return f, false
	}
	if v := x.query.Get("timeout"); v != "" {
		if f.timeout, ok = parseTimeout(v); !ok {
			x.malformed("timeout", "must be seconds or a duration such as 500ms, at most 30s")
			return f, false
		}
	}
	if v := x.query.Get("min_aggregate_sequence"); v != "" {
		if f.minAggregate, ok = parseSequence(v); !ok {
			x.malformed("min_aggregate_sequence", "must be a sequence")
			return f, false
		}
	}
	if !x.minSequence(&f) {
		return f, false
	}
	if f.asOf != "" && (f.minGiven || f.minAggregate > 0 || f.consistency != "") {
		x.malformed("as_of", "does not go with min_sequence, min_aggregate_sequence or consistency")
		return f, false
	}
	return f, x.sameHistory()
}

func (x *call) minSequence(f *freshness) bool {
	v, name := x.query.Get("min_sequence"), "min_sequence"
	f.minGiven = v != ""
	if v == "" && f.consistency != "stale" {
		v, name = x.r.Header.Get("Rialto-Sequence"), "Rialto-Sequence"
	}
	if v == "" {
		return true
	}
	n, ok := parseSequence(v)
	if !ok {
		x.malformed(name, "must be a sequence")
		return false
	}
	f.min = market.Sequence(n)
	return true
}

// sameHistory answers 409 if the client's token is of another past.
func (x *call) sameHistory() bool {
	given := x.r.Header.Get("Rialto-History")
	if given == "" || given == x.h.history() {
		return true
	}
	x.historyChanged()
	return false
}

func (x *call) historyChanged() {
	x.refuse(http.StatusConflict, "history_changed", "the token is of another history of the venue; this one is "+x.h.history())
}

// parseTimeout reads seconds ("2", "0.5") or a Go duration ("500ms").
func parseTimeout(s string) (time.Duration, bool) {
	if last := s[len(s)-1]; last >= '0' && last <= '9' {
		s += "s"
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 0 && d <= maxTimeout
}

// parseSequence reads digits.
func parseSequence(s string) (uint64, bool) {
	if s == "" || s[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil
}

// pin finds the point that the query is to be answered at, waiting as long as
// ctx lets it.
func (x *call) pin(ctx context.Context, f *freshness) (event.Pin, error) {
	if f.asOf != "" {
		return x.pinAsOf(ctx, f)
	}
	least := f.min
	if f.consistency == "linearizable" {
		sequence, err := x.linearizable(ctx)
		if err != nil {
			return event.Pin{}, err
		}
		least = max(least, sequence)
	}
	now := x.h.reads.Now()
	if now.Sequence >= least {
		return now, nil
	}
	if _, err := x.waitFor(ctx, least); err != nil {
		return event.Pin{}, err
	}
	return x.h.reads.Now(), nil
}

func (x *call) pinAsOf(ctx context.Context, f *freshness) (event.Pin, error) {
	if strings.Trim(f.asOf, "0123456789") == "" {
		sequence, ok := parseSequence(f.asOf)
		if !ok {
			return event.Pin{}, errAsOf
		}
		return x.waitFor(ctx, market.Sequence(sequence))
	}
	at, ok := decode.Instant(f.asOf)
	if !ok {
		return event.Pin{}, errAsOf
	}
	venue := max(x.h.reads.Now().At, market.Nanos(x.h.wall().UnixNano()))
	if at > venue+market.Nanos(f.timeout) {
		return event.Pin{}, gateways.ErrAsOfInFuture
	}
	sequence, err := x.sequenceAt(ctx, at)
	if err != nil {
		return event.Pin{}, err
	}
	return x.waitFor(ctx, sequence)
}

// errAsOf: as_of is neither digits nor an instant.
var errAsOf = errors.New("must be a sequence or an RFC 3339 time")

// readFailed answers an error of the Reads port. notFound is the code of "no
// such thing".
func (x *call) readFailed(err error, notFound string) {
	switch {
	case errors.Is(err, errWithdrawn):
		x.unauthenticated()
	case errors.Is(err, errAsOf):
		x.malformed("as_of", err.Error())
	case errors.Is(err, gateways.ErrNotFound):
		x.refuse(http.StatusNotFound, notFound, x.none(notFound))
	case errors.Is(err, gateways.ErrBeforeFloor):
		x.beforeFloor()
	case errors.Is(err, gateways.ErrAsOfInFuture):
		x.refuse(http.StatusBadRequest, "as_of_in_future", "as_of lies ahead of the venue's time by more than the timeout")
	case errors.Is(err, errShare), errors.Is(err, errWaits):
		x.refuse(http.StatusTooManyRequests, "throttled", err.Error())
	case errors.Is(err, errQueue), errors.Is(err, errTurn):
		x.problem(render.Problem{Status: http.StatusTooManyRequests, Code: "throttled", Detail: err.Error(), Venue: true})
	case errors.Is(err, errDrains):
		x.refuse(http.StatusServiceUnavailable, "degraded", err.Error()+": ask another")
	case errors.Is(err, gateways.ErrCutShort):
		x.refuse(http.StatusServiceUnavailable, "degraded", "the answer took longer than the timeout: ask for less, or give it more time")
	case errors.Is(err, gateways.ErrNotCaughtUp), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		x.refuse(http.StatusGatewayTimeout, "not_caught_up", "this node has not reached the point in time")
	case errors.Is(err, gateways.ErrNoLeader), errors.Is(err, gateways.ErrUnknownOutcome):
		x.refuse(http.StatusServiceUnavailable, "no_leader", "a linearizable read needs a leader")
	default:
		if !errors.Is(err, gateways.ErrUnavailable) {
			x.h.log.Error("read failed", "route", x.route, "correlation_id", x.correlation, "error", err)
		}
		x.refuse(http.StatusServiceUnavailable, "degraded", "this node can't read that now")
	}
}

// none says what there is not, by the code that says of which kind: no instrument
// DOGE-USD.
func (x *call) none(code string) string {
	kind, _ := strings.CutPrefix(code, "unknown_")
	id := x.r.PathValue("id")
	if code == unknownAsset && x.query.Has("asset") {
		id = x.query.Get("asset")
	}
	text := "no " + kind
	if market.ValidID(id) {
		text += " " + id
	}
	if at := x.query.Get("as_of"); at != "" {
		text += " at " + at
	}
	return text
}

// catchingUp answers what only a node that knows the present can answer.
func (x *call) catchingUp() {
	x.refuse(http.StatusServiceUnavailable, "degraded", "this node is catching up with the venue")
}

func (x *call) beforeFloor() {
	floor := x.h.reads.Floor()
	sequence := uint64(floor.Sequence)
	p := render.Problem{
		Status: http.StatusGone, Code: "before_retention_floor",
		Detail: "the past begins at floor_sequence", FloorSequence: &sequence,
	}
	if floor.At != 0 {
		p.FloorAt = string(render.AppendTime(nil, floor.At))
	}
	x.problem(p)
}
