package node_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
)

// A program runs a node in its own process, submits commands and reads the
// views, without the network in between.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "rialto")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	cfg := node.DefaultConfig()
	cfg.NodeID, cfg.DataDir = "n1", dir
	// Port 0 is any that is free: n.Addresses says which.
	cfg.HTTPAddress, cfg.FIXAddress, cfg.PeerAddress, cfg.GossipAddress = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.InsecurePeers = true // it is alone, and listens on loopback
	cfg.BootstrapKey = "operator:" + node.HashSecret("secret")
	cfg.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: cfg.PeerAddress}}
	n, err := node.Open(ctx, cfg, node.WithFounding()) // the first time, while data_dir is empty
	if err != nil {
		log.Fatal(err)
	}
	defer n.Close(ctx)

	do := func(id string, body command.Body) market.Sequence {
		outcomes, err := n.Commands().Submit(ctx, []*command.Command{{
			Header: command.Header{ID: id, Role: market.RoleAdmin, Source: market.SourceSystem}, Body: body,
		}})
		if err != nil {
			log.Fatal(err)
		}
		return outcomes[0].Sequence
	}
	do("asset", &command.DefineAsset{Asset: "USD", Scale: 6})
	do("open", &command.OpenAccount{Account: "alice"})
	last := do("deposit", &command.Deposit{
		Account: "alice", Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 12345, Digits: 2}},
	})

	pin, err := n.Reads().Wait(ctx, last)
	if err != nil {
		log.Fatal(err)
	}
	balance, err := n.Reads().Balance(pin, "alice", "USD")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("alice has", market.FormatFixed(int64(balance.Value.Total), balance.Value.Scale), "USD")
	// Output: alice has 123.450000 USD
}
