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
	// maxLateStreams is how many answers of a node are late at once beyond one a
	// connection: one more is answered at once, and ends its connection. The
	// first of each connection is bounded by the connections, all of which may
	// have one: else whoever has many would be late no more.
	maxLateStreams = 8192
	// lateShare is how many answers of one HTTP/2 connection are late at once
	// for as long as their callers are owed: a proxy has others' requests on it.
	lateShare = maxConcurrent / 4
	// surplusPerSecond is how many refusals a second a caller has, and has at
	// once, on connections that have their share of late ones.
	surplusPerSecond = 1000
	// maxDebtors is how many participants, and how many addresses, are told
	// apart; those that come when so many are known count as one.
	maxDebtors = 16384
	// answersPerSecond and answersAtOnce are how many answers an address has at
	// once from the routes that ask nobody who he is; further ones are late.
	// Probes and scrapers have a few a second.
	answersPerSecond = 200
	answersAtOnce    = 500
	// scrapeWeight is how many of these one scrape of the metrics counts as,
	// because it costs as much.
	scrapeWeight = 10
	// unseenPerSecond is how many questions after command ids that nobody has
	// seen a participant has in the long run, and as many at once as it may have
	// commands under way: after a failover it may have to ask for all of them.
	unseenPerSecond = 1000
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
	surplus                 debts        // of refusals past the share of a connection
	answers                 debts        // of open routes, by address
	unseen                  debts        // of participants: questions after ids that nobody has seen
	waiting                 atomic.Int64 // answers that are late now
	streams                 atomic.Int64 // those of them beyond the first of a connection
	metrics                 *metrics
}

// limit sets how many refusals a second a caller has, how many at once, and how
// many ids it may have to ask for at once.
func (l *lateness) limit(perSecond, atOnce, ids int, m *metrics) {
	l.participants.open(perSecond, atOnce)
	l.addresses.open(perSecond, atOnce)
	l.surplus.open(surplusPerSecond, surplusPerSecond)
	l.answers.open(answersPerSecond, answersAtOnce)
	l.unseen.open(unseenPerSecond, ids)
	l.metrics = m
}

// debts are the answers that callers have had, as the time that these take at
// the rate that is the callers' own.
type debts struct {
	every  time.Duration // what one answer adds
	credit time.Duration // what is answered at once

	mu sync.Mutex
	// settled is when a caller has no debts any more; those of whom it has
	// passed are forgotten when there is no room.
	settled map[string]time.Time
	swept   time.Time
}

func (d *debts) open(perSecond, atOnce int) {
	d.every = time.Second / time.Duration(perSecond)
	d.credit, d.settled = time.Duration(atOnce)*d.every, map[string]time.Time{}
}

// add counts an answer of a caller and returns how late it is to be.
func (d *debts) add(who string) time.Duration { return d.addMany(who, 1) }

// addMany is add for one that counts as several.
func (d *debts) addMany(who string, answers int) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if _, known := d.settled[who]; !known && !d.room(now) {
		who = ""
	}
	debt := max(0, d.settled[who].Sub(now)) + time.Duration(answers)*d.every
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

// owed counts a refusal and returns whose it is, and how late it is to be: 0
// unless it is the caller's own doing. A caller is a participant, with however
// many keys, over whatever address; one without a key that is in force is an
// address.
func (x *call) owed(p *render.Problem) (who string, by time.Duration) {
	if !x.blamed(p) || x.h.prompt(x.r) {
		return "", 0
	}
	c := x.caller
	if x.authority == nil { // the route asks nobody, or does not exist
		c, _ = x.h.callerOf(x.r)
	}
	switch {
	case c.Role == market.RoleAdmin:
		return "", 0
	case c.Participant != "":
		who = "participant " + c.Participant
		if p.Code == unknownCommand {
			return who, x.h.lateness.unseen.add(who)
		}
		return who, x.h.lateness.participants.add(who)
	}
	who = from(x.r)
	return who, x.h.lateness.addresses.add(who)
}

// unknownCommand is the code of a command id that nobody has seen. To ask for it
// is the way to settle a command, so that the answer counts by itself.
const unknownCommand = "unknown_command"

// shape lets what a route that asks nobody who he is has to answer be late, for
// an address that has too much of it.
func (h *Handler) shape(w http.ResponseWriter, r *http.Request, weight int) {
	if h.prompt(r) {
		return
	}
	who := from(r)
	if by := h.lateness.answers.addMany(who, weight); by > 0 {
		h.linger(w, r, who, by)
	}
}

// prompt reports whether nothing that a request is answered is late: it came
// over a reserved connection, or the node drains.
func (h *Handler) prompt(r *http.Request) bool {
	return onReserved(r.Context()) || h.streams.draining()
}

// blamed reports whether a refusal is the caller's doing: not what this node or
// the venue can't do now, and nothing that a probe was told.
func (x *call) blamed(p *render.Problem) bool {
	switch {
	case x.hasty:
		return true
	case x.open, p.Venue:
		return false // what an open route answers is counted, whatever it is
	case p.Status == http.StatusGatewayTimeout:
		return x.h.now().Sub(x.started) < impatience
	}
	return p.Status < http.StatusInternalServerError
}

// linger lets an answer be late, as long as its client is there and the node
// does not drain. Its connection makes room for any other. Of HTTP/2 a
// connection has other requests too, and stays: beyond its share of late answers
// one is only as late as keeps its caller to surplusPerSecond.
func (h *Handler) linger(w http.ResponseWriter, r *http.Request, who string, by time.Duration) {
	l, c := &h.lateness, connectionIn(r.Context())
	l.metrics.late.Inc()
	nth := c.late(1)
	defer c.late(-1)
	if nth > lateShare {
		by = min(by, l.surplus.add(who))
	}
	if nth > 1 {
		defer l.streams.Add(-1)
		if l.streams.Add(1) > maxLateStreams {
			w.Header().Set("Connection", "close")
			return
		}
	}
	l.waiting.Add(1)
	defer l.waiting.Add(-1)
	if r.ProtoMajor == 1 {
		c.is(punished)
		defer c.is(atWork)
	}
	due := time.NewTimer(by)
	defer due.Stop()
	select {
	case <-due.C:
	case <-h.streams.closed:
	case <-r.Context().Done():
	}
}

// late counts the late answers of a connection and returns how many there are.
// A request that came without one has none that is its own.
func (c *connection) late(change int32) (now int32) {
	if c == nil {
		return 2
	}
	return c.lateOnes.Add(change)
}

// chide lets the answer to a batch be late of which nothing could be submitted:
// it is a refusal, though its status is 200. It goes on counting as under way,
// which bounds what the bodies hold.
func (x *call) chide(refused refusals) {
	for i := range refused {
		if p := refused[i]; !x.blamed(&p) {
			return
		}
	}
	if p, any := refused[0]; any {
		if who, by := x.owed(&p); by > 0 {
			x.giveBack()
			x.h.linger(x.w, x.r, who, by)
		}
	}
}

// belated is a refusal that is answered once its handler has given everything
// back that it held.
type belated struct {
	problem render.Problem
	who     string
	by      time.Duration
}

func (x *call) answerBelated() {
	x.h.linger(x.w, x.r, x.belated.who, x.belated.by)
	x.sendProblem(&x.belated.problem)
}
