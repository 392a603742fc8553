package network

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
)

var _ world.Network = (*Host)(nil)

// parse reads host:port; no host, or a loopback one, is this host.
func (h *Host) parse(address string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" || host == "localhost" {
		host = h.addr.String()
	}
	a, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err == nil && (a.Addr().IsLoopback() || a.Addr().IsUnspecified()) {
		a = netip.AddrPortFrom(h.addr, a.Port())
	}
	return a, err
}

func opError(op, network string, at net.Addr, err error) error {
	return &net.OpError{Op: op, Net: network, Addr: at, Err: err}
}

func call(name string, errno syscall.Errno) error { return os.NewSyscallError(name, errno) }

// listener implements net.Listener.
type listener struct {
	host *Host
	at   netip.AddrPort
	// waiting are connections that nobody accepted yet.
	waiting chan *conn
	once    sync.Once
	closed  chan struct{}
}

var _ net.Listener = (*listener)(nil)

// Listen implements world.Network.
func (h *Host) Listen(network, address string) (net.Listener, error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil, opError("listen", network, nil, net.UnknownNetworkError(network))
	}
	at, err := h.parse(address)
	if err != nil {
		return nil, opError("listen", network, nil, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	port := at.Port()
	if port == 0 {
		port = h.port()
	}
	at = netip.AddrPortFrom(at.Addr(), port)
	switch {
	case h.dead:
		return nil, opError("listen", network, tcp(at), call("bind", syscall.ENETDOWN))
	case at.Addr() != h.addr:
		return nil, opError("listen", network, tcp(at), call("bind", syscall.EADDRNOTAVAIL))
	case port == 0 || h.listeners[port] != nil:
		return nil, opError("listen", network, tcp(at), call("bind", syscall.EADDRINUSE))
	}
	l := &listener{host: h, at: at, waiting: make(chan *conn, backlog), closed: make(chan struct{})}
	h.listeners[port] = l
	return l, nil
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, opError("accept", "tcp", l.Addr(), net.ErrClosed)
	default:
	}
	select {
	case <-l.closed:
		return nil, opError("accept", "tcp", l.Addr(), net.ErrClosed)
	case c := <-l.waiting:
		return c, nil
	}
}

// Close implements net.Listener. Connections that nobody accepted are reset.
func (l *listener) Close() error {
	l.host.mu.Lock()
	if l.host.listeners[l.at.Port()] == l {
		delete(l.host.listeners, l.at.Port())
	}
	l.host.mu.Unlock()
	select {
	case <-l.closed:
		return opError("close", "tcp", l.Addr(), net.ErrClosed)
	default:
	}
	l.end()
	return nil
}

func (l *listener) end() {
	l.once.Do(func() { close(l.closed) })
	for {
		select {
		case c := <-l.waiting:
			_ = c.Close()
		default:
			return
		}
	}
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return tcp(l.at) }

// DialContext implements world.Network. It takes a way there and a way back, and
// for ever when either is cut: until ctx ends.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil, opError("dial", network, nil, net.UnknownNetworkError(network))
	}
	at, err := h.parse(address)
	if err != nil {
		return nil, opError("dial", network, nil, err)
	}
	fail := func(err error) (net.Conn, error) { return nil, opError("dial", network, tcp(at), err) }
	there, back := direction{h.addr, at.Addr()}, direction{at.Addr(), h.addr}
	for {
		for _, way := range []direction{there, back} {
			if err := h.network.pass(ctx, way); err != nil {
				return fail(err)
			}
		}
		if h.network.at(at.Addr()) != nil {
			break
		}
		// No machine is there: the greeting is sent again until one is.
		if err := sleep(ctx, retransmit); err != nil {
			return fail(err)
		}
	}
	c, err := h.connect(at)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// connect joins this host to who listens at an address.
func (h *Host) connect(at netip.AddrPort) (net.Conn, error) {
	other := h.network.at(at.Addr())
	if other == nil {
		return nil, call("connect", syscall.EHOSTUNREACH)
	}
	h.mu.Lock()
	dead, port := h.dead, h.port()
	h.mu.Unlock()
	if dead {
		return nil, call("connect", syscall.ENETDOWN)
	}
	other.mu.Lock()
	l := other.listeners[at.Port()]
	other.mu.Unlock()
	if l == nil {
		return nil, call("connect", syscall.ECONNREFUSED)
	}
	ours, theirs := pair(h, other, netip.AddrPortFrom(h.addr, port), at)
	select {
	case <-l.closed:
		return nil, call("connect", syscall.ECONNREFUSED)
	default:
	}
	if !h.own(ours) || !other.own(theirs) {
		return nil, call("connect", syscall.ECONNRESET)
	}
	select {
	case l.waiting <- theirs:
	default:
		_ = theirs.Close()
		return nil, call("connect", syscall.ECONNREFUSED)
	}
	return ours, nil
}

// own notes a connection as the host's, unless the host is dead.
func (h *Host) own(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.dead {
		h.conns[c] = true
	}
	return !h.dead
}

func (h *Host) disown(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
}

// pass takes one packet over a wire, waiting as long as it is cut.
func (n *Network) pass(ctx context.Context, way direction) error {
	for waited := false; ; {
		whole, changed := n.wire(way)
		if whole && waited {
			waited = false
			if err := sleep(ctx, retransmit); err != nil { // mended before the greeting was sent again
				return err
			}
			continue
		}
		if whole {
			return sleep(ctx, n.delay(way))
		}
		n.hold()
		waited = true
		select {
		case <-changed:
		case <-ctx.Done():
			return dialEnded(ctx)
		}
	}
}

// sleep waits, or says why the dialer does not wait any longer.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return dialEnded(ctx)
	}
}

// dialEnded is what package net makes of a context that ends: a timeout for a
// deadline.
func dialEnded(ctx context.Context) error {
	if ctx.Err() == context.DeadlineExceeded {
		return os.ErrDeadlineExceeded
	}
	return ctx.Err()
}
