package consensus

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// What a peer asks has to say that it is from that peer. The library hands out
// requests without the connection that they came by, so each connection that a
// peer makes gets a receiving transport of its own, and there are few: three of
// each peer at most. The transport that asks accepts none.

// asking is the stream of the transport that asks.
type asking struct{ *stream }

// Accept waits for the end.
func (a asking) Accept() (net.Conn, error) {
	<-a.over
	return nil, net.ErrClosed
}

// receive takes connections until the stream is closed.
func (t transport) receive(s *stream, settings raft.NetworkTransportConfig, limit *commitLimit, refuse func() error) {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		one := &single{conn: c.(*conn), accepted: make(chan struct{}, 1), over: make(chan struct{})}
		one.accepted <- struct{}{}
		settings.Stream = one
		go t.attend(one, raft.NewNetworkTransportWithConfig(&settings), limit, refuse)
	}
}

// attend hands on what comes by one connection until either ends.
func (t transport) attend(one *single, from *raft.NetworkTransport, limit *commitLimit, refuse func() error) {
	defer from.Close() //nolint:errcheck // the connection is all that it has
	for {
		select {
		case rpc := <-from.Consumer():
			if err := speaksFor(one.conn.from, rpc.Command); err != nil {
				// mark: a request is not of who made the connection
				rpc.Respond(nil, err)
				continue
			}
			if !t.relay(rpc, limit, refuse) {
				return
			}
		case <-one.over:
			return
		case <-t.stop:
			return
		}
	}
}

// speaksFor wants a request to be of the node that made the connection. One
// whose build does not say who it is can't be held to it.
func speaksFor(from cluster.NodeID, command any) error {
	request, ok := command.(raft.WithRPCHeader)
	if !ok || from == "" {
		return nil
	}
	if said := cluster.NodeID(request.GetRPCHeader().ID); said != from {
		return fmt.Errorf("a request of %s came by a connection of %s", said, from)
	}
	return nil
}

// single is a stream of one connection.
type single struct {
	conn     *conn
	accepted chan struct{} // capacity 1: it is still to be accepted
	once     sync.Once
	over     chan struct{} // closed with the connection
}

// Accept returns the connection, and then waits for its end.
func (s *single) Accept() (net.Conn, error) {
	select {
	case <-s.accepted:
		return endingConn{s.conn, s}, nil
	case <-s.over:
		return nil, net.ErrClosed
	}
}

// Dial is for nobody.
func (s *single) Dial(raft.ServerAddress, time.Duration) (net.Conn, error) {
	return nil, net.ErrClosed
}

// Close closes the connection.
func (s *single) Close() error {
	s.once.Do(func() { close(s.over) })
	return s.conn.Close()
}

// Addr is of this end.
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }

// endingConn tells its stream when it is closed.
type endingConn struct {
	*conn
	of *single
}

// Close closes the connection.
func (e endingConn) Close() error { return e.of.Close() }
