package membership

import (
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/hashicorp/memberlist"
)

// Bounds of the connections that others have open to the gossip port. The
// library keeps one for two seconds whatever comes, and counts none.
const (
	MaxStreams           = 128
	MaxStreamsPerAddress = 16
)

// bounded is the library's transport, of whose connections so many are taken
// and no more; those beyond are closed at once.
type bounded struct {
	*memberlist.NetTransport
	streams chan net.Conn
	over    chan struct{}
	once    sync.Once

	mu   sync.Mutex
	open map[netip.Addr]int
	all  int
}

// listen opens the port. One that may be any has to be free for TCP and UDP,
// which takes a second attempt now and then.
func listen(s *memberlist.Config) (*bounded, error) {
	attempts := 1
	if s.BindPort == 0 {
		attempts = 10
	}
	var failed error
	for range attempts {
		t, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{BindAddrs: []string{s.BindAddr}, BindPort: s.BindPort, Logger: s.Logger})
		if err != nil {
			failed = err
			continue
		}
		b := &bounded{NetTransport: t, streams: make(chan net.Conn), over: make(chan struct{}), open: map[netip.Addr]int{}}
		go b.take()
		return b, nil
	}
	return nil, fmt.Errorf("listen for gossip: %w", failed)
}

// take hands on connections until the transport is shut down.
func (b *bounded) take() {
	for {
		select {
		case <-b.over:
			return
		case conn := <-b.NetTransport.StreamCh():
			counted, ok := b.admit(conn)
			if !ok {
				_ = conn.Close()
				continue
			}
			select {
			case b.streams <- counted:
			case <-b.over:
				_ = counted.Close()
				return
			}
		}
	}
}

func (b *bounded) admit(conn net.Conn) (net.Conn, bool) {
	var from netip.Addr // zero if it has none, like all of those
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		from = at.Addr().Unmap()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= MaxStreams || b.open[from] >= MaxStreamsPerAddress {
		return nil, false
	}
	b.all++
	b.open[from]++
	return &counted{Conn: conn, leave: func() { b.leave(from) }}, true
}

func (b *bounded) leave(from netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.open[from]--; b.open[from] == 0 {
		delete(b.open, from)
	}
}

// StreamCh gives the connections that were taken.
func (b *bounded) StreamCh() <-chan net.Conn { return b.streams }

// Shutdown closes the port. Connections are taken until the library has closed
// it: its listener waits with one in hand until somebody takes that, and would
// never end.
func (b *bounded) Shutdown() error {
	defer b.once.Do(func() { close(b.over) })
	return b.NetTransport.Shutdown()
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
