package liveness

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// writeTimeout is how long another node may take to read what it is told;
// goodbyeTimeout the same for the last word, which nobody waits for.
const (
	writeTimeout   = time.Second
	goodbyeTimeout = 10 * time.Millisecond
)

// session is a connection that another node made to hear of this one.
type session struct {
	news  chan View     // capacity 1: the newest that it was not told yet
	beats chan struct{} // capacity 1: it is to be pinged

	mu   sync.Mutex // over a write
	conn net.Conn
}

// Serve tells another node what this one knows, until the connection ends.
func (w *Watch) Serve(ctx context.Context, conn net.Conn) {
	s := &session{conn: conn, news: make(chan View, 1), beats: make(chan struct{}, 1)}
	if !w.admit(s) {
		return
	}
	defer w.drop(s)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var b [64]byte
		for { // the caller says nothing
			if _, err := conn.Read(b[:]); err != nil {
				return
			}
		}
	}()
	defer func() { _ = conn.Close(); <-gone }()
	for {
		select {
		case <-ctx.Done():
			return
		case <-gone:
			return
		case v := <-s.news:
			if s.write(appendView(nil, v), writeTimeout) != nil {
				return
			}
		case <-s.beats:
			if s.write(appendPing(nil), writeTimeout) != nil {
				return
			}
		}
	}
}

// admit takes a session up and has it told what is known now.
func (w *Watch) admit(s *session) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.sessions[s] = struct{}{}
	if w.told.Node != "" {
		s.news <- w.told
	}
	return true
}

func (w *Watch) drop(s *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.sessions, s)
}

// tell tells all sessions what is new. A log that grows under a leader that is
// heard is no news. The caller holds the lock.
func (w *Watch) tell(v View) {
	same := v
	same.Last = w.told.Last
	if same == w.told && (v.Hears || v.Last == w.told.Last) {
		return
	}
	w.told = v
	for s := range w.sessions {
		select {
		case <-s.news:
		default:
		}
		s.news <- v
	}
}

func (s *session) write(frame []byte, allowed time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(allowed)); err != nil {
		return err
	}
	_, err := s.conn.Write(frame)
	return err
}

// Farewell tells all others that this node is about to be gone, so that they
// need not find out. Its sockets are to be closed next.
func (w *Watch) Farewell(cause cluster.Cause) {
	w.mu.Lock()
	var all []*session
	for s := range w.sessions {
		all = append(all, s)
	}
	w.mu.Unlock()
	frame := appendFarewell(nil, cause)
	var wait sync.WaitGroup
	for _, s := range all {
		wait.Go(func() { _ = s.write(frame, goodbyeTimeout) }) // they will see for themselves
	}
	wait.Wait()
}
