package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// Dial opens a connection to the peer at address and names the protocol. It
// returns once the peer has accepted it, so that a wrong cluster or a missing
// handler is an error here and not a silence later.
func (m *Mux) Dial(ctx context.Context, address string, protocol Protocol) (net.Conn, error) {
	conn, err := m.dial(ctx, address, protocol)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func (m *Mux) dial(ctx context.Context, address string, protocol Protocol) (*dialledConn, error) {
	if m.ctx.Err() != nil {
		return nil, ErrClosed
	}
	m.mu.Lock()
	silent := m.silent(protocol)
	m.mu.Unlock()
	if silent {
		return nil, fmt.Errorf("dial peer %s: %w", address, ErrMuted)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(m.ctx, cancel)
	defer stop()
	conn, err := m.call(ctx, address, protocol, m.version())
	if m.cfg.Proof != nil && (m.cfg.Security == nil || m.cfg.Security.Open) && isOldBuild(err) && m.verify(protocol, nil) == nil {
		conn, err = m.call(ctx, address, protocol, Version)
	}
	if err != nil {
		return nil, fmt.Errorf("dial peer %s: %w", address, err)
	}
	return conn, nil
}

// isOldBuild reports whether an error is what a build that speaks only version
// 1 makes of a longer preamble: it says so, and what it did not read may reset
// the connection before its word is heard.
func isOldBuild(err error) bool {
	return errors.Is(err, ErrVersion) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

func (m *Mux) call(ctx context.Context, address string, protocol Protocol, version uint8) (*dialledConn, error) {
	conn, err := m.reach(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := m.introduce(ctx, conn, address, protocol, version); err != nil {
		conn.Close()
		return nil, err
	}
	if m.isPlain(conn) {
		m.plain.note(address, time.Now())
	}
	kept, err := m.keep(conn, protocol)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return kept, nil
}

// introduce sends the preamble and waits for its answer, no longer than ctx
// and Config.PreambleTimeout allow.
func (m *Mux) introduce(ctx context.Context, conn *secured, address string, protocol Protocol, version uint8) error {
	if err := conn.SetDeadline(m.introduceBy(ctx)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	hello := preamble{version: version, protocol: protocol, cluster: m.cluster}
	if self := m.introduction(address, version); self != nil {
		hello.self = *self
	}
	if err := writePreamble(conn, hello); err != nil {
		return err
	}
	who, err := readAnswer(conn)
	if err != nil {
		if conn.holdAgainst(who) == nil {
			m.tell(address, who, err)
		}
		return err
	}
	if err := conn.holdAgainst(who); err != nil {
		return err
	}
	m.met(address, who)
	if err := m.verify(protocol, who); err != nil {
		return err
	}
	if who != nil {
		conn.answers = *who
	}
	if conn.answers.Incarnation.IsZero() {
		conn.answers.Incarnation = conn.certified.Incarnation
	}
	if !stop() {
		return ctx.Err()
	}
	return conn.SetDeadline(time.Time{})
}

// introduceBy is until when an introduction is to be over.
func (m *Mux) introduceBy(ctx context.Context) time.Time {
	deadline := time.Now().Add(m.cfg.PreambleTimeout)
	if at, ok := ctx.Deadline(); ok && at.Before(deadline) {
		return at
	}
	return deadline
}
