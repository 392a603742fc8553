package fix

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// take gives a connection its place, or closes it.
func (v *Server) take(conn net.Conn) {
	var place, out *ticket
	if !v.unfit.Load() && !v.draining.Load() && v.background.Err() == nil {
		place, out = v.limits.enter(prefixOf(conn.RemoteAddr()), conn)
	}
	if out != nil {
		v.metrics.refused("crowded out")
		_ = out.conn.Close()
	}
	if place == nil {
		v.metrics.refused("no place")
		_ = conn.Close()
		return
	}
	v.mu.Lock()
	v.conns[conn] = struct{}{}
	v.mu.Unlock()
	v.work.Go(func() {
		defer v.limits.leave(place)
		defer conn.Close()
		defer v.forget(conn)
		v.greet(conn, place)
	})
}

// forget takes a connection off the list of those that are not logged on.
func (v *Server) forget(conn net.Conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.conns, conn)
}

// greet leads a connection to its session, and stays until it is over.
func (v *Server) greet(socket net.Conn, place *ticket) {
	raw := newPatient(socket)
	ctx, cancel := context.WithTimeout(v.background, v.cfg.Limits.LogonTimeout)
	defer cancel()
	_ = raw.SetDeadline(time.Now().Add(v.cfg.Limits.LogonTimeout))
	conn := net.Conn(raw)
	if v.cfg.TLS != nil {
		encrypted := tls.Server(raw, v.cfg.TLS)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			v.metrics.refused("tls")
			return
		}
		conn = encrypted
	}
	in := newInlet(conn)
	message, err := in.first()
	if err != nil {
		v.metrics.refused("no logon")
		return
	}
	s, asked, refusal := v.admit(ctx, conn, in, message, place)
	if refusal != nil {
		v.metrics.refused(refusal.metric)
		v.tellRefused(raw.RemoteAddr(), message, refusal)
		if s != nil { // the journal may have begun it meanwhile
			v.release(s)
			defer s.hangUp(errUnknown)
		}
		v.turnAway(conn, message, refusal)
		return
	}
	v.limits.known(place)
	v.forget(socket)
	defer v.release(s)
	_ = conn.SetDeadline(time.Time{})
	v.serve(s, asked)
}

// tellRefused logs a refusal: one line a second for each reason, with how many
// there were since the last. Whoever knocks must not fill the log.
func (v *Server) tellRefused(remote net.Addr, logon *wire.Message, r *refusal) {
	v.mu.Lock()
	told := v.told[r.metric]
	told.count++
	count, tell := told.count, time.Since(told.at) >= refusedPause
	if tell {
		told = refusedLine{at: time.Now()}
	}
	v.told[r.metric] = told
	v.mu.Unlock()
	if tell {
		comp := text(logon, wire.SenderCompID)
		v.log.Info("logon refused", "comp_id", comp[:min(len(comp), maxLoggedID)], "remote", remote, "because", r.text, "since_last", count)
	}
}

// refusedLine is when a reason was last logged, and how often it was given since.
type refusedLine struct {
	at    time.Time
	count int
}

const (
	refusedPause = time.Second
	// maxLoggedID is how much of what a stranger calls himself is logged.
	maxLoggedID = 64
)

// turnAway answers a Logon with a Logout, if that has a number; else it says
// nothing, and the connection is closed.
func (v *Server) turnAway(conn net.Conn, logon *wire.Message, r *refusal) {
	if r.number == 0 {
		return
	}
	begin, comp := text(logon, wire.BeginString), text(logon, wire.SenderCompID)
	var b wire.Builder
	b.Begin(begin, "5", Venue, comp, r.number, v.now(), max(r.digits, 3))
	b.Text(wire.Text, r.text)
	_ = conn.SetWriteDeadline(time.Now().Add(goodbye))
	if _, err := conn.Write(b.Finish(nil)); err != nil {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	// What the client sends meanwhile is read, or closing would take the Logout
	// back.
	_ = conn.SetReadDeadline(time.Now().Add(refusedLinger))
	var rest [512]byte
	for range 64 {
		if _, err := conn.Read(rest[:]); err != nil {
			return
		}
	}
}

// refusedLinger is how long a client that was turned away has to hang up.
const refusedLinger = time.Second

// inlet reads messages from a socket.
type inlet struct {
	conn   net.Conn
	reader *wire.Reader
	// over is closed when nothing more is read for the engine.
	over    chan struct{}
	ending  sync.Once
	garbled int
}

// end says that nothing more is read.
func (in *inlet) end() { in.ending.Do(func() { close(in.over) }) }

func newInlet(conn net.Conn) *inlet {
	return &inlet{conn: conn, reader: wire.NewReader(conn, wire.MaxMessage), over: make(chan struct{})}
}

var errNoLogon = errors.New("the first message is no Logon")

// first returns the first message, which is a Logon or nothing.
func (in *inlet) first() (*wire.Message, error) {
	raw, err := in.reader.Next()
	if err != nil {
		return nil, err
	}
	m := &wire.Message{}
	if err := wire.Parse(append([]byte(nil), raw...), m); err != nil {
		return nil, err
	}
	if m.Type() != "A" {
		return nil, errNoLogon
	}
	return m, nil
}

// text returns a field as text, "" without it.
func text(m *wire.Message, tag wire.Tag) string {
	value, _ := m.Get(tag)
	return string(value)
}
