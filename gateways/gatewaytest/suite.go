// Package gatewaytest is the suite that every gateway passes: it opens, takes
// clients, says how many they are, ends when it is told to and leaves nothing
// behind; and whatever comes through it comes from who has shown a credential.
package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/gateways"
)

// Case is a gateway under test.
type Case struct {
	// Open opens the gateway on the venue, so that it listens at the address.
	Open func(ctx context.Context, v *Venue, address string) (gateways.Gateway, error)
	// Order has a client with a credential place an order with a command id at
	// the gateway's address, and returns once it is answered: an error if it was
	// refused for its credential. nil: the gateway takes no orders.
	Order func(address, credential, id string) error
	// Package is the import path whose goroutines must be gone after Shutdown.
	Package string
}

// patience is how long the suite waits for what must come.
const patience = 20 * time.Second

// Run runs the suite.
func Run(t *testing.T, c Case) {
	t.Run("an address that is taken", func(t *testing.T) { taken(t, c) })
	t.Run("shut down before it served", func(t *testing.T) { unserved(t, c) })
	t.Run("clients come and go", func(t *testing.T) { counted(t, c) })
	t.Run("drained", func(t *testing.T) { drained(t, c) })
	t.Run("shut down under clients", func(t *testing.T) { underClients(t, c) })
	t.Run("bytes that are no request", func(t *testing.T) { garbage(t, c) })
	if c.Order != nil {
		t.Run("who is who", func(t *testing.T) { identities(t, c) })
	}
}

// running is a gateway that serves.
type running struct {
	t       *testing.T
	venue   *Venue
	gateway gateways.Gateway
	address string
	served  chan error
	cancel  context.CancelFunc
}

// freeAddress is one that nobody listens at now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it was only tried
	return l.Addr().String()
}

func start(t *testing.T, c Case) *running {
	t.Helper()
	r := &running{t: t, venue: NewVenue(t), address: freeAddress(t), served: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	var err error
	if r.gateway, err = c.Open(ctx, r.venue, r.address); err != nil {
		cancel()
		t.Fatalf("open: %v", err)
	}
	go func() { r.served <- r.gateway.Serve() }()
	return r
}

// end shuts the gateway down and holds it to what Shutdown promises.
func (r *running) end(c Case) {
	r.t.Helper()
	defer r.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.gateway.Shutdown(ctx); err != nil {
		r.t.Errorf("shut down: %v", err)
	}
	r.ended(c)
}

// ended holds a gateway that was shut down to its word: Serve has returned nil,
// the port is free, no goroutine is left, and once more does no harm.
func (r *running) ended(c Case) {
	r.t.Helper()
	select {
	case err := <-r.served:
		if err != nil {
			r.t.Errorf("Serve returned %v after Shutdown", err)
		}
	case <-time.After(patience):
		r.t.Fatal("Serve does not return after Shutdown")
	}
	if err := r.gateway.Shutdown(context.Background()); err != nil {
		r.t.Errorf("shut down once more: %v", err)
	}
	free(r.t, r.address)
	r.cancel()
	gone(r.t, c)
}

// free fails unless an address can be listened at again.
func free(t *testing.T, address string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Errorf("the port is not free: %v", err)
		return
	}
	_ = l.Close()
}

// gone fails if a goroutine of the gateway's package is left.
func gone(t *testing.T, c Case) {
	t.Helper()
	if c.Package == "" {
		return
	}
	var left string
	until(t, "its goroutines are gone", func() bool { left = goroutines(c.Package); return left == "" }, func() string { return left })
}

func goroutines(of string) string {
	buf := make([]byte, 1<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		created := strings.Contains(g, "created by "+of+".") || strings.Contains(g, "created by "+of+"/")
		if created && !strings.Contains(g, "testing.tRunner") {
			return g
		}
	}
	return ""
}

func until(t *testing.T, what string, ok func() bool, more func() string) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain until %s: %s", what, more())
		case <-tick.C:
		}
	}
}

func (r *running) connections(want int) {
	r.t.Helper()
	until(r.t, fmt.Sprintf("it has %d connections", want), func() bool { return r.gateway.Status().Connections == want },
		func() string { return fmt.Sprint(r.gateway.Status().Connections) })
}

func (r *running) dial() net.Conn {
	r.t.Helper()
	conn, err := net.DialTimeout("tcp", r.address, patience)
	if err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// taken: an address that is another's is an error of opening, which leaves
// nothing behind.
func taken(t *testing.T, c Case) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test's own
	ctx, cancel := context.WithCancel(context.Background())
	g, err := c.Open(ctx, NewVenue(t), l.Addr().String())
	cancel()
	if err == nil {
		_ = g.Shutdown(context.Background())
		t.Fatal("it opened at an address that is taken")
	}
	gone(t, c)
}

// unserved: what was opened and never served is ended all the same.
func unserved(t *testing.T, c Case) {
	address := freeAddress(t)
	ctx, cancel := context.WithCancel(context.Background())
	g, err := c.Open(ctx, NewVenue(t), address)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Shutdown(context.Background()); err != nil {
		t.Errorf("shut down: %v", err)
	}
	cancel()
	free(t, address)
	gone(t, c)
}

// counted: Status counts the connections.
func counted(t *testing.T, c Case) {
	r := start(t, c)
	defer r.end(c)
	a, b := r.dial(), r.dial()
	r.connections(2)
	_ = a.Close()
	r.connections(1)
	_ = b.Close()
	r.connections(0)
}

// drained: Drain ends with its context whatever clients do, and the gateway
// serves on.
func drained(t *testing.T, c Case) {
	r := start(t, c)
	defer r.end(c)
	silent := r.dial()
	defer silent.Close() //nolint:errcheck // the test's own
	r.connections(1)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	done := make(chan struct{})
	go func() { r.gateway.Drain(ctx); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("Drain does not end with its context")
	}
	select {
	case err := <-r.served:
		t.Fatalf("it serves no more once it is drained: %v", err)
	default:
	}
}

// underClients: Shutdown cuts who does not leave until its context ends.
func underClients(t *testing.T, c Case) {
	r := start(t, c)
	var clients []net.Conn
	for range 3 {
		clients = append(clients, r.dial())
	}
	r.connections(3)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		_ = r.gateway.Shutdown(ctx) // that it had to cut them may be an error
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("clients that stay keep it from ending")
	}
	for _, client := range clients {
		_ = client.SetReadDeadline(time.Now().Add(patience))
		_, err := client.Read(make([]byte, 1<<10))
		for err == nil {
			_, err = client.Read(make([]byte, 1<<10))
		}
		if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
			t.Error("a client is still connected")
		}
		_ = client.Close()
	}
	r.ended(c)
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// garbage: whatever comes, nothing is sent to the venue, and others are served.
func garbage(t *testing.T, c Case) {
	r := start(t, c)
	defer r.end(c)
	for _, bytes := range []string{"\x00\xff\xfe", strings.Repeat("A", 100_000), "\r\n\r\n\r\n", "8=FIX.4.4\x019=1\x01", "GET", "{\"id\":"} {
		conn := r.dial()
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write([]byte(bytes)) // it may be cut off meanwhile
		_ = conn.Close()
	}
	r.connections(0)
	if sent := r.venue.Sent(); len(sent) > 0 {
		t.Errorf("%d commands came of it", len(sent))
	}
	next := r.dial()
	r.connections(1)
	_ = next.Close()
}

// identities: a command is of whose credential was shown; without one, with a
// wrong secret, in the role of a reader, and once the key is withdrawn, none
// comes.
func identities(t *testing.T, c Case) {
	r := start(t, c)
	defer r.end(c)
	for _, s := range []struct{ credential, participant, actor string }{
		{Trader, "TRADER", "trader-key"}, {Rival, "RIVAL", "rival-key"},
	} {
		id := "of-" + s.participant
		if err := c.Order(r.address, s.credential, id); err != nil {
			t.Errorf("%s: %v", s.participant, err)
		}
		cmd := r.find(id)
		switch {
		case cmd == nil:
			t.Errorf("the order of %s did not come", s.participant)
		case cmd.Participant != s.participant || cmd.Actor != s.actor:
			t.Errorf("the order of %s came as %s's, by %s", s.participant, cmd.Participant, cmd.Actor)
		}
	}
	for what, credential := range map[string]string{"none": "", "a wrong secret": Nobody, "a reader's": Reader} {
		id := "refused-" + strings.ReplaceAll(what, " ", "-")
		if err := c.Order(r.address, credential, id); err == nil {
			t.Errorf("with %s credential: it was taken", what)
		}
		if r.find(id) != nil {
			t.Errorf("with %s credential: it came to the venue", what)
		}
	}
	r.venue.Withdraw("trader-key")
	if err := c.Order(r.address, Trader, "withdrawn"); err == nil || r.find("withdrawn") != nil {
		t.Error("a key that was withdrawn sends on")
	}
	if err := c.Order(r.address, Rival, "other"); err != nil {
		t.Errorf("and the key of another: %v", err)
	}
}

func (r *running) find(id string) *command.Command {
	for _, cmd := range r.venue.Sent() {
		if cmd.ID == id {
			return cmd
		}
	}
	return nil
}
