package node_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// teller is a program's gateway: "<credential> <account>" in a line, its balance
// of USD back.
type teller struct {
	venue    *gateways.Venue
	listener net.Listener
	clients  sync.WaitGroup
	count    atomic.Int64
	drained  chan struct{}
	serve    func() error // instead of its own, if it is set
	stop     context.Context
}

func openTeller(ctx context.Context, v *gateways.Venue) (gateways.Gateway, error) {
	l, err := v.Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &teller{venue: v, listener: l, drained: make(chan struct{}), stop: ctx}, nil
}

func (g *teller) Serve() error {
	if g.serve != nil {
		return g.serve()
	}
	for {
		conn, err := g.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		g.count.Add(1)
		g.clients.Go(func() {
			defer g.count.Add(-1)
			defer conn.Close() //nolint:errcheck // the client is gone, or it is told by that
			g.talk(conn)
		})
	}
}

func (g *teller) talk(conn net.Conn) {
	stop := context.AfterFunc(g.stop, func() { _ = conn.Close() })
	defer stop()
	for in := bufio.NewScanner(conn); in.Scan(); {
		credential, account, _ := strings.Cut(in.Text(), " ")
		_, _ = fmt.Fprintln(conn, g.answer(credential, account))
	}
}

func (g *teller) answer(credential, account string) string {
	caller, err := g.venue.Authenticate(credential)
	if err != nil {
		return "who are you?"
	}
	b, err := caller.Balance(caller.Now(), account, "USD")
	if err != nil {
		return err.Error()
	}
	return market.FormatFixed(int64(b.Value.Total), b.Value.Scale)
}

func (g *teller) Drain(context.Context) { close(g.drained) }
func (g *teller) Status() gateways.GatewayStatus {
	return gateways.GatewayStatus{Connections: int(g.count.Load())}
}
func (g *teller) Shutdown(context.Context) error {
	_ = g.listener.Close()
	g.clients.Wait()
	return nil
}

// banked is a node with two participants, an account each and a teller.
func banked(t *testing.T, options ...node.Option) *node.Node {
	t.Helper()
	n := openNode(t, unbound(t, "n1"), append(options, node.WithFounding())...)
	ready(t, n)
	admin(t, n, "usd", &command.DefineAsset{Asset: "USD", Scale: 6})
	for i, who := range []string{"ALICE", "BOB"} {
		account := strings.ToLower(who)
		admin(t, n, "p"+who, &command.DefineParticipant{
			Participant: who, Role: market.RoleTrader, Accounts: []string{account},
			Keys: []command.Key{{ID: account, SecretHash: node.HashSecret("secret"), Role: market.RoleTrader}},
		})
		admin(t, n, "a"+who, &command.OpenAccount{Account: account})
		last := admin(t, n, "d"+who, &command.Deposit{
			Account: account, Money: command.Money{Asset: "USD", Value: market.Decimal{Units: int64(10 * (i + 1))}},
		})
		if _, err := n.Reads().Wait(t.Context(), last); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func admin(t *testing.T, n *node.Node, id string, body command.Body) market.Sequence {
	t.Helper()
	out, err := n.Commands().Submit(t.Context(), []*command.Command{{
		Header: command.Header{ID: id, Role: market.RoleAdmin, Source: market.SourceSystem}, Body: body,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r := out[0].Group.Rejection(); r != nil {
		t.Fatalf("%T: %v %s", body, r.Code, r.Detail)
	}
	return out[0].Sequence
}

// gateway is one of a node's in its picture.
func gateway(n *node.Node, name string) gateways.TwinGateway {
	for _, g := range n.Operations().Twin().Nodes[0].Gateways {
		if g.Name == name {
			return g
		}
	}
	return gateways.TwinGateway{}
}

// TestWithGateway shows a program's door: it is in the node's picture beside REST
// and FIX, lets in who has a key, shows each his own, says goodbye, and is gone
// with the node.
func TestWithGateway(t *testing.T) {
	var opened *teller
	n := banked(t, node.WithGateway("teller", func(ctx context.Context, v *gateways.Venue) (gateways.Gateway, error) {
		g, err := openTeller(ctx, v)
		opened, _ = g.(*teller)
		return g, err
	}))
	at := gateway(n, "teller")
	if at.State != "up" || at.Address != opened.listener.Addr().String() {
		t.Fatalf("in the picture it is %+v", at)
	}
	conn, err := net.Dial("tcp", at.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewScanner(conn)
	for said, want := range map[string]string{
		"alice.secret alice":      "10.000000",
		"bob.secret bob":          "20.000000",
		"alice.secret bob":        "forbidden",
		"alice.secret nobody":     "forbidden",
		"alice.wrong alice":       "who are you?",
		"carol.secret alice":      "who are you?",
		"alice.secret venue:fees": "forbidden",
	} {
		_, _ = fmt.Fprintln(conn, said)
		if !in.Scan() || in.Text() != want {
			t.Errorf("%q is answered %q, want %q", said, in.Text(), want)
		}
	}
	eventually(t, "it shows its client", func() bool { return gateway(n, "teller").Connections == 1 })
	closeNode(t, n)
	<-opened.drained
	if in.Scan() || in.Err() != nil && !errors.Is(in.Err(), net.ErrClosed) && !strings.Contains(in.Err().Error(), "reset") {
		t.Errorf("after the end: %q, %v", in.Text(), in.Err())
	}
	if _, err := net.Dial("tcp", at.Address); err == nil {
		t.Error("its port is still open")
	}
}

// TestGatewayIsDown shows doors that fail and panic while they serve: the node
// says so and goes on.
func TestGatewayIsDown(t *testing.T) {
	for what, serve := range map[string]func() error{
		"fails":  func() error { return io.ErrUnexpectedEOF },
		"panics": func() error { panic("a defect of the program's") },
	} {
		t.Run(what, func(t *testing.T) {
			n := banked(t, node.WithGateway("teller", func(ctx context.Context, v *gateways.Venue) (gateways.Gateway, error) {
				g, err := openTeller(ctx, v)
				g.(*teller).serve = serve
				return g, err
			}))
			defer closeNode(t, n)
			findings(t, n, "gateway_down", "teller", true)
			if g := gateway(n, "teller"); g.State != "down" {
				t.Errorf("it is %s", g.State)
			}
			ready(t, n)
			select {
			case err := <-n.Fatal():
				t.Errorf("the node ends: %v", err)
			default:
			}
		})
	}
}

// TestGatewayRefused shows what is no gateway to add, and that nothing of the
// node is left then.
func TestGatewayRefused(t *testing.T) {
	many := make([]node.Option, node.MaxGateways+1)
	for i := range many {
		many[i] = node.WithGateway(fmt.Sprintf("g%d", i), openTeller)
	}
	for what, options := range map[string][]node.Option{
		"the name of one of the node's": {node.WithGateway("rest", openTeller)},
		"a name twice":                  {node.WithGateway("x", openTeller), node.WithGateway("x", openTeller)},
		"no name":                       {node.WithGateway("", openTeller)},
		"an error":                      {node.WithGateway("x", func(context.Context, *gateways.Venue) (gateways.Gateway, error) { return nil, io.EOF })},
		"nothing":                       {node.WithGateway("x", func(context.Context, *gateways.Venue) (gateways.Gateway, error) { return nil, nil })},
		"a panic":                       {node.WithGateway("x", func(context.Context, *gateways.Venue) (gateways.Gateway, error) { panic("x") })},
		"one more than there may be":    many,
	} {
		sockets := bound(t)
		n, err := node.Open(t.Context(), unbound(t, "n1"), append(options, node.WithFounding(), node.WithListeners(sockets))...)
		if err == nil {
			closeNode(t, n)
			t.Errorf("%s: it was taken", what)
		}
		if _, err := sockets.HTTP.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: the node is still there: %v", what, err)
		}
	}
	n := openNode(t, unbound(t, "n1"), append(many[1:], node.WithFounding())...)
	ready(t, n)
	closeNode(t, n)
}

// TestGatewayConnections shows the bound of a program's gateway, at it and one
// past it: over all ports at which it listens, however many those are.
func TestGatewayConnections(t *testing.T) {
	var second string
	n := openNode(t, unbound(t, "n1"), node.WithFounding(), node.WithGateway("teller", func(ctx context.Context, v *gateways.Venue) (gateways.Gateway, error) {
		g, err := openTeller(ctx, v)
		if err != nil {
			return nil, err
		}
		beside, err := v.Listen("127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		second = beside.Addr().String()
		return &twoDoors{teller: g.(*teller), beside: &teller{venue: v, listener: beside, drained: make(chan struct{}), stop: ctx}}, nil
	}))
	defer closeNode(t, n)
	doors := []string{gateway(n, "teller").Address, second}
	var conns []net.Conn
	for i := range node.MaxGatewayConnections {
		conn, err := net.Dial("tcp", doors[i%2])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	answered := func(conn net.Conn) bool {
		_, _ = fmt.Fprintln(conn, "x y")
		return bufio.NewScanner(conn).Scan()
	}
	for _, conn := range conns[len(conns)-2:] {
		if !answered(conn) {
			t.Error("the last that there may be is not answered")
		}
	}
	for _, at := range doors {
		beyond, err := net.Dial("tcp", at)
		if err == nil {
			if answered(beyond) {
				t.Errorf("one more is answered at %s", at)
			}
			_ = beyond.Close()
		}
	}
	_ = conns[0].Close()
	eventually(t, "there is room again at the other port", func() bool {
		conn, err := net.Dial("tcp", second)
		if err != nil {
			return false
		}
		defer conn.Close()
		return answered(conn)
	})
}

// twoDoors is a teller at two ports.
type twoDoors struct {
	*teller
	beside *teller
}

func (g *twoDoors) Serve() error {
	g.clients.Go(func() { _ = g.beside.Serve() }) // it ends with its port
	return g.teller.Serve()
}

func (g *twoDoors) Shutdown(ctx context.Context) error {
	return errors.Join(g.beside.Shutdown(ctx), g.teller.Shutdown(ctx))
}
