package peer

import (
	"context"
	"fmt"
	"net"
	"slices"
)

// A connection that goes through another node is one of its own all the same:
// its two ends shake hands and introduce themselves over what the other carries,
// so that the called one knows by a certificate who calls, and that nobody on the
// way reads or changes a byte.

// Through opens a connection to the peer at address over a connection that a
// third node carries to it, which it owns from then on, and names the protocol.
func (m *Mux) Through(ctx context.Context, carried net.Conn, address string, protocol Protocol) (net.Conn, error) {
	conn, err := m.through(ctx, carried, address)
	if err == nil {
		err = m.introduce(ctx, conn, address, protocol, m.version())
	}
	if err != nil {
		_ = carried.Close()
		return nil, fmt.Errorf("reach peer %s by another: %w", address, err)
	}
	return conn, nil
}

func (m *Mux) through(ctx context.Context, carried net.Conn, address string) (*secured, error) {
	if m.cfg.Security == nil {
		return &secured{Conn: carried, stream: carried}, nil
	}
	safe, err := m.approach(ctx, carried)
	if err == nil {
		err = m.expect(address, safe.certified)
	}
	return safe, err
}

// Carried serves what another node carries to this one: connections that may
// name the protocols inside and no others. They are certified where the port is.
func (m *Mux) Carried(inside ...Protocol) Handler {
	return func(_ context.Context, outer net.Conn) {
		conn := &trackedConn{Conn: outer, mux: m, left: true, inside: inside}
		m.mu.Lock()
		closed := m.closed
		if !closed {
			m.open[conn] = struct{}{}
		}
		m.mu.Unlock()
		if !closed {
			m.serve(conn)
		}
	}
}

// allows reports whether a connection may name a protocol.
func (c *trackedConn) allows(p Protocol) bool { return c.inside == nil || slices.Contains(c.inside, p) }
