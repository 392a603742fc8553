package rest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// Defaults of how many refusals a caller has answered at once.
const (
	DefaultMaxRefusalsPerSecond = 50
	DefaultMaxRefusalsAtOnce    = 200
)

// Bounds of late refusals.
const (
	// latest is how late a refusal is at the most: well within the time that
	// clients wait for an answer, and a connection may wait for the venue anyway.
	latest = 5 * time.Second
	// maxLate is how many refusals of a node are late at once: one more is
	// answered at once, and ends its connection.
	maxLate = 8192
	// maxDebtors is how many participants, and how many addresses, are told
	// apart; those that come when so many are known count as one.
	maxDebtors = 16384
	// impatience is how short a wait for the venue is that counts as a refusal
	// when it was in vain: whoever waits longer can't ask often.
	impatience = time.Second
)

// lateness says how late the refusals of a caller are who has had too many. A
// refusal costs a node about what an answer costs, and a client that ignores
// it asks again at once: so the answer comes late, and however many connections
// a caller has, it has no more than the rate that is its own, or one refusal a
// connection in latest/2. The connection is kept, because another one would
// cost more than to wait on this one.
type lateness struct {
	participants, addresses debts
	waiting                 atomic.Int64 // refusals that are late now
	metrics                 *metrics
}

// limit sets how many refusals a second a caller has, and how many at once.
func (l *lateness) limit(perSecond, atOnce int, m *metrics) {
	every := time.Second / time.Duration(perSecond)
	for _, d := range []*debts{&l.participants, &l.addresses} {
		d.every, d.credit, d.settled = every, time.Duration(atOnce)*every, map[string]time.Time{}
	}
	l.metrics = m
}

// debts are the refusals that callers have had, as the time that these take at
// the rate that is the callers' own.
type debts struct {
	every  time.Duration // what one refusal adds
	credit time.Duration // what is answered at once

	mu sync.Mutex
	// settled is when a caller has no debts any more; those of whom it has
	// passed are forgotten when there is no room.
	settled map[string]time.Time
	swept   time.Time
}

// add counts a refusal of a caller and returns how late it is to be.
func (d *debts) add(who string) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if _, known := d.settled[who]; !known && !d.room(now) {
		who = ""
	}
	debt := max(0, d.settled[who].Sub(now)) + d.every
	if debt > d.credit+latest {
		debt -= latest / 2 // spread over the second half: they must not all be answered at once
	}
	d.settled[who] = now.Add(debt)
	return max(0, debt-d.credit)
}

// room reports whether one more caller can be told apart.
func (d *debts) room(now time.Time) bool {
	if len(d.settled) < maxDebtors {
		return true
	}
	if now.Sub(d.swept) < latest {
		return false // a look at all of them is not to be had by anybody at any time
	}
	d.swept = now
	for who, settled := range d.settled {
		if !settled.After(now) {
			delete(d.settled, who)
		}
	}
	return len(d.settled) < maxDebtors
}

// owed counts a refusal and returns how late it is to be: 0 unless it is the
// caller's own doing. A caller is a participant, with however many keys, over
// whatever address; one without a key that is in force is an address.
func (x *exchange) owed(p *render.Problem) time.Duration {
	if !x.blamed(p) || onReserved(x.r.Context()) || x.h.streams.draining() {
		return 0
	}
	c := x.caller
	if x.authority == nil { // the route asks nobody, or does not exist
		c, _ = x.h.callerOf(x.r)
	}
	switch {
	case c.role == market.RoleAdmin:
		return 0
	case c.participant != "":
		return x.h.lateness.participants.add(c.participant)
	}
	return x.h.lateness.addresses.add(from(x.r))
}

// blamed reports whether a refusal is the caller's doing: not what this node or
// the venue can't do now, and nothing that a probe was told.
func (x *exchange) blamed(p *render.Problem) bool {
	switch {
	case x.route == healthPath, x.route == readyPath, p.Venue:
		return false
	case p.Status == http.StatusGatewayTimeout:
		return x.h.now().Sub(x.started) < impatience
	}
	return p.Status < http.StatusInternalServerError
}

// linger lets an answer be late, as long as its client is there and the node
// does not drain. It holds nothing that others need: the caller's place at work
// is given back, and its connection makes room for any other. Of HTTP/2 a
// connection has other requests too, and stays.
func (x *exchange) linger(by time.Duration) {
	x.giveBack()
	l := &x.h.lateness
	l.metrics.late.Inc()
	if l.waiting.Add(1) > maxLate {
		l.waiting.Add(-1)
		x.w.Header().Set("Connection", "close")
		return
	}
	defer l.waiting.Add(-1)
	if c := connectionIn(x.r.Context()); x.r.ProtoMajor == 1 {
		c.is(punished)
		defer c.is(atWork)
	}
	due := time.NewTimer(by)
	defer due.Stop()
	select {
	case <-due.C:
	case <-x.h.streams.closed:
	case <-x.r.Context().Done():
	}
}

// chide lets the answer to a batch be late of which nothing could be submitted:
// it is a refusal, though its status is 200. It goes on counting as under way,
// which bounds what the bodies hold.
func (x *exchange) chide(refused refusals) {
	for i := range refused {
		if p := refused[i]; !x.blamed(&p) {
			return
		}
	}
	if p, any := refused[0]; any {
		if by := x.owed(&p); by > 0 {
			x.linger(by)
		}
	}
}

// belated is a refusal that is answered once its handler has given everything
// back that it held.
type belated struct {
	problem render.Problem
	by      time.Duration
}

func (x *exchange) answerBelated() {
	x.linger(x.belated.by)
	x.sendProblem(&x.belated.problem)
}
