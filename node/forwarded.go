package node

import (
	"context"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// checkForwarded looks at what another node sends to be ordered. Once a command
// is in the log every node must execute it, so one that can't be read would stop
// them all: a sick neighbour, or a certificate in wrong hands, must not be able
// to order one. What it refuses is counted, and logged once a second.
func (n *Node) checkForwarded(ctx context.Context, commands [][]byte) error {
	level := n.sealingLevel()
	for i, encoded := range commands {
		if err := mayForward(encoded, level); err != nil {
			by, _ := peer.Caller(ctx)
			if n.misforwarded.count(time.Now()) {
				n.log.Error("a forwarded command was refused", "by", by.Node, "command", i, "of", len(commands),
					"error", err, "refused_so_far", n.misforwarded.all.Load())
			}
			return fmt.Errorf("forwarded command %d of %d: %w", i+1, len(commands), err)
		}
	}
	return nil
}

// mayForward says why no node could have had a command from one of its doors.
func mayForward(encoded []byte, level uint16) error {
	c, err := commandcodec.Decode(encoded)
	if err != nil {
		return err
	}
	switch kind := c.Body.Kind(); {
	case isLeaders(kind):
		return fmt.Errorf("kind %d is the leader's own", kind)
	case c.Source == market.SourceTimer || c.Source > market.SourceSystem:
		return fmt.Errorf("no command comes from source %d", c.Source)
	case c.Role > market.RoleAudit:
		return fmt.Errorf("there is no role %d", c.Role)
	}
	if needs := commandcodec.Needs(c); needs > level {
		return fmt.Errorf("%w: %d, in force is %d", commandcodec.ErrLevel, needs, level)
	}
	return nil
}

// isLeaders: the kinds that have no door. The leader gives them to its own
// sequencer, or they are written where no venue runs (restore, recover).
func isLeaders(k command.Kind) bool {
	switch k {
	case command.KindTermStart, command.KindRaiseLevel, command.KindBeginHistory, command.KindVoidEntry:
		return true
	}
	return false
}
