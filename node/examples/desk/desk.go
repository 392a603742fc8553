// Package desk (no promise) is a venue of one node for the examples beside it:
// BTC-USD, and two traders with money.
package desk

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
)

// Config is that of a node that listens on loopback, at ports that the system
// chooses, and keeps its data in a folder of dir.
func Config(id, dir string) node.Config {
	cfg := node.DefaultConfig()
	cfg.NodeID, cfg.DataDir = id, filepath.Join(dir, id)
	cfg.HTTPAddress, cfg.FIXAddress, cfg.PeerAddress, cfg.GossipAddress = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.InsecurePeers = true // nobody but this process reaches them
	cfg.BootstrapKey = "operator:" + node.HashSecret("secret")
	cfg.InitialCluster = []node.InitialMember{{ID: id, PeerAddress: cfg.PeerAddress}}
	return cfg
}

// Open founds the venue in an empty folder.
func Open(ctx context.Context, dir string, options ...node.Option) (*node.Node, error) {
	n, err := node.Open(ctx, Config("n1", dir), append(options, node.WithFounding())...)
	if err != nil {
		return nil, err
	}
	limits := &command.SetLimits{Scope: command.ScopeVenue} // without any every order is refused
	for i := range command.LimitCount {
		limits.Named[i], limits.Limits[i] = true, command.Limit{State: command.LimitUnlimited}
	}
	bodies := []command.Body{
		&command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2},
		&command.DefineAsset{Asset: "BTC", Scale: 8},
		&command.DefineInstrument{
			Instrument: "BTC-USD", Base: "BTC", Quote: "USD", PriceTick: Decimal("0.01"), QuantityStep: Decimal("0.0001"),
			ReferencePrice: Value("50000"),
		},
		limits,
	}
	for _, account := range []string{"alice", "bob"} {
		bodies = append(bodies,
			&command.DefineParticipant{
				Participant: account, Role: market.RoleTrader, Accounts: []string{account},
				Keys: []command.Key{{ID: account, Role: market.RoleTrader, SecretHash: node.HashSecret("secret")}},
			},
			&command.OpenAccount{Account: account, Participant: account},
			&command.Deposit{Account: account, Money: command.Money{Asset: "USD", Value: Decimal("100000")}},
			&command.Deposit{Account: account, Money: command.Money{Asset: "BTC", Value: Decimal("10")}},
		)
	}
	for i, body := range bodies {
		if _, err := Do(ctx, n, fmt.Sprintf("set-up-%d", i), body); err != nil {
			_ = n.Close(ctx) // the first error says more
			return nil, err
		}
	}
	if err := ready(ctx, n); err != nil {
		_ = n.Close(ctx)
		return nil, err
	}
	return n, nil
}

// ready waits until the node is fit to serve: until then its doors let nobody in.
func ready(ctx context.Context, n *node.Node) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for err := n.Operations().Ready(); err != nil; err = n.Operations().Ready() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the node is not ready: %w", err)
		case <-tick.C:
		}
	}
	return nil
}

// Do submits one command as the venue's administrator, and returns a sequence at
// which it can be read.
func Do(ctx context.Context, n *node.Node, id string, body command.Body) (market.Sequence, error) {
	outcomes, err := n.Commands().Submit(ctx, []*command.Command{{
		Header: command.Header{ID: id, Role: market.RoleAdmin, Source: market.SourceSystem}, Body: body,
	}})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", id, err)
	}
	o := outcomes[0]
	if o.Kind != event.OutcomeExecuted && o.Kind != event.OutcomeRepeat {
		return 0, fmt.Errorf("%s: %v", id, o.Kind)
	}
	if o.Group != nil {
		if r := o.Group.Rejection(); r != nil {
			return 0, fmt.Errorf("%s: %v: %s", id, r.Code, r.Detail)
		}
	}
	return o.Sequence, nil
}

// Limit is a limit order for BTC-USD.
func Limit(account string, side market.Side, quantity, price string) *command.PlaceOrder {
	return &command.PlaceOrder{
		Account: account, Instrument: "BTC-USD", Side: side, Type: market.Limit, Quantity: Value(quantity), Price: Value(price),
	}
}

// Decimal is a number that stands in the program.
func Decimal(s string) market.Decimal {
	d, err := market.ParseDecimal(s)
	if err != nil {
		panic(err) // a mistake of the program's
	}
	return d
}

// Value is Decimal where a number may be left out.
func Value(s string) command.Optional { return command.Optional{Set: true, Value: Decimal(s)} }
