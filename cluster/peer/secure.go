package peer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// ErrUncertified: one end has no certificate that the other believes, or says
// that it is somebody else than its certificate does.
var ErrUncertified = errors.New("node is not certified to be who it says")

// Security has every connection encrypted, and who is at either end proven by
// certificates, before the preamble.
type Security struct {
	// TLS is used at both ends; it verifies the other end's certificate.
	TLS *tls.Config
	// Verify says whom the other end's certificate names, if that one is to be
	// believed now. It is asked after the handshake, and by Mux.Reverify.
	Verify func(tls.ConnectionState) (cluster.Enrolment, error)
	// Open lets in those without certificates too, and calls those that have
	// none without: while a cluster goes from one to the other.
	Open bool
	// At names the member that is to be found at an address, "" if none is. One
	// that is called there and proves to be another is not believed; nil asks
	// for nothing.
	At func(address string) cluster.NodeID
}

// tlsRecord is the first byte of a TLS handshake. A preamble begins with 'R'.
const tlsRecord = 0x16

// plainMemory is for how long an address is called without TLS after it proved
// to know none.
const plainMemory = 5 * time.Second

// maxPlain bounds the addresses that are remembered so.
const maxPlain = 64

// plainPeers remembers where no TLS is spoken.
type plainPeers struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (p *plainPeers) known(address string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.until[address])
}

func (p *plainPeers) note(address string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until == nil || len(p.until) >= maxPlain {
		p.until = map[string]time.Time{}
	}
	p.until[address] = now.Add(plainMemory)
}

// secured is a connection between peers: TCP, or TLS on it. Reading and writing
// go through TLS; all else is TCP's, so that closing never waits for a last
// word that the other end does not read.
type secured struct {
	net.Conn          // TCP
	stream   net.Conn // what is read and written; the same without TLS
	// certified is who is at the other end; its id is "" without TLS.
	certified cluster.Enrolment
	tls       func() tls.ConnectionState // nil without
	// answers is what the end that was called says of itself, with the incarnation
	// of its certificate where it keeps that to itself.
	answers cluster.Identity
}

// stillCertified reports whether the other end's certificate, if it has one, is
// still to be believed.
func (m *Mux) stillCertified(s *secured) bool {
	if s == nil || s.tls == nil {
		return true
	}
	who, err := m.cfg.Security.Verify(s.tls())
	return err == nil && who == s.certified
}

// Read reads. An end of TCP is the end: what is spoken here has lengths, and a
// cut is seen by them.
func (s *secured) Read(b []byte) (int, error) {
	n, err := s.stream.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// Write writes.
func (s *secured) Write(b []byte) (int, error) { return s.stream.Write(b) }

// greet finds out whether a caller speaks TLS and shakes hands with it. The
// caller has set a deadline.
func (m *Mux) greet(c *trackedConn) error {
	if m.cfg.Security == nil {
		c.safe = &secured{Conn: c.Conn, stream: c.Conn}
		return nil
	}
	in := bufio.NewReaderSize(c.Conn, preambleBytes)
	first, err := in.Peek(1)
	if err != nil {
		return err
	}
	begun := &prefixed{Conn: c.Conn, rest: in}
	if first[0] != tlsRecord {
		if !m.cfg.Security.Open {
			return fmt.Errorf("%w: it speaks no TLS", ErrUncertified)
		}
		c.safe = &secured{Conn: c.Conn, stream: begun}
		return nil
	}
	c.wordless = true // TLS tells it
	if c.place.stranger {
		if err := m.handshakes.wait(m.ctx, time.Now()); err != nil {
			return err
		}
	}
	if c.safe, err = m.shake(tls.Server(begun, m.cfg.Security.TLS), c.Conn); err == nil {
		c.wordless = false
	}
	return err
}

// prefixed reads what was looked at first.
type prefixed struct {
	net.Conn
	rest *bufio.Reader
}

func (p *prefixed) Read(b []byte) (int, error) {
	if p.rest.Buffered() > 0 {
		return p.rest.Read(b)
	}
	return p.Conn.Read(b)
}

func (m *Mux) shake(stream *tls.Conn, conn net.Conn) (*secured, error) {
	if err := stream.Handshake(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUncertified, err)
	}
	who, err := m.cfg.Security.Verify(stream.ConnectionState())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUncertified, err)
	}
	return &secured{Conn: conn, stream: stream, certified: who, tls: stream.ConnectionState}, nil
}

// reach connects to an address, by TLS if this node has certificates and the
// other is not known to have none.
func (m *Mux) reach(ctx context.Context, address string) (*secured, error) {
	conn, err := m.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	s := m.cfg.Security
	if s == nil || s.Open && m.plain.known(address, time.Now()) {
		return &secured{Conn: conn, stream: conn}, nil
	}
	safe, err := m.approach(ctx, conn)
	if err == nil {
		err = m.expect(address, safe.certified)
	}
	if err == nil {
		return safe, nil
	}
	_ = conn.Close()
	if !s.Open || !errors.Is(err, errNoTLS) {
		return nil, err
	}
	if conn, err = m.connect(ctx, address); err != nil {
		return nil, err
	}
	return &secured{Conn: conn, stream: conn}, nil
}

// isPlain reports whether a connection goes without TLS where it could have had
// it.
func (m *Mux) isPlain(s *secured) bool { return m.cfg.Security != nil && s.certified.ID == "" }

func (m *Mux) connect(ctx context.Context, address string) (net.Conn, error) {
	return m.cfg.Network.DialContext(ctx, "tcp", address)
}

// errNoTLS: the other end knows no TLS.
var errNoTLS = errors.New("it speaks no TLS")

// approach shakes hands with who was called.
func (m *Mux) approach(ctx context.Context, conn net.Conn) (*secured, error) {
	if err := conn.SetDeadline(m.introduceBy(ctx)); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	heard := &overheard{Conn: conn}
	s, err := m.shake(tls.Client(heard, m.cfg.Security.TLS), conn)
	if err != nil {
		return nil, heard.explain(err)
	}
	return s, nil
}

// overheard keeps the first bytes that the other end says: one that knows no
// TLS, or has no place, answers as it answers a preamble.
type overheard struct {
	net.Conn
	first []byte
}

func (o *overheard) Read(b []byte) (int, error) {
	n, err := o.Conn.Read(b)
	if missing := answerBytes - len(o.first); missing > 0 {
		o.first = append(o.first, b[:min(n, missing)]...)
	}
	return n, err
}

// explain says what a failed handshake means.
func (o *overheard) explain(err error) error {
	var other tls.RecordHeaderError
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF):
		// It may be dying, or it closed on what it can't read and its answer was
		// lost on the way.
		return fmt.Errorf("%w: %w", errNoTLS, err)
	case !errors.As(err, &other):
		return err
	}
	rest := make([]byte, answerBytes-len(o.first))
	_, _ = io.ReadFull(o.Conn, rest) // what is missing is zero
	_, answer := readAnswer(bytes.NewReader(append(o.first[:len(o.first):len(o.first)], rest...)))
	if answer == nil || errors.Is(answer, ErrNotPeer) {
		return fmt.Errorf("%w: %w: %w", ErrUncertified, errNoTLS, ErrNotPeer)
	}
	return answer
}

// expect holds who answered against who is to be found at an address.
func (m *Mux) expect(address string, who cluster.Enrolment) error {
	if m.cfg.Security.At == nil {
		return nil
	}
	if want := m.cfg.Security.At(address); want != "" && want != who.ID {
		return fmt.Errorf("%w: at the address of %s answers %s", ErrUncertified, want, who.ID)
	}
	return nil
}

// holdAgainst wants a node to say what its certificate says. One that keeps its
// incarnation to itself says nothing false.
func (s *secured) holdAgainst(who *cluster.Identity) error {
	switch {
	case s.certified.ID == "":
		return nil
	case who == nil:
		return fmt.Errorf("%w: it does not say who it is", ErrUncertified)
	case who.Node != s.certified.ID, !who.Incarnation.IsZero() && who.Incarnation != s.certified.Incarnation:
		return fmt.Errorf("%w: the certificate of %s says %s", ErrUncertified, s.certified.ID, who.Node)
	}
	return nil
}

type certifiedKey struct{}

// Certified returns whom the certificate of a handler's caller names; ok is
// false if it has none.
func Certified(ctx context.Context) (who cluster.Enrolment, ok bool) {
	who, ok = ctx.Value(certifiedKey{}).(cluster.Enrolment)
	return who, ok
}

func withCertified(ctx context.Context, who cluster.Enrolment) context.Context {
	if who.ID == "" {
		return ctx
	}
	return context.WithValue(ctx, certifiedKey{}, who)
}
