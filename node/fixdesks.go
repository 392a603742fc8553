package node

import (
	"context"

	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/marketdata"
	"github.com/rialto-exchange/rialto/gateways/fix/posttrade"
	"github.com/rialto-exchange/rialto/gateways/fix/reference"
)

// fixDesks are who answers what FIX clients ask and is no order: a new desk is
// a row here. They are closed after the door.
func (n *Node) fixDesks(background context.Context) (fix.Desks, error) {
	trades := posttrade.New(n.reads, n.reads)
	n.onClose("FIX desk for trades and positions", func(context.Context) error {
		trades.Close()
		return nil
	})
	market, err := marketdata.New(marketdata.Config{
		NodeID: n.cfg.NodeID, Reads: n.reads, Blocks: n.reads,
		Logger: n.log.With("part", "fix market data"), Metrics: n.registry,
	})
	if err != nil {
		return nil, err
	}
	n.background.Go(func() { market.Run(background) })
	venue := reference.New(n.reads, n.reads, n.log.With("part", "fix reference data"))
	n.background.Go(func() { venue.Run(background) })
	return fix.Desks{market, venue, trades}, nil
}
