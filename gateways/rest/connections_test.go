package rest_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/gateways/rest"
)

// long is how long a test on real sockets waits for what must come: the
// machine may be busy.
const long = 60 * time.Second

// open runs the gateway on a real socket with bounds of its own.
func open(t *testing.T, v *venue, cfg rest.ServerConfig) (address string, server *rest.Server) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener = ln
	if cfg.Handler == nil {
		cfg.Handler = handler(t, v)
	}
	if server, err = rest.NewServer(cfg); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), long)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), server
}

// raw is a client's socket.
type raw struct {
	net.Conn
	in *bufio.Reader
}

// dial connects from a loopback address of the test's choice ("" = any).
func dial(t testing.TB, address, from string) raw {
	t.Helper()
	d := net.Dialer{Timeout: long}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	c, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(long))
	return raw{c, bufio.NewReader(c)}
}

// send writes the head of a request, and its body if there is one.
func (c raw) send(t testing.TB, line, participant string, length int, body string) {
	t.Helper()
	head := line + " HTTP/1.1\r\nHost: x\r\n"
	if participant != "" {
		head += "Authorization: Bearer key." + participant + ".s.e\r\n"
	}
	if length > 0 {
		head += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", length)
	}
	if _, err := io.WriteString(c, head+"\r\n"+body); err != nil {
		t.Fatal(err)
	}
}

// answer reads one whole answer.
func (c raw) answer(t testing.TB) *http.Response {
	t.Helper()
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return r
}

// closed waits until the other end has closed.
func (c raw) closed(t testing.TB) {
	t.Helper()
	if _, err := io.Copy(io.Discard, c.in); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Fatalf("the connection is still open: %v", err)
	}
}

// until waits for a condition.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(long); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// A body that is announced and never comes does not hold the socket of a
// request that is refused: 300 of them are answered and closed at once.
func TestRefusedBodiesHoldNoSockets(t *testing.T) {
	v := newVenue()
	v.demo = false
	address, server := open(t, v, rest.ServerConfig{})
	began := time.Now()
	var all []raw
	for i := range 300 {
		c := dial(t, address, "")
		line := []string{
			"POST /v1/commands/orders/place", "POST /v1/commands", "GET /v1/queries/instruments",
			"POST /nowhere", "GET /healthz", "DELETE /v1/commands", "GET /metrics",
		}[i%7]
		c.send(t, line, "", 100, "{")
		all = append(all, c)
	}
	for i, c := range all {
		if r := c.answer(t); !r.Close {
			t.Fatalf("connection %d: %d without Connection: close", i, r.StatusCode)
		}
		c.closed(t)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("300 refusals took %v: somebody waited for the bodies", took)
	}
	until(t, "all places are free", func() bool { return server.Connections() == 0 })
}

// piped serves one connection that has no buffer, inside a bubble.
func piped(t *testing.T, h *rest.Handler) (client net.Conn, server *rest.Server) {
	t.Helper()
	ln := &pipes{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	server, err := rest.NewServer(rest.ServerConfig{Handler: h, Listener: ln})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := server.Serve(); err != nil {
			t.Error(err)
		}
	}()
	client, theirs := net.Pipe()
	ln.conns <- theirs
	return client, server
}

// What a client may keep a connection waiting for has a deadline each: the
// head of a request, all of its body, the next request.
func TestDeadlinesOfARequest(t *testing.T) {
	const head = "POST /v1/commands/orders/place HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key.p1.s.e\r\nContent-Type: application/json\r\n"
	for _, c := range []struct {
		name, sent string
		trickle    bool // a byte a second after it
		want       time.Duration
		answer     string
	}{
		{"nothing at all", "", false, 5 * time.Second, ""},
		{"half a head", head, false, 5 * time.Second, ""},
		{"a head by the byte", head + "X-Slow: ", true, 5 * time.Second, ""},
		{"no body, with a key", head + "Content-Length: 100\r\n\r\n", false, 10 * time.Second, "400"},
		{"a body by the byte", head + "Content-Length: 100\r\n\r\n", true, 10 * time.Second, "400"},
		{"chunks by the byte", head + "Transfer-Encoding: chunked\r\n\r\n64\r\n", true, 10 * time.Second, "400"},
		{"a whole request and no other", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", false, 2 * time.Minute, "200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := piped(t, handler(t, newVenue()))
				began := time.Now()
				var writing sync.WaitGroup
				writing.Go(func() {
					_, err := io.WriteString(client, c.sent)
					for err == nil && c.trickle {
						time.Sleep(time.Second)
						_, err = io.WriteString(client, " ")
					}
				})
				answer, _ := io.ReadAll(client)
				if took := time.Since(began); took < c.want || took > c.want+time.Second {
					t.Errorf("held for %v, want %v", took, c.want)
				}
				if c.answer == "" && len(answer) > 0 || !strings.HasPrefix(string(answer), strings.TrimRight("HTTP/1.1 "+c.answer, " ")) && c.answer != "" {
					t.Errorf("answer %q, want %q", answer, c.answer)
				}
				synctest.Wait()
				if n := server.Connections(); n != 0 {
					t.Errorf("%d connections left", n)
				}
				_ = client.Close()
				writing.Wait()
				if err := server.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// An answer that is not fetched is given up.
func TestSlowReaderOfAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := piped(t, handler(t, newVenue()))
		began := time.Now()
		if _, err := io.WriteString(client, "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for server.Connections() > 0 {
			time.Sleep(time.Second)
		}
		if took := time.Since(began); took > 21*time.Second {
			t.Errorf("a client that does not read held its connection for %v", took)
		}
		_ = client.Close()
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// Requests that are sent ahead are answered in their order.
func TestPipelinedRequests(t *testing.T) {
	address, _ := open(t, newVenue(), rest.ServerConfig{})
	c := dial(t, address, "")
	for range 20 {
		c.send(t, "GET /healthz", "", 0, "")
		c.send(t, "POST /v1/commands/orders/place", "p1", len(place), place)
		c.send(t, "GET /v1/queries/nothing", "p1", 0, "")
	}
	for i := range 60 {
		if got, want := c.answer(t).StatusCode, []int{200, 200, 404}[i%3]; got != want {
			t.Fatalf("answer %d: %d, want %d", i, got, want)
		}
	}
}

// Heads have a bound.
func TestHugeHead(t *testing.T) {
	address, _ := open(t, newVenue(), rest.ServerConfig{})
	c := dial(t, address, "")
	go func() {
		_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n")
		for err == nil {
			_, err = io.WriteString(c, "X-Filler: "+strings.Repeat("x", 1000)+"\r\n")
		}
	}()
	if got := c.answer(t).StatusCode; got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", got)
	}
	c.closed(t)
}

// stream opens an event stream, which is at work for as long as it lasts.
func stream(t *testing.T, address, from string) raw {
	t.Helper()
	c := dial(t, address, from)
	c.send(t, "GET /v1/streams/events", "p1", 0, "")
	r, err := http.ReadResponse(c.in, nil)
	if err != nil || r.StatusCode != 200 {
		t.Fatalf("stream: %v %v", r, err)
	}
	return c
}

// At the bound a newcomer gets a reserved place, where health, metrics and
// administrators are answered, each once, and all others are told to come
// again. When the reserved places are taken as well it is closed.
func TestFullNodeAnswersThoseWhoMustGetIn(t *testing.T) {
	address, server := open(t, newVenue(), rest.ServerConfig{MaxConnections: 3, MaxPerAddress: 3, MaxPerParticipant: 3, ReservedConnections: 2})
	var held []raw
	for range 3 {
		held = append(held, stream(t, address, "")) // the third is the bound
	}
	for _, c := range []struct {
		line, who string
		want      int
	}{
		{"GET /healthz", "", 200},
		{"GET /readyz", "", 200},
		{"GET /metrics", "", 200},
		{"GET /v1/cluster", "ops", 200},
		{"POST /v1/commands/orders/place", "ops", 200},
		{"GET /v1/streams/events", "ops", 429},
		{"POST /v1/commands/orders/place", "p1", 429},
		{"GET /v1/queries/instruments", "p1", 429},
	} {
		conn := dial(t, address, "")
		if strings.HasPrefix(c.line, "POST") {
			conn.send(t, c.line, c.who, len(place), place)
		} else {
			conn.send(t, c.line, c.who, 0, "")
		}
		r := conn.answer(t)
		if r.StatusCode != c.want || !r.Close {
			t.Errorf("%s as %q: %d, close %t; want %d, true", c.line, c.who, r.StatusCode, r.Close, c.want)
		}
		if c.want == 429 && r.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.line)
		}
		conn.closed(t)
		until(t, "the reserved place is free", func() bool { return server.Connections() == 3 })
	}

	dial(t, address, "")
	dial(t, address, "") // both reserved places, and silent
	until(t, "both are accepted", func() bool { return server.Connections() == 5 })
	last := dial(t, address, "")
	last.closed(t) // one past the last place

	_ = held[0].Close()
	until(t, "an ordinary place is free", func() bool { return server.Connections() <= 4 })
	c := dial(t, address, "")
	c.send(t, "GET /v1/queries/instruments", "p1", 0, "")
	if r := c.answer(t); r.StatusCode != 200 || r.Close {
		t.Errorf("in the place that became free: %d, close %t", r.StatusCode, r.Close)
	}
}

// One address can't take all places; the others' remain. The node that is full
// for everybody says so, and not that it is anybody's fault.
func TestPlacesOfAnAddress(t *testing.T) {
	address, server := open(t, newVenue(), rest.ServerConfig{MaxConnections: 3, MaxPerAddress: 2, MaxPerParticipant: 3})
	ask := func(from string) int {
		before := server.Connections()
		c := dial(t, address, from)
		c.send(t, "GET /v1/queries/instruments", "p1", 0, "")
		status := c.answer(t).StatusCode
		_ = c.Close()
		until(t, "the place is given back", func() bool { return server.Connections() <= before })
		return status
	}
	stream(t, address, "127.0.0.2")
	if got := ask("127.0.0.2"); got != 200 { // the second: at the bound
		t.Errorf("at the address's bound: %d", got)
	}
	stream(t, address, "127.0.0.2")
	if got := ask("127.0.0.2"); got != 429 {
		t.Errorf("one past the address's bound: %d", got)
	}
	if got := ask("127.0.0.3"); got != 200 {
		t.Errorf("another address: %d", got)
	}
	stream(t, address, "127.0.0.3")
	if got := ask("127.0.0.3"); got != 503 {
		t.Errorf("one past the node's bound: %d", got)
	}
}

// While 1,150 connections from one address keep the node waiting, for heads
// and for bodies, with keys and without, a trader with the same address
// trades, and health, metrics and an administrator are answered.
func TestTradingGoesOnUnderSlowSenders(t *testing.T) {
	address, server := open(t, newVenue(), rest.ServerConfig{MaxConnections: 256, MaxPerAddress: 128, ReservedConnections: 16})
	trader := dial(t, address, "127.0.0.2")
	trade := func(c raw) {
		t.Helper()
		c.send(t, "POST /v1/commands/orders/place", "p1", len(place), place)
		if r := c.answer(t); r.StatusCode != 200 {
			t.Fatalf("trade: %d", r.StatusCode)
		}
	}
	const slow = 1150
	for i := range slow {
		c := dial(t, address, "127.0.0.2")
		switch i % 3 {
		case 0:
			c.send(t, "POST /v1/commands/orders/place", "", 100, "{")
		case 1:
			c.send(t, "POST /v1/commands/orders/place", "p1", 100, "{")
		case 2:
			if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\n"); err != nil {
				t.Fatal(err)
			}
		}
		if i%50 == 0 {
			trade(trader)
			if n := server.Connections(); n > 256+16 {
				t.Fatalf("%d connections open", n)
			}
		}
	}
	for _, c := range []struct{ line, who string }{{"GET /healthz", ""}, {"GET /metrics", ""}, {"GET /v1/cluster", "ops"}, {"GET /readyz", ""}} {
		until(t, c.line+" is answered", func() bool {
			conn := dial(t, address, "127.0.0.2")
			conn.send(t, c.line, c.who, 0, "")
			r, err := http.ReadResponse(conn.in, nil)
			return err == nil && r.StatusCode == 200
		})
	}
	trade(trader)
	until(t, "a new connection of the same address trades", func() bool {
		c := dial(t, address, "127.0.0.2")
		c.send(t, "POST /v1/commands/orders/place", "p1", len(place), place)
		r, err := http.ReadResponse(c.in, nil)
		return err == nil && r.StatusCode == 200
	})
}

// Under TLS connections are counted, bounded and given back the same way, with
// either version of HTTP, and a handshake that never comes has a deadline.
func TestPlacesUnderTLS(t *testing.T) {
	certificate, key := selfSigned(t)
	address, server := open(t, newVenue(), rest.ServerConfig{
		MaxConnections: 2, MaxPerAddress: 2, MaxPerParticipant: 2, ReservedConnections: 1, CertFile: certificate, KeyFile: key,
	})
	client := func(h2 bool) *http.Client {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: h2}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, Timeout: long}
	}
	get := func(c *http.Client, path string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer key.p1.s.e")
		response, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	for i, h2 := range []bool{false, true} { // the second is at the bound
		if r := get(client(h2), "/v1/streams/events"); r.StatusCode != 200 || r.ProtoMajor != i+1 {
			t.Fatalf("stream %d: %s %s", i, r.Proto, r.Status)
		}
	}
	for _, h2 := range []bool{false, true} {
		if r := get(client(h2), "/v1/queries/instruments"); r.StatusCode != 429 {
			t.Errorf("one past the bound: %s %s", r.Proto, r.Status)
		}
		until(t, "the reserved place is free", func() bool { return server.Connections() == 2 })
		if r := get(client(h2), "/healthz"); r.StatusCode != 200 {
			t.Errorf("health: %s %s", r.Proto, r.Status)
		}
		until(t, "the reserved place is free", func() bool { return server.Connections() == 2 })
	}
	dial(t, address, "").closed(t) // no handshake, on the reserved place
}

// selfSigned returns the files of a certificate for this test.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", bytes)
}
