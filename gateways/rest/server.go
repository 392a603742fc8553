package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a server.
const (
	// DefaultMaxConnections is how many sockets are open at once; the next
	// waits to be accepted.
	DefaultMaxConnections = 20_000
	maxHeader             = 16 << 10
	headerTimeout         = 5 * time.Second
	idleTimeout           = 2 * time.Minute
	// writeTimeout is longer than a query may wait and a command be retried;
	// a stream sets its own for each write.
	writeTimeout = 60 * time.Second
)

// ServerConfig is how a handler is served.
type ServerConfig struct {
	Handler        *Handler
	Listener       net.Listener // required; closed by Shutdown
	CertFile       string       // both or neither
	KeyFile        string
	MaxConnections int // default: DefaultMaxConnections
	Logger         *slog.Logger
}

// Server serves a handler on a listener.
type Server struct {
	handler *Handler
	server  *http.Server
	ln      *boundedListener
	tls     bool
}

// NewServer returns a server; Serve runs it.
func NewServer(cfg ServerConfig) (*Server, error) {
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = DefaultMaxConnections
	}
	s := &Server{
		handler: cfg.Handler,
		ln:      &boundedListener{Listener: cfg.Listener, free: make(chan struct{}, cfg.MaxConnections), closed: make(chan struct{})},
		server: &http.Server{
			Handler:           cfg.Handler,
			ReadHeaderTimeout: headerTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeader,
		},
	}
	if cfg.Logger != nil {
		s.server.ErrorLog = slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug)
	}
	if cfg.CertFile == "" && cfg.KeyFile == "" {
		return s, nil
	}
	certificate, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("load TLS certificate: %w", err)
	}
	s.tls = true
	s.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	return s, nil
}

// Serve accepts connections until Shutdown, which it returns nil after.
func (s *Server) Serve() error {
	var err error
	if s.tls {
		err = s.server.ServeTLS(s.ln, "", "")
	} else {
		err = s.server.Serve(s.ln)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve HTTP: %w", err)
}

// Shutdown stops accepting, ends the streams, and waits for the requests in
// progress; when ctx ends first it cuts them.
func (s *Server) Shutdown(ctx context.Context) error {
	s.handler.Close()
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("drain HTTP: %w", err), s.server.Close())
	}
	return nil
}

// Connections returns how many sockets are open.
func (s *Server) Connections() int { return int(s.ln.open.Load()) }

// boundedListener accepts while fewer than cap(free) connections are open.
type boundedListener struct {
	net.Listener
	free   chan struct{} // holds one for each open connection, and for the one awaited
	open   atomic.Int64
	closed chan struct{}
	once   sync.Once
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	l.open.Add(1)
	return &boundedConn{Conn: c, listener: l}, nil
}

// Close implements net.Listener.
func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// boundedConn gives its place back when it is closed.
type boundedConn struct {
	net.Conn
	listener *boundedListener
	once     sync.Once
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.listener.open.Add(-1)
		<-c.listener.free
	})
	return err
}
