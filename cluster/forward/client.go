// Package forward (no promise) lets every node take commands: a Client carries
// them to whichever node leads, over one ordered connection, and a Server on
// that node hands them to its sequencer.
//
// The Client keeps what is unanswered. When the leader changes, a connection
// breaks or a leader refuses, it sends all of that again, in the order in
// which it came and before anything newer, until each call's budget is over.
// The machine executes a command once, however often it arrives.
package forward

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/internal/batch"
)

// Defaults of Config.
const (
	DefaultBudget      = 5 * time.Second
	DefaultMaxFrames   = 8
	DefaultMaxCommands = 64 << 10
	DefaultMaxBytes    = 32 << 20
	DefaultDialTimeout = time.Second
)

// The pause before the same leader is tried again.
const (
	minBackoff = time.Millisecond
	maxBackoff = 50 * time.Millisecond
)

// Leadership tells who leads. Its methods may be called from any goroutine.
type Leadership interface {
	// Leader returns the leader as far as this node knows, and whether it
	// knows of one. It may be this node itself.
	Leader() (cluster.Member, bool)
	// Changed returns a channel that is closed when Leader's answer may have
	// changed since this call. On the leader itself it fires once the local
	// sequencer knows too, or again then.
	Changed() <-chan struct{}
}

// Sequencer orders commands on the leader. Enqueue calls done once, from any
// goroutine, and only when it returns nil; see the sequencer's own contract.
type Sequencer interface {
	Reign() (cluster.Reign, bool)
	Enqueue(reign cluster.Reign, commands [][]byte, done func([]cluster.Outcome, error)) error
	Room() <-chan struct{}
}

// Config of a Client. The first four fields are required.
type Config struct {
	Node       cluster.NodeID
	Leadership Leadership
	Sequencer  Sequencer // of this node, for when it leads
	// Dial opens a connection to the forward server of the node at a peer
	// address.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Clock is what budgets are measured with; nil means the system's.
	Clock cluster.Clock
	// Budget is how long one submission is sent again; 0 means DefaultBudget.
	Budget time.Duration
	// DialTimeout bounds one attempt to reach a leader; 0 means
	// DefaultDialTimeout.
	DialTimeout time.Duration
	// MaxFrames bounds the frames that are sent and unanswered, 1 to
	// MaxServerFrames; 0 means DefaultMaxFrames.
	MaxFrames int
	// MaxCommands and MaxBytes bound what is unanswered; past either a call
	// gets ErrOverloaded. 0 means the default.
	MaxCommands int
	MaxBytes    int
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = cluster.SystemClock{}
	}
	c.Budget = orDefault(c.Budget, DefaultBudget)
	c.DialTimeout = orDefault(c.DialTimeout, DefaultDialTimeout)
	c.MaxFrames = min(max(orDefault(c.MaxFrames, DefaultMaxFrames), 1), MaxServerFrames)
	c.MaxCommands = orDefault(c.MaxCommands, DefaultMaxCommands)
	c.MaxBytes = orDefault(c.MaxBytes, DefaultMaxBytes)
	return c
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Client implements cluster.Submitter on every node. Its methods may be
// called from any goroutine.
type Client struct {
	cfg     Config
	cancel  context.CancelFunc
	workers sync.WaitGroup
	wake    chan struct{} // capacity 1: there may be something to send
	stalled chan struct{} // capacity 1: the leader let a budget run out

	mu     sync.Mutex // guards all below
	window window
	cause  error // why the last link ended or could not be opened
	stats  Stats
	closed bool
}

// Stats is for metrics.
type Stats struct {
	Commands int    // unanswered now
	Bytes    int    // of those
	Frames   int    // on the link now
	Links    uint64 // opened since Open
}

var _ cluster.Submitter = (*Client)(nil)

// Open starts a client. It connects to the leader ahead of the first command.
func Open(cfg Config) *Client {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{
		cfg:     cfg.withDefaults(),
		cancel:  cancel,
		wake:    make(chan struct{}, 1),
		stalled: make(chan struct{}, 1),
	}
	c.workers.Go(func() { c.follow(ctx) })
	c.workers.Go(func() { c.expire(ctx) })
	return c
}

// Close answers everything that is unanswered, with ErrClosed where surely
// nothing was executed and else with ErrUnknownOutcome, and stops.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.workers.Wait()
	c.mu.Lock()
	done := c.window.drain(cluster.ErrClosed)
	c.mu.Unlock()
	done.call()
}

// Stats returns counts for metrics.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.stats
	out.Commands, out.Bytes, out.Frames = c.window.commands, c.window.bytes, c.window.inFlight()
	return out
}

// Submit implements cluster.Submitter. It returns ErrNoLeader when the budget
// is over and surely none of what has no outcome was executed, else
// ErrUnknownOutcome. The
// commands' bytes must never change afterwards when it returns an error, for
// a copy of them may still be on its way.
func (c *Client) Submit(ctx context.Context, commands [][]byte) ([]cluster.Outcome, error) {
	answers := make(chan answer, 1)
	sub, err := c.enqueue(commands, func(outcomes []cluster.Outcome, err error) {
		answers <- answer{outcomes, err}
	})
	if err != nil {
		return nil, err
	}
	select {
	case a := <-answers:
		return a.outcomes, a.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	err, was := c.window.abandon(sub, cluster.ErrNoLeader, ctx.Err())
	known := sub.outcomes
	c.mu.Unlock()
	if was {
		return known, err
	}
	a := <-answers // it was decided in the same moment
	return a.outcomes, a.err
}

type answer struct {
	outcomes []cluster.Outcome
	err      error
}

// Enqueue is Submit without waiting: calls made one after the other are
// executed in that order. done is called once, from a goroutine of the
// client, with an error and the outcomes that are known all the same, and must
// not block. When Enqueue itself returns an error,
// ErrOverloaded, ErrTooLarge or ErrClosed, nothing was taken and done is
// never called.
func (c *Client) Enqueue(commands [][]byte, done func([]cluster.Outcome, error)) error {
	_, err := c.enqueue(commands, done)
	return err
}

func (c *Client) enqueue(commands [][]byte, done func([]cluster.Outcome, error)) (*submission, error) {
	bytes, err := batch.Measure(commands)
	if err != nil {
		return nil, err
	}
	sub := &submission{commands: commands, bytes: bytes, done: done}
	if len(commands) == 0 {
		sub.over = true
		done(nil, nil)
		return sub, nil
	}
	sub.deadline = c.cfg.Clock.Now().Add(c.cfg.Budget)
	c.mu.Lock()
	err = c.admit(sub)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	signal(c.wake)
	return sub, nil
}

// admit decides under the lock.
func (c *Client) admit(sub *submission) error {
	switch {
	case c.closed:
		return cluster.ErrClosed
	case c.window.commands+len(sub.commands) > c.cfg.MaxCommands,
		c.window.bytes+sub.bytes > c.cfg.MaxBytes:
		return cluster.ErrOverloaded
	}
	c.window.add(sub)
	return nil
}

// expire ends submissions whose budget is over. All budgets are equal, so
// that nothing can become due earlier than what is the oldest now, or than a
// budget from now when nothing waits.
func (c *Client) expire(ctx context.Context) {
	for ctx.Err() == nil {
		now := c.cfg.Clock.Now()
		c.mu.Lock()
		done, stalled := c.window.expire(now, c.cause)
		next, some := c.window.nextDeadline()
		c.mu.Unlock()
		done.call()
		if stalled {
			signal(c.stalled)
		}
		if !some {
			next = now.Add(c.cfg.Budget)
		}
		c.sleep(ctx, next.Sub(now), nil)
	}
}

// sleep waits for d, for woken or for the end of ctx, whichever is first.
func (c *Client) sleep(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	fired, stop := c.cfg.Clock.NewTimer(d)
	defer stop()
	select {
	case <-fired:
	case <-woken:
	case <-ctx.Done():
	}
}

// answered books the outcomes of a frame; an error says that the link does
// not keep to the protocol.
func (c *Client) answered(link, id uint64, outcomes []cluster.Outcome) error {
	c.mu.Lock()
	done, err := c.window.answer(link, id, outcomes)
	c.mu.Unlock()
	signal(c.wake) // a place on the link is free
	done.call()
	return err
}

// failed books that a frame was refused for good.
func (c *Client) failed(link, id uint64, reason error) error {
	c.mu.Lock()
	done, err := c.window.fail(link, id, reason)
	c.mu.Unlock()
	signal(c.wake)
	done.call()
	return err
}

// final reports whether an error of the sequencer says that it will never
// take these commands, so that sending them again is no use.
func final(err error) bool {
	for _, passing := range []error{
		cluster.ErrNotLeader, cluster.ErrUnknownOutcome, cluster.ErrClosed, cluster.ErrOverloaded,
	} {
		if errors.Is(err, passing) {
			return false
		}
	}
	return true
}

// signal leaves a token in a channel of capacity 1; one says it all.
func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
