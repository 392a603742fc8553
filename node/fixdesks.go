package node

import (
	"context"

	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/posttrade"
)

// fixDesks are who answers what FIX clients ask and is no order: a new desk is
// a row here. They are closed after the door.
func (n *Node) fixDesks() fix.Desks {
	trades := posttrade.New(n.reads, n.reads)
	n.onClose("FIX desk for trades and positions", func(context.Context) error {
		trades.Close()
		return nil
	})
	return fix.Desks{trades}
}
