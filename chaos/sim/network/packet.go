package network

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// socket sends and takes packets. It implements net.PacketConn.
type socket struct {
	host     *Host
	at       netip.AddrPort
	in       chan packet
	once     sync.Once
	closed   chan struct{}
	deadline deadline
}

type packet struct {
	from netip.AddrPort
	data []byte
}

var _ net.PacketConn = (*socket)(nil)

// ListenPacket implements world.Network.
func (h *Host) ListenPacket(network, address string) (net.PacketConn, error) {
	if !strings.HasPrefix(network, "udp") {
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
	at = netip.AddrPortFrom(h.addr, port)
	switch {
	case h.dead:
		return nil, opError("listen", network, udp(at), call("bind", syscall.ENETDOWN))
	case port == 0 || h.sockets[port] != nil:
		return nil, opError("listen", network, udp(at), call("bind", syscall.EADDRINUSE))
	}
	s := &socket{host: h, at: at, in: make(chan packet, packets), closed: make(chan struct{})}
	s.deadline.init()
	h.sockets[port] = s
	return s, nil
}

func udp(a netip.AddrPort) *net.UDPAddr { return net.UDPAddrFromAddrPort(a) }

// ReadFrom implements net.PacketConn.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		passed, changed := s.deadline.channel()
		select {
		case <-s.closed:
			return 0, nil, opError("read", "udp", s.LocalAddr(), net.ErrClosed)
		default:
		}
		if isDone(passed) {
			return 0, nil, opError("read", "udp", s.LocalAddr(), os.ErrDeadlineExceeded)
		}
		select {
		case p := <-s.in:
			return copy(b, p.data), udp(p.from), nil
		case <-s.closed:
		case <-passed:
		case <-changed:
		}
	}
}

// WriteTo implements net.PacketConn. Nobody says whether the packet arrives.
func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-s.closed:
		return 0, opError("write", "udp", s.LocalAddr(), net.ErrClosed)
	default:
	}
	at, err := s.host.parse(to.String())
	if err != nil {
		return 0, opError("write", "udp", to, err)
	}
	sent := packet{from: s.at, data: slices.Clone(b)}
	for _, delay := range s.host.network.copies(direction{s.at.Addr(), at.Addr()}) {
		time.AfterFunc(delay, func() { s.host.network.deliver(at, sent) })
	}
	return len(b), nil
}

func (n *Network) deliver(at netip.AddrPort, p packet) {
	h := n.at(at.Addr())
	if h == nil {
		return
	}
	h.mu.Lock()
	s := h.sockets[at.Port()]
	h.mu.Unlock()
	if s == nil {
		return
	}
	select {
	case s.in <- p:
	default: // nobody reads
	}
}

// Close implements net.PacketConn.
func (s *socket) Close() error {
	s.host.mu.Lock()
	if s.host.sockets[s.at.Port()] == s {
		delete(s.host.sockets, s.at.Port())
	}
	s.host.mu.Unlock()
	select {
	case <-s.closed:
		return opError("close", "udp", s.LocalAddr(), net.ErrClosed)
	default:
	}
	s.end()
	return nil
}

func (s *socket) end() { s.once.Do(func() { close(s.closed) }) }

func (s *socket) LocalAddr() net.Addr { return udp(s.at) }

// SetDeadline implements net.PacketConn; writes never wait.
func (s *socket) SetDeadline(t time.Time) error      { return s.SetReadDeadline(t) }
func (s *socket) SetReadDeadline(t time.Time) error  { s.deadline.set(t); return nil }
func (s *socket) SetWriteDeadline(t time.Time) error { return nil }
