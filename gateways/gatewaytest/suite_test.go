package gatewaytest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/gatewaytest"
)

// lines is the smallest honest gateway: each connection says its credential in
// the first line, and in each further one the id of an order.
type lines struct {
	venue    *gateways.Venue
	listener net.Listener
	clients  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	ended bool
}

func open(_ context.Context, v *gatewaytest.Venue, address string) (gateways.Gateway, error) {
	venue := v.Gateways()
	l, err := venue.Listen(address)
	if err != nil {
		return nil, err
	}
	return &lines{venue: venue, listener: l, conns: map[net.Conn]struct{}{}}, nil
}

func (g *lines) Serve() error {
	for {
		conn, err := g.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if !g.enter(conn) {
			_ = conn.Close()
			continue
		}
		g.clients.Go(func() {
			defer g.leave(conn)
			g.talk(conn)
		})
	}
}

func (g *lines) enter(conn net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return false
	}
	g.conns[conn] = struct{}{}
	return true
}

func (g *lines) leave(conn net.Conn) {
	_ = conn.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, conn)
}

func (g *lines) talk(conn net.Conn) {
	in := bufio.NewScanner(io.LimitReader(conn, 1<<16))
	if !in.Scan() {
		return
	}
	caller, err := g.venue.Authenticate(in.Text())
	if err != nil {
		_, _ = fmt.Fprintln(conn, "NO", err)
		return
	}
	_, _ = fmt.Fprintln(conn, "WELCOME")
	for in.Scan() {
		results, err := caller.Submit(context.Background(), gateways.Request{
			ID:   in.Text(),
			Body: &command.PlaceOrder{Account: "trader", Instrument: "BTC-USD", Side: market.Buy, Type: market.Limit},
		})
		if err != nil {
			_, _ = fmt.Fprintln(conn, "NO", err)
			continue
		}
		_, _ = fmt.Fprintln(conn, "DONE", results[0].Kind)
	}
}

func (g *lines) Drain(context.Context) {}

func (g *lines) Shutdown(ctx context.Context) error {
	g.mu.Lock()
	g.ended = true
	g.mu.Unlock()
	_ = g.listener.Close()
	done := make(chan struct{})
	go func() { g.clients.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		g.mu.Lock()
		for conn := range g.conns {
			_ = conn.Close()
		}
		g.mu.Unlock()
		<-done
	}
	return nil
}

func (g *lines) Status() gateways.GatewayStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	return gateways.GatewayStatus{Connections: len(g.conns)}
}

func order(address, credential, id string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // the test's own
	in := bufio.NewScanner(conn)
	_, _ = fmt.Fprintf(conn, "%s\n%s\n", credential, id)
	for in.Scan() {
		switch answer := in.Text(); {
		case strings.HasPrefix(answer, "NO"):
			return errors.New(answer)
		case strings.HasPrefix(answer, "DONE"):
			return nil
		}
	}
	return io.ErrUnexpectedEOF
}

// TestSuite runs the suite on the smallest gateway that passes it.
func TestSuite(t *testing.T) {
	gatewaytest.Run(t, gatewaytest.Case{
		Open: open, Order: order, Package: "github.com/rialto-exchange/rialto/gateways/gatewaytest_test",
	})
}
