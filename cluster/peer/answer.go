package peer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// accept runs until the listener is closed.
func (m *Mux) accept() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			if m.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			m.cfg.Refused(m.listener.Addr(), fmt.Errorf("accept: %w", err))
			m.pause(50 * time.Millisecond) // out of descriptors: let some close
			continue
		}
		tracked, err := m.track(conn)
		if err != nil {
			m.turnAway(conn, conn, err, caller{version: Version})
			continue
		}
		m.workers.Go(func() { m.serve(tracked) })
	}
}

func (m *Mux) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-m.ctx.Done():
	}
}

// serve reads the preamble and runs the handler.
func (m *Mux) serve(conn *trackedConn) {
	handler, from, err := m.route(conn)
	if errors.Is(err, ErrMuted) {
		_ = conn.Close() // without a word
		return
	}
	if err != nil {
		m.refuse(conn, err, from)
		return
	}
	handler(withCertified(withCaller(m.ctx, conn.who), conn.safe.certified), conn)
	if !conn.handedOver {
		_ = conn.Close()
	}
}

// caller is who calls: the version that an answer must have, and what it said
// of itself to a node of the same cluster.
type caller struct {
	version uint8
	who     *cluster.Identity
}

// route checks who calls, answers, and finds the handler.
func (m *Mux) route(conn *trackedConn) (handler Handler, from caller, err error) {
	from.version = Version
	if err := conn.SetDeadline(time.Now().Add(m.cfg.PreambleTimeout)); err != nil {
		return nil, from, err
	}
	if err := m.greet(conn); err != nil {
		return nil, from, err
	}
	hello, err := readPreamble(conn, m.version())
	from.version = hello.version
	if err != nil {
		return nil, from, err
	}
	if hello.version != Version && hello.version != m.version() {
		return nil, from, ErrVersion
	}
	if hello.cluster != m.cluster {
		return nil, from, ErrWrongCluster
	}
	if hello.version == VersionIdentity {
		from.who = &hello.self
	}
	if err := conn.safe.holdAgainst(from.who); err != nil {
		return nil, from, err
	}
	if err := m.verify(hello.protocol, from.who); err != nil {
		return nil, from, err
	}
	m.mu.Lock()
	conn.who, conn.protocol, conn.known = from.who, hello.protocol, true
	handler, served := m.handlers[hello.protocol]
	silent := m.silent(hello.protocol)
	m.mu.Unlock()
	if silent {
		return nil, from, ErrMuted
	}
	if !served || !conn.allows(hello.protocol) {
		return nil, from, ErrProtocol
	}
	if err := m.seat(conn); err != nil {
		return nil, from, err
	}
	if err := writeAnswer(conn, nil, m.reply(from)); err != nil {
		return nil, from, err
	}
	return handler, from, m.resetDeadline(conn)
}

// seat makes a connection's place its own: from now on it makes room for
// nobody. It fails if the connection had to already.
func (m *Mux) seat(conn *trackedConn) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if conn.inside != nil {
		return nil
	}
	if conn.left {
		return ErrBusy
	}
	m.places.seat(conn)
	return nil
}

// resetDeadline takes the preamble's deadline off, unless Close has set its
// own meanwhile.
func (m *Mux) resetDeadline(conn net.Conn) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	return conn.SetDeadline(time.Time{})
}

// refuse tells the caller why, if it still listens and TLS has not told it, and
// closes.
func (m *Mux) refuse(conn *trackedConn, reason error, from caller) {
	switch {
	case conn.wordless:
		conn.Close()
		m.cfg.Refused(conn.RemoteAddr(), reason)
	case conn.safe == nil: // who gets no further is told in the clear, and not by whom
		m.turnAway(conn, conn.Conn, reason, caller{version: Version})
	default:
		m.turnAway(conn, conn, reason, from)
	}
}

// turnAway writes why to one end of a connection and closes it.
func (m *Mux) turnAway(conn net.Conn, to io.Writer, reason error, from caller) {
	conn.SetWriteDeadline(time.Now().Add(m.cfg.PreambleTimeout))
	_ = writeAnswer(to, reason, m.reply(from)) // best effort: the caller may be gone
	conn.Close()
	m.cfg.Refused(conn.RemoteAddr(), reason)
}
