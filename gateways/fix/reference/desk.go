// Package reference (no promise) answers what FIX clients ask about the venue
// itself: which instruments there are (35=x, 35=c), whether they trade (35=e)
// and whether the venue does (35=g), the last two with updates.
//
// A session's requests are answered one after the other, beside the session and
// as of all that it sent before. An update is a state: a client that reads
// slowly gets the newest, and one message waits for him for each subscription.
package reference

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The bounds of a session.
const (
	// MaxRequests is how many requests of a session wait for their answers.
	MaxRequests = 64
	// MaxSubscriptions is how many states it is told of.
	MaxSubscriptions = 1000
	// PageInstruments is how many instruments one SecurityList has, and Window
	// how many of those messages wait for their numbers.
	PageInstruments = 40
	Window          = 8
)

const (
	// patience is how long a request waits until the views have reached it.
	patience = 2 * time.Second
	// retryEvery is how often what could not be read is tried again.
	retryEvery = 100 * time.Millisecond
)

// Desk serves all sessions of a node. Run has to run for as long as it is asked.
type Desk struct {
	reads  gateways.Reads
	blocks gateways.Blocks
	log    *slog.Logger
	wake   chan struct{} // capacity 1: the watch has something to read

	mu    sync.Mutex
	ctx   context.Context // of Run
	work  sync.WaitGroup
	watch watch
}

var _ fix.Desk = (*Desk)(nil)

// New returns a desk that reads from a node, and says what goes wrong to log,
// nobody if that is nil.
func New(reads gateways.Reads, blocks gateways.Blocks, log *slog.Logger) *Desk {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Desk{reads: reads, blocks: blocks, log: log, wake: make(chan struct{}, 1), watch: newWatch()}
}

// Run follows the venue, and answers, until ctx ends; then it waits for what is
// under way.
func (d *Desk) Run(ctx context.Context) {
	d.mu.Lock()
	d.ctx = ctx
	d.mu.Unlock()
	var loops sync.WaitGroup
	loops.Go(func() { d.follow(ctx) })
	loops.Go(func() { d.refresh(ctx) })
	loops.Wait()
	d.mu.Lock()
	d.ctx = nil
	d.mu.Unlock()
	d.work.Wait()
}

// Open implements fix.Desk.
func (d *Desk) Open(c fix.Counter) fix.Clerk {
	return &clerk{desk: d, counter: c, client: c.Client(), subscriptions: map[subject]*subscription{}}
}

// clerk serves one session.
type clerk struct {
	desk    *Desk
	counter fix.Counter
	client  fix.Client
	// builder is of the goroutine that writes the session's messages.
	builder wire.Builder

	mu            sync.Mutex
	requests      []request
	busy          bool // somebody answers them
	closed        bool
	subscriptions map[subject]*subscription
}

// request is one that waits.
type request struct {
	number  uint64
	msgType string
	// through is what it has to see.
	through market.Sequence
	answer  answering
}

// Close implements fix.Clerk.
func (c *clerk) Close() {
	c.mu.Lock()
	c.closed, c.requests = true, nil
	var left []*subscription
	for _, s := range c.subscriptions {
		left = append(left, s)
	}
	clear(c.subscriptions)
	c.mu.Unlock()
	for _, s := range left {
		c.desk.leave(s)
	}
}

// Request implements fix.Clerk.
func (c *clerk) Request(r fix.Request) bool {
	answer, err := c.read(r.Message)
	switch {
	case err != nil:
		fix.Refuse(c.counter, r.Message, err)
		return true
	case answer == nil:
		return false
	}
	q := request{number: r.Message.SeqNum(), msgType: r.Message.Type(), answer: answer}
	r.Applied(func(through market.Sequence) {
		q.through = through
		c.add(q)
	})
	return true
}

// errBusy answers a request beyond the bound.
func errBusy() error {
	return &wire.BusinessError{Reason: wire.ApplicationNotAvailable, Text: "64 requests wait for their answers"}
}

// errUnavailable answers a request whose answer could not be read.
func errUnavailable() error {
	return &wire.BusinessError{Reason: wire.ApplicationNotAvailable, Text: "not available now"}
}

// add has a request answered in its turn.
func (c *clerk) add(q request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return
	case len(c.requests) == MaxRequests:
		fix.RefuseNumber(c.counter, q.number, q.msgType, errBusy())
		return
	}
	c.requests = append(c.requests, q)
	if !c.busy {
		c.busy = c.desk.run(c.serve)
	}
}

// run runs what serves a session; false: the desk is not open.
func (d *Desk) run(serve func(ctx context.Context)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil {
		return false
	}
	ctx := d.ctx
	d.work.Go(func() { serve(ctx) })
	return true
}

// serve answers what waits.
func (c *clerk) serve(ctx context.Context) {
	for {
		q, ok := c.next()
		if !ok {
			return
		}
		if err := q.answer(ctx, q); err != nil && ctx.Err() == nil {
			c.desk.log.Info("a FIX request is not answered", "comp_id", c.client.CompID, "type", q.msgType, "error", err)
			fix.RefuseNumber(c.counter, q.number, q.msgType, errUnavailable())
		}
	}
}

func (c *clerk) next() (request, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) == 0 {
		c.busy = false
		return request{}, false
	}
	q := c.requests[0]
	c.requests = c.requests[1:]
	return q, true
}
