// Ownview adds a read model to a node: how much was traded of each instrument,
// now and at any point of the past.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/examples/desk"
	"github.com/rialto-exchange/rialto/readmodels"
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
	view := &volumes{}
	n, err := desk.Open(ctx, dir, node.WithReadModel(view))
	if err != nil {
		return err
	}
	defer n.Close(ctx) //nolint:errcheck // the process ends

	var after []market.Sequence // the sequence after each trade
	for i, quantity := range []string{"0.5", "0.25"} {
		if _, err := desk.Do(ctx, n, fmt.Sprintf("sell-%d", i), desk.Limit("bob", market.Sell, quantity, "50000")); err != nil {
			return err
		}
		last, err := desk.Do(ctx, n, fmt.Sprintf("buy-%d", i), desk.Limit("alice", market.Buy, quantity, "50000"))
		if err != nil {
			return err
		}
		after = append(after, last)
	}
	if err := n.ReadModel(view.Name()).Wait(ctx, after[1]); err != nil {
		return err
	}
	for i, at := range after {
		traded, err := view.Traded("BTC-USD", at)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "after %d trades: %s BTC\n", i+1, market.FormatFixed(int64(traded), 4))
	}
	return nil
}

// volumes is the view.
type volumes struct{ reader readmodels.Reader }

// Name implements readmodels.View; likewise below.
func (*volumes) Name() string { return "volumes" }

// Format changes when the bytes below mean something else.
func (*volumes) Format() uint32 { return 1 }

// Open has nothing to load: everything is in the store.
func (v *volumes) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	v.reader = r
	return cursor, nil
}

// Fold adds a block's trades. What it reads is from before the block; what it
// writes holds from the trade's sequence on.
func (v *volumes) Fold(b *event.Block, w readmodels.Writer) error {
	traded := map[string]market.Quantity{} // by this block, on top of the past
	for e := range b.Events {
		fill, ok := e.Record.(*event.Fill)
		if !ok || e.Type != event.TypeTradeExecuted {
			continue
		}
		instrument := fill.Taker.Instrument
		sum, known := traded[instrument]
		if !known {
			var err error
			if sum, err = read(w.Past(), instrument, b.First-1); err != nil {
				return err
			}
		}
		traded[instrument] = sum + fill.Quantity
		w.Set([]byte(instrument), binary.BigEndian.AppendUint64(nil, uint64(traded[instrument])), e.Sequence)
	}
	return nil
}

// Traded returns how much of an instrument was traded up to a sequence.
func (v *volumes) Traded(instrument string, at market.Sequence) (market.Quantity, error) {
	return read(v.reader, instrument, at)
}

func read(r readmodels.Reader, instrument string, at market.Sequence) (market.Quantity, error) {
	value, _, err := r.Get([]byte(instrument), at)
	switch {
	case errors.Is(err, readmodels.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(value) != 8:
		return 0, r.Noticed(readmodels.ErrDamaged)
	}
	return market.Quantity(binary.BigEndian.Uint64(value)), nil
}
