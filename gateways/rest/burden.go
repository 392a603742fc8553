package rest

import (
	"net/http"
	"sync"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// Defaults of what a participant has under way at a node: of requests with
// bodies, from before the body is read until it is answered.
const (
	DefaultMaxRequestsPerParticipant = 1024
	DefaultMaxCommandsPerParticipant = 8192
	DefaultMaxBytesPerParticipant    = 8 << 20
)

// burden is what requests with bodies cost a node while they are under way.
type burden struct{ requests, commands, bytes int }

func (b burden) plus(o burden) burden {
	return burden{b.requests + o.requests, b.commands + o.commands, b.bytes + o.bytes}
}

func (b burden) minus(o burden) burden {
	return burden{b.requests - o.requests, b.commands - o.commands, b.bytes - o.bytes}
}

// burdens bounds what each participant has under way.
type burdens struct {
	most burden

	mu   sync.Mutex
	held map[string]burden // only of those who have something
}

func newBurdens(most burden) *burdens { return &burdens{most: most, held: map[string]burden{}} }

// take adds to what a caller has, and reports whether that is within the
// bounds; drop must follow then.
func (b *burdens) take(who string, more burden) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := b.held[who].plus(more)
	if sum.requests > b.most.requests || sum.commands > b.most.commands || sum.bytes > b.most.bytes {
		return false
	}
	b.held[who] = sum
	return true
}

func (b *burdens) drop(who string, less burden) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if less == (burden{}) {
		return
	}
	if b.held[who] = b.held[who].minus(less); b.held[who] == (burden{}) {
		delete(b.held, who)
	}
}

// typicalCommand is how many bytes a command has in a batch as a rule: so many
// are taken to be in it until it is decoded.
const typicalCommand = 160

// announced is what a request will cost, by its head alone.
func announced(r *http.Request, batch bool) burden {
	b := burden{requests: 1, commands: 1, bytes: decode.MaxBody}
	if r.ContentLength >= 0 && r.ContentLength < decode.MaxBody {
		b.bytes = int(r.ContentLength)
	}
	if batch {
		b.commands = min(decode.MaxBatch, b.bytes/typicalCommand+1)
	}
	return b
}

// urgent reports whether a verb is one that must always get in: what takes
// orders off the book, the kill switch, and whatever an administrator sends.
func urgent(c *gateways.Identity, verb *decode.Verb) bool {
	switch verb.Name {
	case "orders/cancel", "orders/cancel-all", "accounts/suspend":
		return true
	}
	return c.Role == market.RoleAdmin
}

// burdened takes what a request with a body costs from what its participant may
// have under way, or answers that this is too much. It goes by the head of the
// request, before any of the body is read. What is urgent is counted by itself,
// so that a participant's batches don't keep its own cancels out.
func (x *call) burdened(batch, urgent bool) (held *underWay, ok bool) {
	who := x.who()
	if urgent {
		who = "urgent: " + who
	}
	cost := announced(x.r, batch)
	if x.h.burdens.take(who, cost) {
		return &underWay{of: x.h.burdens, who: who, cost: cost}, true
	}
	x.overburdened()
	return nil, false
}

// underWay is what one request has taken.
type underWay struct {
	of   *burdens
	who  string
	cost burden
}

// correct makes what was taken what a batch has, once that is known, and reports
// whether that is within the bounds.
func (u *underWay) correct(bytes, commands int) bool {
	actual := burden{requests: 1, commands: commands, bytes: bytes}
	u.of.drop(u.who, u.cost)
	u.cost = burden{}
	if !u.of.take(u.who, actual) {
		return false
	}
	u.cost = actual
	return true
}

func (u *underWay) release() { u.of.drop(u.who, u.cost) }

// overburdened answers that the caller is to come again; nothing was executed.
func (x *call) overburdened() {
	x.h.metrics.refused.WithLabelValues("burden").Inc()
	x.problem(render.Problem{
		Status: http.StatusTooManyRequests, Code: "throttled", Outcome: "not_executed",
		Detail: "the participant has as many requests, commands or bytes under way as one may have",
	})
}
