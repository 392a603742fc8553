// Package posttrade (no promise) is the desk for what comes after a trade: the
// trades of a client's accounts (TradeCaptureReportRequest), once or as they
// happen, and what the accounts hold (RequestForPositions).
//
// Whatever it reads, it reads beside the session, and hands over so many
// messages at a time: a client that reads slowly is answered slowly, and takes
// no memory meanwhile.
package posttrade

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
)

// The bounds of a desk.
const (
	// MaxRequests is how many requests of one session are under way, its
	// subscriptions among them.
	MaxRequests = 16
	// MaxSubscriptions is how many subscriptions a node follows the journal for.
	MaxSubscriptions = 256
	// Window is how many messages of one request wait for their numbers.
	Window = 64
)

// Desk serves all sessions of a node.
type Desk struct {
	reads  gateways.Reads
	blocks gateways.Blocks
	ctx    context.Context
	close  context.CancelFunc
	work   sync.WaitGroup

	mu            sync.Mutex
	closed        bool
	subscriptions int
}

var _ fix.Desk = (*Desk)(nil)

// New returns a desk that reads from a node.
func New(reads gateways.Reads, blocks gateways.Blocks) *Desk {
	d := &Desk{reads: reads, blocks: blocks}
	d.ctx, d.close = context.WithCancel(context.Background())
	return d
}

// Close ends all that is under way and waits for it.
func (d *Desk) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.close()
	d.work.Wait()
}

// run runs what serves a request, unless the desk is closed.
func (d *Desk) run(serve func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.work.Go(serve)
	}
}

// Open implements fix.Desk.
func (d *Desk) Open(c fix.Counter) fix.Clerk {
	ctx, leave := context.WithCancel(d.ctx)
	return &clerk{desk: d, counter: c, client: c.Client(), ctx: ctx, leave: leave, under: map[string]context.CancelFunc{}}
}

// subscribe takes one of the node's subscriptions, or says that there is none
// left.
func (d *Desk) subscribe() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.subscriptions == MaxSubscriptions {
		return false
	}
	d.subscriptions++
	return true
}

func (d *Desk) unsubscribe() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.subscriptions--
}

// clerk serves one session.
type clerk struct {
	desk    *Desk
	counter fix.Counter
	client  fix.Client
	ctx     context.Context
	leave   context.CancelFunc
	known   atomic.Pointer[known]

	mu sync.Mutex
	// under are the requests that are under way, by type and id.
	under map[string]context.CancelFunc
}

// Request implements fix.Clerk.
func (c *clerk) Request(r fix.Request) bool {
	if c.client.Kind == market.SessionMarketData {
		return false // it is of nobody's accounts
	}
	switch r.Message.Type() {
	case "AD":
		c.trades(r)
	case "AN":
		c.positions(r)
	default:
		return false
	}
	return true
}

// Close implements fix.Clerk.
func (c *clerk) Close() { c.leave() }

// begin runs what serves a request, beside the session, once all that the
// client sent before is decided. It returns why it can't.
func (c *clerk) begin(r fix.Request, id string, serve func(context.Context, market.Sequence)) (why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.under[id] != nil:
		return "a request with this id is under way"
	case len(c.under) == MaxRequests:
		return "too many requests are under way"
	}
	ctx, cancel := context.WithCancel(c.ctx)
	c.under[id] = cancel
	r.Applied(func(through market.Sequence) {
		c.desk.run(func() {
			defer c.ended(id, cancel)
			serve(ctx, through)
		})
	})
	return ""
}

func (c *clerk) ended(id string, cancel context.CancelFunc) {
	cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.under, id)
}

// end ends a request that is under way, and reports whether there was one.
func (c *clerk) end(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	cancel := c.under[id]
	if cancel != nil {
		cancel()
	}
	return cancel != nil
}

// accounts are those of the client's participant by its definition.
func (c *clerk) accounts() []string {
	now := c.desk.reads.Authority()
	if known := c.known.Load(); known != nil && known.authority == now {
		return known.accounts
	}
	known := &known{authority: now}
	for _, p := range now.Participants {
		if p.Participant == c.client.Participant {
			known.accounts = p.Accounts
		}
	}
	c.known.Store(known)
	return known.accounts
}

// known is what the client owns as long as the authority is this one.
type known struct {
	authority *gateways.Authority
	accounts  []string
}

// owns reports whether an account is the client's.
func (c *clerk) owns(account string) bool {
	return slices.Contains(c.accounts(), account) || c.desk.reads.OpenedFor(account) == c.client.Participant
}

// sender is who sends, for what a message may leave out.
func (c *clerk) sender() decode.Sender {
	if own := c.accounts(); len(own) == 1 {
		return decode.Sender{Account: own[0]}
	}
	return decode.Sender{}
}

// outlet hands messages over, as many at a time as its window allows.
type outlet struct {
	ctx     context.Context
	counter fix.Counter
	window  chan struct{}
}

func (c *clerk) outlet(ctx context.Context) *outlet {
	return &outlet{ctx, c.counter, make(chan struct{}, Window)}
}

// send waits for its turn in the window, and returns ctx's error if that ends
// first.
func (o *outlet) send(msgType string, write fix.Answer) error {
	select {
	case o.window <- struct{}{}:
	case <-o.ctx.Done():
		return o.ctx.Err()
	}
	o.counter.Send(msgType, func(dst []byte, e *encode.Encoder, s encode.Slot) []byte {
		<-o.window
		return write(dst, e, s)
	})
	return nil
}
