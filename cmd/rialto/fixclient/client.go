package fixclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// ErrBusy means that too much waits to be written.
var ErrBusy = errors.New("the venue takes nothing: too much waits to be written")

// RefusedError is a logon that was answered with a Logout, or with nothing but
// the end of the connection (an empty text).
type RefusedError struct{ Address, Text string }

func (e *RefusedError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("%s refuses the logon and does not say why: a wrong CompID or password, a session that is logged on elsewhere, "+
			"numbers that are too low, or a node that takes nobody now; its log says which", e.Address)
	}
	return fmt.Sprintf("%s refuses the logon: %s", e.Address, e.Text)
}

// BrokenError is a venue that broke the protocol: a number too low without
// PossDupFlag, a message that is none.
type BrokenError struct{ What string }

func (e *BrokenError) Error() string { return "the venue breaks the protocol: " + e.What }

// Stats are counts over the client's life.
type Stats struct {
	Logons   int64 // answered
	Refused  int64 // logons answered with a Logout or with nothing
	Asked    int64 // ResendRequests sent
	Answered int64 // ResendRequests answered
	Resent   int64 // messages sent again
	PossDups int64 // messages that came again and had come before
	Received int64 // messages handed on
}

// Client is one session. Send may be called from any goroutine, Run from one.
type Client struct {
	o Options

	mu      sync.Mutex
	numbers Numbers
	sent    history
	stats   Stats
	build   wire.Builder
	scratch []byte // the message that was built last
	life    *life  // the connection, nil without
	reset   bool   // the next logon begins anew
	leaving bool   // Logout was called
}

// New returns a client that is not yet connected.
func New(o Options) (*Client, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	n, err := o.Numbers.Load()
	if err != nil {
		return nil, err
	}
	return &Client{o: o, numbers: n, reset: o.Reset, sent: history{most: o.Kept}}, nil
}

// Numbers returns the next numbers.
func (c *Client) Numbers() Numbers {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.numbers
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Up reports whether the session is logged on now.
func (c *Client) Up() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life != nil && c.life.on
}

// Send gives an application message its number and sends it; without a
// connection it is kept, and the venue asks for it after the next logon. body
// writes the fields after the header, and must not call the client.
func (c *Client) Send(kind string, body func(*Builder)) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life != nil && len(c.life.pending) > maxPending {
		return 0, ErrBusy
	}
	number, now := c.numbers.Out, market.Nanos(time.Now().UnixNano())
	c.numbers.Out++
	c.begin(kind, number, now)
	body(&c.build)
	c.scratch = c.build.Finish(c.scratch[:0])
	c.sent.add(kept{number, kind, c.bodyOf(c.scratch), now})
	if c.life != nil && c.life.on {
		c.write(c.scratch)
	}
	return number, nil
}

// Run keeps the session alive until ctx ends or Logout was answered (nil), the
// venue breaks the protocol, or, without Persist, the logon is refused: with a
// text at one address or without at all of them.
func (c *Client) Run(ctx context.Context) error {
	defer func() { _ = c.o.Numbers.Save(c.Numbers()) }() // what is lost is asked for at the next logon
	for at, silent := 0, 0; ; at++ {
		err := c.connect(ctx, c.o.Addresses[at%len(c.o.Addresses)])
		var refused *RefusedError
		var broken *BrokenError
		switch {
		case ctx.Err() != nil, errors.Is(err, errLeft):
			return nil
		case errors.As(err, &broken):
			return err
		case !errors.As(err, &refused):
			silent = 0
		case refused.Text == "":
			silent++
		}
		if refused != nil && !c.o.Persist && (refused.Text != "" || silent == len(c.o.Addresses)) {
			return err
		}
		if !pause(ctx, c.o.Pause) {
			return nil
		}
	}
}

// Logout ends the session: Run returns once the venue has answered, or the
// connection is gone.
func (c *Client) Logout(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving = true
	if c.life != nil && c.life.on {
		c.admin("5", func(b *wire.Builder) { b.Text(wire.Text, text) })
	}
}

// begin starts a message with its header. c.mu is held, as in all below.
func (c *Client) begin(kind string, number uint64, now market.Nanos) {
	c.build.Begin(c.o.Protocol, kind, c.o.Sender, c.o.Target, number, now, c.o.Digits)
}

// admin sends a message of the session layer under the next number.
func (c *Client) admin(kind string, body func(*wire.Builder)) {
	c.begin(kind, c.numbers.Out, market.Nanos(time.Now().UnixNano()))
	c.numbers.Out++
	body(&c.build)
	c.finish()
}

// finish ends the message and sends it.
func (c *Client) finish() {
	c.scratch = c.build.Finish(c.scratch[:0])
	c.write(c.scratch)
}

// bodyOf returns what a message of this client has behind its header, which
// ends with the TargetCompID, and before its checksum.
func (c *Client) bodyOf(raw []byte) []byte {
	header := "\x0156=" + c.o.Target + "\x01"
	return raw[bytes.Index(raw, []byte(header))+len(header) : len(raw)-len("10=xxx\x01")]
}

// write hands a message to the connection.
func (c *Client) write(raw []byte) {
	c.life.pending = append(c.life.pending, raw...)
	if c.o.Trace != nil {
		c.o.Trace(true, raw)
	}
	c.life.wrote = time.Now()
	select {
	case c.life.wake <- struct{}{}:
	default: // the writer has been told
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
