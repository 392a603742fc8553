package marketdata

import (
	"context"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Config is what the desk needs of its node.
type Config struct {
	NodeID  string
	Reads   gateways.Reads
	Blocks  gateways.Blocks
	Logger  *slog.Logger          // nil: nobody is told
	Metrics prometheus.Registerer // nil: likewise
}

// Desk is the market data of a node. Run has to run for as long as it is asked.
type Desk struct {
	feed    *feed
	metrics *metrics
}

var _ fix.Desk = (*Desk)(nil)

// New returns the desk. It fails where its metrics are registered already.
func New(c Config) (*Desk, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(c.NodeID, c.Metrics)
	if err != nil {
		return nil, err
	}
	return &Desk{feed: newFeed(c), metrics: m}, nil
}

// Run follows the venue until ctx ends.
func (d *Desk) Run(ctx context.Context) { d.feed.run(ctx) }

// Open implements fix.Desk.
func (d *Desk) Open(c fix.Counter) fix.Clerk {
	client := c.Client()
	return &clerk{
		desk: d, counter: c, client: client, subscriptions: map[string]*subscription{}, open: map[*subscription]struct{}{},
		dialect: dialect{sp2: client.BeginString == encode.FIXT11, digits: client.Digits},
	}
}

// clerk serves one session. Lines are written by the goroutine that writes the
// session's messages, which alone uses the builder.
type clerk struct {
	desk    *Desk
	counter fix.Counter
	client  fix.Client
	dialect dialect
	builder wire.Builder

	mu            sync.Mutex
	subscriptions map[string]*subscription   // those that go on, by MDReqID
	open          map[*subscription]struct{} // and those for one snapshot
	lines         int                        // of all of them
	closed        bool
}

// Request implements fix.Clerk.
func (c *clerk) Request(r fix.Request) bool {
	if r.Message.Type() != "V" {
		return false
	}
	if q, ok := c.read(r.Message); ok {
		c.serve(q)
	}
	return true
}

// serve has a request answered by the feed, which knows the books.
func (c *clerk) serve(q query) {
	c.mu.Lock()
	refused := c.take(q)
	c.mu.Unlock()
	switch {
	case refused != nil:
		c.refuse(q.id, refused)
	case q.end:
		c.end(q.id)
	default:
		c.desk.feed.ask(ask{clerk: c, query: q})
	}
}

// take counts a request's instruments, under the lock; what it returns is why
// it cannot be had.
func (c *clerk) take(q query) *refusal {
	_, open := c.subscriptions[q.id]
	switch {
	case q.end && !open:
		return &refusal{text: "no such MDReqID is open"}
	case q.end:
		return nil
	case open:
		return &refusal{duplicateID, "the MDReqID is open"}
	case c.lines+len(q.symbols) > MaxLines:
		return &refusal{insufficientBandwidth, tooManyLines}
	}
	c.count(len(q.symbols))
	q.left = len(q.symbols)
	c.open[q.subscription] = struct{}{}
	if !q.once {
		c.subscriptions[q.id] = q.subscription
	}
	return nil
}

// start gives a subscription its lines; false: it has been ended meanwhile.
func (c *clerk) start(s *subscription, lines []*line) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || s.ended {
		return false
	}
	s.lines = lines
	return true
}

// end ends a subscription of which nothing more is to be sent.
func (c *clerk) end(id string) {
	c.mu.Lock()
	s := c.subscriptions[id]
	c.mu.Unlock()
	c.drop(s)
}

// finish ends one line of a request for a snapshot, which has been sent.
func (c *clerk) finish(l *line) {
	c.desk.feed.leave(l)
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.ended {
		return
	}
	c.count(-1)
	if l.left--; l.left == 0 {
		c.forget(l.subscription)
	}
}

// drop takes a subscription away.
func (c *clerk) drop(s *subscription) {
	c.mu.Lock()
	if s == nil || s.ended {
		c.mu.Unlock()
		return
	}
	c.count(-s.left)
	c.forget(s)
	lines := s.lines
	c.mu.Unlock()
	for _, l := range lines {
		c.desk.feed.leave(l)
	}
}

func (c *clerk) forget(s *subscription) {
	s.ended = true
	delete(c.open, s)
	if c.subscriptions[s.id] == s {
		delete(c.subscriptions, s.id)
	}
}

func (c *clerk) count(n int) {
	c.lines += n
	c.desk.metrics.lines.Add(float64(n))
}

// Close implements fix.Clerk.
func (c *clerk) Close() {
	c.mu.Lock()
	c.closed = true
	var open []*subscription
	for s := range c.open {
		open = append(open, s)
	}
	c.mu.Unlock()
	for _, s := range open {
		c.drop(s)
	}
}
