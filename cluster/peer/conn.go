package peer

import (
	"net"

	"github.com/rialto-exchange/rialto/cluster"
)

// trackedConn counts as open until it is closed, by whomever.
type trackedConn struct {
	net.Conn // TCP
	// safe is what is read and written; nil until the caller has begun to speak.
	// The goroutine that serves it sets it before anybody else may ask.
	safe *secured
	// wordless: it is closed on without an answer to its preamble.
	wordless bool
	mux      *Mux
	protocol Protocol // 0 until the caller has named it
	// handedOver: a StreamLayer's owner closes it, not serve.
	handedOver bool
	// place is what it holds until it has left; Mux.mu guards both.
	place place
	left  bool
	// inside are the protocols that it may name, where another node carries it;
	// such a one has no place of its own. nil = all.
	inside []Protocol
	// known: the preamble was taken; who is nil when it did not say who calls.
	// All under mux.mu.
	known bool
	who   *cluster.Identity
}

// Read reads.
func (c *trackedConn) Read(b []byte) (int, error) { return c.safe.Read(b) }

// Write writes.
func (c *trackedConn) Write(b []byte) (int, error) { return c.safe.Write(b) }

// Peer is the id of the node that made the connection, "" if it did not say.
func (c *trackedConn) Peer() cluster.NodeID {
	c.mux.mu.Lock()
	defer c.mux.mu.Unlock()
	if c.who == nil {
		return ""
	}
	return c.who.Node
}

// Close closes the connection and gives its place to another.
func (c *trackedConn) Close() error {
	err := c.Conn.Close()
	c.mux.mu.Lock()
	delete(c.mux.open, c)
	c.mux.places.leave(c)
	c.mux.mu.Unlock()
	return err
}

// track gives a connection a place, and closes the one that makes room for it.
func (m *Mux) track(conn net.Conn) (*trackedConn, error) {
	tracked := &trackedConn{Conn: conn, mux: m}
	displaced, err := m.admit(tracked, m.cfg.Member(addressOf(conn)))
	if displaced != nil {
		_ = displaced.Close()
		m.cfg.Refused(displaced.RemoteAddr(), ErrBusy)
	}
	return tracked, err
}

func (m *Mux) admit(conn *trackedConn, member bool) (displaced *trackedConn, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	displaced, ok := m.places.take(conn, member)
	if !ok {
		return nil, ErrBusy
	}
	m.open[conn] = struct{}{}
	return displaced, nil
}
