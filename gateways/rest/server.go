package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of a server.
const (
	maxHeader     = 16 << 10
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	// writeTimeout is longer than a query may wait and a command be retried;
	// an answer and a stream set their own for each write.
	writeTimeout = 60 * time.Second
	// maxConcurrent is how many requests one HTTP/2 connection has under way.
	maxConcurrent = 100
)

// ServerConfig is how a handler is served.
type ServerConfig struct {
	Handler  *Handler
	Listener net.Listener // required; closed by Shutdown
	CertFile string       // both or neither
	KeyFile  string
	// MaxConnections bounds the open sockets; default: DefaultMaxConnections.
	MaxConnections int
	// MaxPerAddress bounds those of one remote address; default: half of
	// MaxConnections.
	MaxPerAddress int
	// MaxPerParticipant bounds the requests that are at work for one
	// participant, over connections that are not reserved; administrators count
	// by themselves. Default: half of MaxConnections.
	MaxPerParticipant int
	// ReservedConnections are accepted beyond both for health, metrics and
	// administrators; default: DefaultReservedConnections.
	ReservedConnections int
	Logger              *slog.Logger
}

// Server serves a handler on a listener.
type Server struct {
	handler *Handler
	server  *http.Server
	ln      *connections
	tls     bool
	sockets sockets
	served  atomic.Bool
}

// NewServer returns a server; Serve runs it.
func NewServer(cfg ServerConfig) (*Server, error) {
	s := &Server{
		handler: cfg.Handler,
		ln:      listen(cfg, cfg.Handler.metrics),
		server: &http.Server{
			Handler:           cfg.Handler,
			ReadHeaderTimeout: headerTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeader,
			ConnContext:       withConnection,
			HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxConcurrent},
		},
	}
	s.server.ConnState = func(conn net.Conn, state http.ConnState) {
		s.ln.follow(conn, state)
		s.sockets.note(conn, state)
	}
	cfg.Handler.metrics.watch(s.ln)
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
	s.served.Store(true)
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
	if !s.served.Load() { // then the library does not know the listener
		_ = s.ln.Close()
	}
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("drain HTTP: %w", err), s.server.Close())
	}
	return nil
}

// Connections returns how many sockets are open.
func (s *Server) Connections() int {
	ordinary, reserved := s.ln.counts()
	return ordinary + reserved
}
