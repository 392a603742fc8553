// Bot follows the events of a venue and trades on them: whenever somebody sells
// to alice, it sells the same on for ten dollars more.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
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
	n, err := desk.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer n.Close(ctx) //nolint:errcheck // the process ends

	done := make(chan error, 1)
	go func() { done <- trade(ctx, n, out, 2) }()
	for i, o := range []*command.PlaceOrder{
		desk.Limit("alice", market.Buy, "1", "49000"),
		desk.Limit("bob", market.Sell, "0.25", "49000"),
		desk.Limit("bob", market.Sell, "0.5", "49000"),
	} {
		if _, err := desk.Do(ctx, n, fmt.Sprintf("order-%d", i), o); err != nil {
			return err
		}
	}
	return <-done
}

// errEnough ends the bot.
var errEnough = errors.New("enough")

// trade is the bot: it answers so many fills. The id of each of its orders comes
// from the event that it answers, so that one it has seen before, after it was
// started again, has it order nothing twice. A bot that is to go on where it was
// keeps the last sequence that it was done with.
func trade(ctx context.Context, n *node.Node, out io.Writer, fills int) error {
	const begin = 0
	err := n.Follow(ctx, begin, func(e gateways.Event) error {
		filled, ok := e.Data.(*gateways.OrderFilled)
		if !ok || filled.Order.Account != "alice" || filled.Order.Side != market.Buy {
			return nil
		}
		f := filled.Fill
		price := f.Price + 10*market.Price(market.Pow10(f.PriceDigits))
		quantity, at := market.FormatFixed(int64(f.Quantity), f.QuantityDigits), market.FormatFixed(int64(price), f.PriceDigits)
		if _, err := desk.Do(ctx, n, fmt.Sprintf("bot-%d", e.Sequence), desk.Limit("alice", market.Sell, quantity, at)); err != nil {
			return err
		}
		fmt.Fprintf(out, "bought %s, offers it at %s\n", quantity, at)
		if fills--; fills == 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
