package peer

import (
	"errors"
	"net"
	"slices"

	"github.com/rialto-exchange/rialto/cluster"
)

// ErrMuted: this Mux is mute and makes no connections of this protocol.
var ErrMuted = errors.New("peer port is mute")

// Mute shuts every connection, accepted or dialled, but those of the protocols
// in Config.Audible, and lets none be made until Unmute: to the others this
// node is cut off. The listener stays. Whoever calls is closed on without a
// word, so that nobody waits for a node that can't answer.
func (m *Mux) Mute() {
	m.mu.Lock()
	m.muted = true
	var shut []net.Conn
	for conn := range m.open {
		if tracked, ok := conn.(*trackedConn); ok && !m.audible(tracked.protocol) {
			shut = append(shut, tracked.Conn)
		}
	}
	for conn := range m.dialled {
		if !m.audible(conn.protocol) {
			shut = append(shut, conn.Conn)
		}
	}
	m.mu.Unlock()
	for _, conn := range shut {
		_ = conn.Close()
	}
}

// Unmute lets connections be made again. Those that were shut stay shut.
func (m *Mux) Unmute() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.muted = m.cut
}

// Cut is Mute for good: Unmute changes nothing any more. When it returns, no
// vote is given or asked and no entry sent through this port.
func (m *Mux) Cut() {
	m.mu.Lock()
	m.cut = true
	m.mu.Unlock()
	m.Mute()
}

// StopListening closes the listener for good and leaves what is open alone: a
// process that can't be ended while the disk holds one of its threads would
// keep callers waiting at its door.
func (m *Mux) StopListening() error { return m.listener.Close() }

func (m *Mux) audible(p Protocol) bool { return slices.Contains(m.cfg.Audible, p) }

// silent reports whether connections of a protocol may not be made. The caller
// holds the lock.
func (m *Mux) silent(p Protocol) bool { return m.muted && !m.audible(p) }

// dialledConn is known to its Mux until it is closed.
type dialledConn struct {
	net.Conn
	mux      *Mux
	protocol Protocol
	answers  cluster.Identity
}

// keep takes a dialled connection into the books, unless the Mux has been
// muted meanwhile.
func (m *Mux) keep(conn *secured, protocol Protocol) (*dialledConn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.silent(protocol) {
		return nil, ErrMuted
	}
	kept := &dialledConn{Conn: conn, mux: m, protocol: protocol, answers: conn.answers}
	m.dialled[kept] = struct{}{}
	return kept, nil
}

// Close closes the connection.
func (c *dialledConn) Close() error {
	c.mux.mu.Lock()
	delete(c.mux.dialled, c)
	c.mux.mu.Unlock()
	return c.Conn.Close()
}

// Dialled is the number of connections made by Dial that are open.
func (m *Mux) Dialled() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.dialled)
}
