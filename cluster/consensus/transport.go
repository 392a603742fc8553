package consensus

import (
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// transport is Raft's own, less its fast path for heartbeats. That path
// answers on the connection's goroutine and races with the leader's loop:
// a node may take a heartbeat of a newer leader while it still counts votes
// of its followers, and two nodes may commit different entries at one index
// . Without it heartbeats wait their turn in the
// main loop, behind the follower's log write.
type transport struct {
	*raft.NetworkTransport
}

// SetHeartbeatHandler does nothing.
func (transport) SetHeartbeatHandler(func(raft.RPC)) {}

var (
	_ raft.Transport   = transport{}
	_ raft.WithPreVote = transport{}
	_ raft.WithClose   = transport{}
)

// newTransport allows one request under way to each peer. Pipelining can
// wedge a follower for good, and was slower as well.
func newTransport(stream *stream, timeout time.Duration, logger hclog.Logger) transport {
	return transport{raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream:                  stream,
		MaxPool:                 3,
		MaxRPCsInFlight:         1,
		Timeout:                 timeout,
		Logger:                  logger,
		MsgpackUseNewTimeFormat: true,
	})}
}

// stream adapts a StreamLayer to Raft's port and knows every connection, so
// that closing it closes them: peers then see at once that the node is gone.
type stream struct {
	layer   StreamLayer
	address string

	mu     sync.Mutex
	closed bool
	conns  map[*conn]struct{}
}

func newStream(layer StreamLayer, address string) *stream {
	return &stream{layer: layer, address: address, conns: make(map[*conn]struct{})}
}

// Accept waits for a peer.
func (s *stream) Accept() (net.Conn, error) {
	c, err := s.layer.Accept()
	if err != nil {
		return nil, err
	}
	return s.track(c)
}

// Dial connects to a peer.
func (s *stream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	c, err := s.layer.Dial(string(address), timeout)
	if err != nil {
		return nil, err
	}
	return s.track(c)
}

func (s *stream) track(c net.Conn) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	tracked := &conn{Conn: c, stream: s}
	s.conns[tracked] = struct{}{}
	return tracked, nil
}

// Close closes the layer and all connections. It may be called twice.
func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for c := range s.conns {
		_ = c.Conn.Close()
	}
	return s.layer.Close()
}

// Addr returns the advertised address, which Raft takes for the node's own.
func (s *stream) Addr() net.Addr { return advertised(s.address) }

type advertised string

func (advertised) Network() string  { return "tcp" }
func (a advertised) String() string { return string(a) }

type conn struct {
	net.Conn
	stream *stream
}

// Close closes the connection.
func (c *conn) Close() error {
	c.stream.mu.Lock()
	delete(c.stream.conns, c)
	c.stream.mu.Unlock()
	return c.Conn.Close()
}
