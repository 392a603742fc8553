package fixclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// errLeft: the Logout that this client began was answered, or the connection
// ended over it.
var errLeft = errors.New("logged out")

// life is one connection.
type life struct {
	conn    net.Conn
	address string
	pending []byte        // to be written; guarded by Client.mu
	wake    chan struct{} // of capacity 1: pending is not empty
	on      bool          // the logon was answered
	logon   uint64        // its number
	askedTo uint64        // a resend up to this number is under way, 0 none
	wrote   time.Time     // when the last message was handed over
	read    time.Time     // when the last one came
	probed  bool          // a TestRequest is out
}

// connect logs on at an address and serves the session until it ends.
func (c *Client) connect(ctx context.Context, address string) error {
	conn, err := c.dial(ctx, address)
	if err != nil {
		if c.o.Change != nil {
			c.o.Change(Change{Address: address, At: time.Now(), Err: err})
		}
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := &life{conn: conn, address: address, wake: make(chan struct{}, 1), read: time.Now(), wrote: time.Now()}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends the reader and the writer
	defer stop()
	c.mu.Lock()
	c.life = l
	c.logOn()
	c.mu.Unlock()

	done := make(chan error, 2) // the writer's and the clock's
	go func() { done <- c.writer(ctx, l) }()
	go func() { done <- c.clock(ctx, l) }()
	err = c.reader(l)
	cancel()
	_ = conn.Close() // so that the writer ends
	for range 2 {
		// Why the clock hung up says more than that the reader saw it.
		if e := <-done; e != nil && errors.Is(err, net.ErrClosed) {
			err = e
		}
	}
	return c.ended(l, err)
}

func (c *Client) dial(ctx context.Context, address string) (net.Conn, error) {
	if c.o.Through != nil {
		ctx, cancel := context.WithTimeout(ctx, c.o.Dial)
		defer cancel()
		return c.o.Through(ctx, "tcp", address)
	}
	d := &net.Dialer{Timeout: c.o.Dial}
	if c.o.TLS == nil {
		return d.DialContext(ctx, "tcp", address)
	}
	return (&tls.Dialer{NetDialer: d, Config: c.o.TLS}).DialContext(ctx, "tcp", address)
}

// ended closes the life's book and returns why it ended.
func (c *Client) ended(l *life, err error) error {
	c.mu.Lock()
	was, leaving := l.on, c.leaving
	c.life = nil
	var refused *RefusedError
	if !was && !errors.As(err, &refused) {
		err = &RefusedError{l.address, ""}
	}
	if !was {
		c.stats.Refused++
	}
	c.mu.Unlock()
	if c.o.Change != nil {
		c.o.Change(Change{Address: l.address, At: time.Now(), Err: err})
	}
	if leaving {
		return errLeft
	}
	return err
}

// logOn sends the logon.
func (c *Client) logOn() {
	if c.reset {
		c.numbers = Numbers{1, 1}
	}
	c.life.logon = c.numbers.Out
	c.admin("A", func(b *wire.Builder) {
		b.Uint(wire.EncryptMethod, 0)
		b.Uint(wire.HeartBtInt, uint64(c.o.HeartBeat/time.Second))
		if c.reset {
			b.Bool(wire.ResetSeqNumFlag, true)
		}
		b.Text(wire.Username, c.o.Sender)
		b.Text(wire.Password, c.o.Password)
		if c.o.NextExpected {
			b.Uint(wire.NextExpectedMsgSeqNum, c.numbers.In)
		}
		if c.o.Protocol == FIXT11 {
			b.Char(wire.DefaultApplVerID, '9')
		}
	})
	if c.reset { // what was to be sent by now comes after the logon
		c.numbers.Out = c.sent.renumber(c.numbers.Out)
	}
}

func (c *Client) writer(ctx context.Context, l *life) error {
	var batch []byte
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		}
		c.mu.Lock()
		batch, l.pending = l.pending, batch[:0]
		c.mu.Unlock()
		if err := l.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if _, err := l.conn.Write(batch); err != nil {
			_ = l.conn.Close() // so that the reader ends
			return fmt.Errorf("write to %s: %w", l.address, err)
		}
	}
}

// ticks is how often the clock looks.
const ticks = 20 * time.Millisecond

// clock sends heartbeats, asks after a silent venue, and hangs up on one that
// stays silent or does not answer the logon.
func (c *Client) clock(ctx context.Context, l *life) error {
	t := time.NewTicker(ticks)
	defer t.Stop()
	begin := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			if err := c.tick(l, now, begin); err != nil {
				_ = l.conn.Close() // so that the reader ends
				return err
			}
		}
	}
}

func (c *Client) tick(l *life, now, begin time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	silent := now.Sub(l.read)
	switch {
	case !l.on && now.Sub(begin) > c.o.LogonWait:
		return &RefusedError{l.address, fmt.Sprintf("no answer within %v", c.o.LogonWait)}
	case !l.on:
	case silent > 2*c.o.Probe:
		return fmt.Errorf("%s has been silent for %v", l.address, silent.Round(time.Millisecond))
	case silent > c.o.Probe && !l.probed:
		l.probed = true
		c.admin("1", func(b *wire.Builder) { b.Time(wire.TestReqID, market.Nanos(now.UnixNano())) })
	case now.Sub(l.wrote) > c.o.HeartBeat:
		c.admin("0", func(*wire.Builder) {})
	}
	return nil
}

// reader hands on what comes until the connection ends.
func (c *Client) reader(l *life) error {
	in := wire.NewReader(l.conn, maxMessage)
	var m wire.Message
	for {
		raw, err := in.Next()
		if err == nil {
			err = wire.Parse(raw, &m)
		}
		var e *wire.Error
		if errors.As(err, &e) {
			return &BrokenError{fmt.Sprintf("%v in %q", e, raw)}
		}
		if err != nil {
			return fmt.Errorf("read from %s: %w", l.address, err)
		}
		if c.o.Trace != nil {
			c.o.Trace(false, raw)
		}
		if err := c.take(l, &m); err != nil {
			return err
		}
	}
}
