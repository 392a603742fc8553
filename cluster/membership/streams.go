package membership

import (
	"net"
	"net/netip"
	"sync"
)

// Bounds of the connections that others have open to the gossip port. The
// library keeps one for two seconds whatever comes, and counts none.
const (
	MaxStreams           = 128
	MaxStreamsPerAddress = 16
)

// places counts the connections that are open. The zero value is ready.
type places struct {
	mu   sync.Mutex
	open map[netip.Addr]int
	all  int
}

// admit gives a connection its place, false if there is none for it.
func (p *places) admit(conn net.Conn) (net.Conn, bool) {
	var from netip.Addr // zero if it has none, like all of those
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		from = at.Addr().Unmap()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= MaxStreams || p.open[from] >= MaxStreamsPerAddress {
		return nil, false
	}
	if p.open == nil {
		p.open = map[netip.Addr]int{}
	}
	p.all++
	p.open[from]++
	return &counted{Conn: conn, leave: func() { p.leave(from) }}, true
}

func (p *places) leave(from netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.open[from]--; p.open[from] == 0 {
		delete(p.open, from)
	}
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close closes the connection.
func (c *counted) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}
