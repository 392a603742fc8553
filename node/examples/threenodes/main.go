// Threenodes runs a venue of three nodes in one process, closes the one that
// leads, and goes on with the other two.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
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
	nodes, err := found(ctx, dir)
	defer closeAll(ctx, nodes)
	if err != nil {
		return err
	}
	for i, body := range []command.Body{
		&command.DefineAsset{Asset: "USD", Scale: 6},
		&command.OpenAccount{Account: "alice"},
		&command.Deposit{Account: "alice", Money: command.Money{Asset: "USD", Value: desk.Decimal("100")}},
	} {
		if _, err := desk.Do(ctx, nodes[0], fmt.Sprintf("c%d", i), body); err != nil {
			return err
		}
	}
	leader := leading(nodes)
	if err := nodes[leader].Close(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "the leader is closed")
	one, other := nodes[(leader+1)%3], nodes[(leader+2)%3]
	last, err := desk.Do(ctx, one, "more", &command.Deposit{Account: "alice", Money: command.Money{Asset: "USD", Value: desk.Decimal("0.50")}})
	if err != nil {
		return err
	}
	at, err := other.Reads().Wait(ctx, last)
	if err != nil {
		return err
	}
	balance, err := other.Reads().Balance(at, "alice", "USD")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "alice has", market.FormatFixed(int64(balance.Value.Total), balance.Value.Scale), "USD")
	return nil
}

// found opens three nodes that found a venue together: on sockets that are bound
// before, so that each can be told where the others are.
func found(ctx context.Context, dir string) ([]*node.Node, error) {
	ids := []string{"n1", "n2", "n3"}
	peers := make([]net.Listener, len(ids))
	var founders []node.InitialMember
	for i, id := range ids {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		peers[i] = l
		founders = append(founders, node.InitialMember{ID: id, PeerAddress: l.Addr().String()})
	}
	nodes, errs := make([]*node.Node, len(ids)), make([]error, len(ids))
	var opening sync.WaitGroup // each waits for the others
	for i, id := range ids {
		opening.Go(func() {
			cfg := desk.Config(id, dir)
			cfg.InitialCluster = founders
			nodes[i], errs[i] = node.Open(ctx, cfg, node.WithFounding(), node.WithListeners(node.Listeners{Peer: peers[i]}), node.WithoutFIX())
		})
	}
	opening.Wait()
	return nodes, errors.Join(errs...)
}

// leading returns which of the nodes leads.
func leading(nodes []*node.Node) int {
	leader := nodes[0].Operations().Twin().Leader
	for i, id := range []string{"n1", "n2", "n3"} {
		if id == leader {
			return i
		}
	}
	return 0
}

func closeAll(ctx context.Context, nodes []*node.Node) {
	for _, n := range nodes {
		if n != nil {
			_ = n.Close(ctx) // the second time does nothing
		}
	}
}
