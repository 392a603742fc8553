package network

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipe is one direction of a connection.
type pipe struct {
	network *Network
	way     direction

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when any of the rest changes
	parts   []part
	bytes   int       // of all parts
	last    time.Time // when the last part is there, at the earliest
	ended   bool      // the writer has closed: what comes after the parts is the end
	endAt   time.Time
	reset   bool // the reader has gone, or the writer's machine has forgotten
	resetAt time.Time
	stuck   time.Time // when the wire was last seen cut; zero = it was not
}

// part is what one Write sent.
type part struct {
	data []byte
	due  time.Time
}

func newPipe(n *Network, way direction) *pipe {
	return &pipe{network: n, way: way, changed: make(chan struct{})}
}

// tell wakes who waits for the pipe. p.mu is held.
func (p *pipe) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// due is when something that is sent now is there: never before what was sent
// before it. p.mu is held.
func (p *pipe) due() time.Time {
	at := time.Now().Add(p.network.delay(p.way))
	if at.Before(p.last) {
		at = p.last
	}
	p.last = at
	return at
}

// end says that nothing more comes.
func (p *pipe) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.ended, p.endAt = true, p.due()
		p.tell()
	}
}

// resetReader tells the reader that the connection is broken, after what is on
// its way: what it has not read then is lost.
func (p *pipe) resetReader() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reset {
		p.reset, p.resetAt = true, p.due()
		p.tell()
	}
}

// unread reports whether something was sent that nobody has read.
func (p *pipe) unread() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.parts) > 0
}

// conn is one end of a connection. It implements net.Conn.
type conn struct {
	host          *Host
	other         *Host
	local, remote netip.AddrPort
	in, out       *pipe
	peer          *conn

	mu          sync.Mutex
	closed      bool
	dead        bool          // its process is
	gone        bool          // its machine is, and told nobody
	again       bool          // what was sent last is due to be sent again
	halfClosed  bool          // it has no more to say
	over        chan struct{} // closed with closed or dead
	read, write deadline
}

var _ net.Conn = (*conn)(nil)

func pair(from, to *Host, local, remote netip.AddrPort) (ours, theirs *conn) {
	there := newPipe(from.network, direction{local.Addr(), remote.Addr()})
	back := newPipe(from.network, direction{remote.Addr(), local.Addr()})
	ours = &conn{host: from, other: to, local: local, remote: remote, in: back, out: there, over: make(chan struct{})}
	theirs = &conn{host: to, other: from, local: remote, remote: local, in: there, out: back, over: make(chan struct{})}
	ours.peer, theirs.peer = theirs, ours
	for _, c := range []*conn{ours, theirs} {
		c.read.init()
		c.write.init()
	}
	return ours, theirs
}

func (c *conn) LocalAddr() net.Addr  { return tcp(c.local) }
func (c *conn) RemoteAddr() net.Addr { return tcp(c.remote) }

func (c *conn) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// isOver is the error of an end that was closed here.
func (c *conn) isOver() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.dead {
		return net.ErrClosed
	}
	return nil
}

func (c *conn) saidAll() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.halfClosed
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.take(b)
	if err != nil && err != io.EOF {
		err = c.fail("read", err)
	}
	return n, err
}

func (c *conn) take(b []byte) (int, error) {
	for {
		if err := c.isOver(); err != nil {
			return 0, err
		}
		late, lateChanged := c.read.channel()
		whole, wires := c.in.network.wire(c.in.way)
		n, err, wait, changed := c.in.get(b, whole)
		switch {
		case isDone(late):
			return 0, os.ErrDeadlineExceeded
		case n > 0 || err != nil || len(b) == 0:
			return n, err
		}
		var ready <-chan time.Time
		var timer *time.Timer
		if wait > 0 {
			timer = time.NewTimer(wait)
			ready = timer.C
		}
		select {
		case <-ready:
		case <-changed:
		case <-wires:
		case <-late:
		case <-lateChanged:
		case <-c.over:
		}
		if timer != nil {
			timer.Stop()
		}
	}
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// get takes what is there, or says after which time to look again (0 = only
// when something changes).
func (p *pipe) get(b []byte, whole bool) (n int, err error, wait time.Duration, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.weather(whole, now)
	if !whole {
		return 0, nil, 0, p.changed
	}
	if p.reset && !p.resetAt.After(now) {
		return 0, call("read", syscall.ECONNRESET), 0, p.changed
	}
	if p.reset {
		wait = p.resetAt.Sub(now)
	}
	if len(p.parts) > 0 {
		first := &p.parts[0]
		if first.due.After(now) {
			return 0, nil, first.due.Sub(now), p.changed
		}
		n = copy(b, first.data)
		first.data = first.data[n:]
		if len(first.data) == 0 {
			p.parts = p.parts[1:]
		}
		p.bytes -= n
		if n > 0 {
			p.tell()
		}
		return n, nil, 0, p.changed
	}
	if p.ended {
		if p.endAt.After(now) {
			return 0, nil, p.endAt.Sub(now), p.changed
		}
		return 0, io.EOF, 0, p.changed
	}
	return 0, nil, wait, p.changed
}

// weather puts off what stood before a cut wire until it is sent again after the
// wire was mended. p.mu is held.
func (p *pipe) weather(whole bool, now time.Time) {
	if !whole {
		if p.stuck.IsZero() && (len(p.parts) > 0 || p.ended) {
			p.network.hold()
			p.stuck = now
		}
		return
	}
	if p.stuck.IsZero() {
		return
	}
	p.stuck = time.Time{}
	again := now.Add(retransmit)
	for at := range p.parts {
		p.parts[at].due = latest(p.parts[at].due, again)
	}
	p.endAt, p.last = latest(p.endAt, again), latest(p.last, again)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) || len(b) == 0 {
		n, err := c.put(b[sent:])
		sent += n
		if err != nil {
			return sent, c.fail("write", err)
		}
		if len(b) == 0 {
			break
		}
	}
	return sent, nil
}

func (c *conn) put(b []byte) (int, error) {
	for {
		if err := c.isOver(); err != nil {
			return 0, err
		}
		late, lateChanged := c.write.channel()
		if isDone(late) {
			return 0, os.ErrDeadlineExceeded
		}
		if c.in.isReset() {
			return 0, call("write", syscall.ECONNRESET)
		}
		if c.saidAll() {
			return 0, call("write", syscall.EPIPE)
		}
		n, full, changed := c.out.send(b)
		if n > 0 || !full {
			c.answer()
			return n, nil
		}
		select {
		case <-changed:
		case <-late:
		case <-lateChanged:
		case <-c.over:
		case <-c.resetSoon():
		}
	}
}

// resetSoon wakes a writer that waits for a reader who has gone.
func (c *conn) resetSoon() <-chan struct{} {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.changed
}

func (p *pipe) isReset() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reset && !p.resetAt.After(time.Now())
}

// send puts as much on its way as the window lets.
func (p *pipe) send(b []byte) (n int, full bool, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(len(b), window-p.bytes)
	if n <= 0 {
		return 0, len(b) > 0, p.changed
	}
	p.parts = append(p.parts, part{data: append([]byte(nil), b[:n]...), due: p.due()})
	p.bytes += n
	p.tell()
	return n, false, p.changed
}

// answer is what the other machine says to something that was sent: a reset,
// when the other end is no more. While nobody is there to answer, or the wire is
// cut, it is sent again and again, as TCP does.
func (c *conn) answer() { c.answerOr(retransmit) }

// mostBetween is the longest from one time that something is sent again to the
// next.
const mostBetween = 3200 * time.Millisecond

func (c *conn) answerOr(later time.Duration) {
	c.peer.mu.Lock()
	closed, gone := c.peer.closed || c.peer.dead, c.peer.gone
	c.peer.mu.Unlock()
	whole, _ := c.host.network.wire(c.out.way)
	nobody := gone && c.host.network.at(c.remote.Addr()) == nil // see Host.Vanish
	switch {
	case !whole || nobody:
		c.sendAgain(later)
	case closed:
		c.in.resetReader()
	}
}

// sendAgain has what was sent last go out once more after a while, unless that is
// due already.
func (c *conn) sendAgain(after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.again || c.closed || c.dead {
		return
	}
	c.again = true
	time.AfterFunc(after, func() {
		c.mu.Lock()
		c.again = false
		over := c.closed || c.dead
		c.mu.Unlock()
		if !over {
			c.answerOr(min(2*after, mostBetween))
		}
	})
}

// Close implements net.Conn. What was written still arrives.
func (c *conn) Close() error {
	c.mu.Lock()
	if c.closed || c.dead {
		c.mu.Unlock()
		return c.fail("close", net.ErrClosed)
	}
	c.closed = true
	close(c.over)
	c.mu.Unlock()
	c.host.disown(c)
	c.leave()
	return nil
}

// leave tells the other end that this one is no more: an end after all that was
// sent or, if something was not read here, a reset.
func (c *conn) leave() {
	if c.in.unread() {
		c.out.resetReader()
	} else {
		c.out.end()
	}
}

// CloseWrite says that there is no more to say, and goes on hearing.
func (c *conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.dead {
		return c.fail("close", net.ErrClosed)
	}
	c.halfClosed = true
	c.out.end()
	return nil
}

// die ends the connection with its process; told: the other end hears of it.
func (c *conn) die(told bool) {
	c.mu.Lock()
	if c.closed || c.dead {
		c.mu.Unlock()
		return
	}
	c.dead, c.gone = true, !told
	close(c.over)
	c.mu.Unlock()
	if told {
		c.leave()
	}
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return firstError(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	if err := c.isOver(); err != nil {
		return c.fail("set", err)
	}
	c.read.set(t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if err := c.isOver(); err != nil {
		return c.fail("set", err)
	}
	c.write.set(t)
	return nil
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
