package peer

import (
	"context"
	"net"
	"sync"
	"time"
)

// streamBacklog bounds the accepted connections that wait for Accept.
const streamBacklog = 16

// StreamLayer is one protocol of a Mux in the shape of a listener that can
// also dial, which is what Raft's network transport wants of its streams.
// Connections from Accept belong to the caller; the Mux closes those that are
// left when it closes.
type StreamLayer struct {
	mux      *Mux
	protocol Protocol
	streams  chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

var _ net.Listener = (*StreamLayer)(nil)

// StreamLayer registers protocol and returns its streams. Like Handle it may
// be called once for a protocol.
func (m *Mux) StreamLayer(protocol Protocol) *StreamLayer {
	s := &StreamLayer{
		mux:      m,
		protocol: protocol,
		streams:  make(chan net.Conn, streamBacklog),
		closed:   make(chan struct{}),
	}
	m.Handle(protocol, s.offer)
	return s
}

// offer hands an accepted connection to Accept, or drops it when the layer
// closes first.
func (s *StreamLayer) offer(ctx context.Context, conn net.Conn) {
	tracked := conn.(*trackedConn)
	tracked.handedOver = true
	select {
	case s.streams <- tracked:
	case <-s.closed:
		_ = tracked.Close()
	case <-ctx.Done():
		_ = tracked.Close()
	}
}

// Accept returns the next connection, or net.ErrClosed once the layer or its
// Mux is closed.
func (s *StreamLayer) Accept() (net.Conn, error) {
	select {
	case conn := <-s.streams:
		return conn, nil
	case <-s.closed:
	case <-s.mux.ctx.Done():
	}
	return nil, net.ErrClosed
}

// Dial opens a stream to the same protocol of the peer at address (host:port)
// within timeout; 0 means the preamble's own timeout only.
func (s *StreamLayer) Dial(address string, timeout time.Duration) (net.Conn, error) {
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	return s.mux.Dial(ctx, address, s.protocol)
}

// Addr is the address of the Mux.
func (s *StreamLayer) Addr() net.Addr { return s.mux.Addr() }

// Close ends Accept and closes what nobody accepted. The Mux and its other
// protocols go on.
func (s *StreamLayer) Close() error {
	s.once.Do(func() { close(s.closed) })
	for {
		select {
		case conn := <-s.streams:
			conn.Close()
		default:
			return nil
		}
	}
}
