// Owngateway adds a door to a node: a line of text is an order.
//
//	<credential> buy|sell <quantity> <price> <id>
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/examples/desk"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "rialto")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	address := make(chan string, 1)
	n, err := desk.Open(ctx, dir, node.WithGateway("lines", func(ctx context.Context, v *gateways.Venue) (gateways.Gateway, error) {
		g, err := open(ctx, v)
		if err == nil {
			address <- g.listener.Addr().String()
		}
		return g, err
	}))
	if err != nil {
		return err
	}
	defer n.Close(ctx) //nolint:errcheck // the process ends

	conn, err := net.Dial("tcp", <-address)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // the process ends
	answers := bufio.NewScanner(conn)
	for _, line := range []string{
		"bob.secret sell 1 50000 b1",
		"alice.secret buy 0.4 50100 a1",
		"alice.secret buy 0.4 50100 a1", // the same once more: the same answer, and nothing is bought twice
		"alice.secret buy 1000 50000 a2",
		"mallory.secret buy 1 50000 m1",
	} {
		fmt.Fprintln(conn, line)
		if !answers.Scan() {
			return io.ErrUnexpectedEOF
		}
		fmt.Fprintln(out, answers.Text())
	}
	return nil
}

// lines is the gateway.
type lines struct {
	venue    *gateways.Venue
	listener net.Listener
	stop     context.Context // the node's end
	clients  sync.WaitGroup
	count    atomic.Int64
}

func open(ctx context.Context, v *gateways.Venue) (*lines, error) {
	l, err := v.Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &lines{venue: v, listener: l, stop: ctx}, nil
}

// Serve implements gateways.Gateway; likewise below.
func (g *lines) Serve() error {
	for {
		conn, err := g.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return err
		}
		g.count.Add(1)
		g.clients.Go(func() {
			defer g.count.Add(-1)
			defer conn.Close() //nolint:errcheck // the client is gone
			defer context.AfterFunc(g.stop, func() { _ = conn.Close() })()
			for in := bufio.NewScanner(conn); in.Scan(); {
				fmt.Fprintln(conn, g.answer(in.Text()))
			}
		})
	}
}

// answer does what a line asks for, in the name of whose credential it shows.
func (g *lines) answer(line string) string {
	words := strings.Fields(line)
	if len(words) != 5 {
		return "not five words"
	}
	caller, err := g.venue.Authenticate(words[0])
	if err != nil {
		return err.Error()
	}
	order, err := order(words[0], words[1], words[2], words[3])
	if err != nil {
		return err.Error()
	}
	results, err := caller.Submit(g.stop, gateways.Request{ID: words[4], Body: order})
	if err != nil {
		return err.Error()
	}
	if refused := results[0].Refused(); refused != nil {
		return fmt.Sprintf("refused: %v", refused.Code)
	}
	done := "taken"
	for _, e := range results[0].Events {
		if filled, ok := e.Data.(*gateways.OrderFilled); ok {
			fill := filled.Fill
			done = fmt.Sprintf("filled %s at %s", market.FormatFixed(int64(fill.Quantity), fill.QuantityDigits), market.FormatFixed(int64(fill.Price), fill.PriceDigits))
		}
	}
	if results[0].Repeated {
		done += ", as said before"
	}
	return done
}

func order(credential, side, quantity, price string) (*command.PlaceOrder, error) {
	account, _, _ := strings.Cut(credential, ".") // here an account is named like its key
	q, err := market.ParseDecimal(quantity)
	if err != nil {
		return nil, err
	}
	p, err := market.ParseDecimal(price)
	if err != nil {
		return nil, err
	}
	s, ok := market.ParseSide(side)
	if !ok {
		return nil, fmt.Errorf("%q is no side", side)
	}
	return &command.PlaceOrder{
		Account: account, Instrument: "BTC-USD", Side: s, Type: market.Limit,
		Quantity: command.Optional{Set: true, Value: q}, Price: command.Optional{Set: true, Value: p},
	}, nil
}

// Drain has nothing to say: clients see the connection end.
func (g *lines) Drain(context.Context) {}

// Shutdown waits for the clients, whose connections end with the node.
func (g *lines) Shutdown(context.Context) error {
	_ = g.listener.Close() // the second time is no error of anybody's
	g.clients.Wait()
	return nil
}

// Status says how many clients there are.
func (g *lines) Status() gateways.GatewayStatus {
	return gateways.GatewayStatus{Connections: int(g.count.Load())}
}
