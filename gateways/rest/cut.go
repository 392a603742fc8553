package rest

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// sockets are the open connections of a server, so that they can be cut.
type sockets struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// note is the server's ConnState hook.
func (s *sockets) note(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		if s.open == nil {
			s.open = map[net.Conn]struct{}{}
		}
		s.open[conn] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(s.open, conn)
	case http.StateActive, http.StateIdle:
	}
}

// Cut closes every connection that is open, without waiting for what is under
// way on it: clients whose commands this node can't answer look for another
// node now instead of at their timeout. New connections are taken.
func (s *Server) Cut() {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	for conn := range s.sockets.open {
		if secured, ok := conn.(*tls.Conn); ok {
			conn = secured.NetConn() // whose Close does not wait for a goodbye
		}
		_ = conn.Close()
	}
}
