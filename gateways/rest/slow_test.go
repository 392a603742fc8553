package rest_test

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/gateways/rest"
)

// pipes is a listener of one connection that has no buffer: what is not read
// is not written.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// A reader that stops reading is closed after ten seconds; it holds nobody up.
func TestSlowReaderIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		v.grow(1000)
		ln := &pipes{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
		server, err := rest.NewServer(rest.ServerConfig{Handler: handler(t, v), Listener: ln})
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- server.Serve() }()

		client, theirs := net.Pipe()
		ln.conns <- theirs
		request := "GET /v1/streams/events?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key.ops.s.e\r\n\r\n"
		if _, err := io.WriteString(client, request); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(client, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second) // of the bubble's time: the reader idles
		rest, _ := io.ReadAll(client)
		if n := strings.Count(string(rest), "id: "); n == 1000 {
			t.Error("the slow reader got everything")
		}
		if n := server.Connections(); n != 0 {
			t.Errorf("%d connections left", n)
		}
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// A quiet stream has a heartbeat every fifteen seconds, and ends when its key
// is withdrawn.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		h := handler(t, v)
		ctx, cancel := context.WithTimeout(t.Context(), 31*time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, "GET", "http://127.0.0.1/v1/streams/events", nil)
		r.RemoteAddr = "127.0.0.1:5000"
		w := httptest.NewRecorder()
		ended := make(chan struct{})
		go func() { h.ServeHTTP(w, r); close(ended) }()
		<-ended
		if n := strings.Count(w.Body.String(), ": heartbeat\n"); n != 2 {
			t.Errorf("%d heartbeats in 31 s, want 2: %q", n, w.Body)
		}

		w = httptest.NewRecorder()
		r = r.WithContext(t.Context())
		began := time.Now()
		ended = make(chan struct{})
		go func() { h.ServeHTTP(w, r); close(ended) }()
		synctest.Wait()
		v.mu.Lock()
		v.demo = false
		v.mu.Unlock()
		<-ended
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("the stream of a withdrawn key ended after %v", took)
		}
	})
}
