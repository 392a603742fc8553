package node

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/gateways"
)

// findInterval is how often a node looks for members that its gossip lacks.
const findInterval = time.Second

// findPeers brings the gossip together: through the configured addresses, and
// through the members of Raft's configuration, whose peer port tells their
// gossip address.
func (n *Node) findPeers(ctx context.Context) {
	every(ctx, findInterval, func() bool {
		if n.removed.Load() {
			return false // it belongs to nobody's gossip any more
		}
		alive := n.aliveInGossip()
		if len(alive) <= 1 && len(n.cfg.Join) > 0 {
			n.joinGossip(n.cfg.Join)
		}
		for _, m := range n.consensus.Members() {
			if string(m.ID) == n.cfg.NodeID || slices.Contains(alive, string(m.ID)) {
				continue
			}
			if address := n.gossipAddress(ctx, m.Address); address != "" {
				n.joinGossip([]string{address})
			}
		}
		return true
	})
}

func (n *Node) aliveInGossip() []string {
	var ids []string
	for _, p := range n.gossip.Members() {
		if p.State == membership.StateAlive {
			ids = append(ids, string(p.ID))
		}
	}
	return ids
}

func (n *Node) joinGossip(addresses []string) {
	if _, err := n.gossip.Join(addresses); err != nil {
		n.log.Debug("gossip found nobody", "addresses", addresses, "error", err)
	}
}

// gossipAddress asks a member for it; "" if it does not answer.
func (n *Node) gossipAddress(ctx context.Context, peerAddress string) string {
	asking, cancel := context.WithTimeout(ctx, twinTimeout)
	defer cancel()
	answer, err := n.control.Call(asking, peerAddress, callStatus, nil)
	if err != nil {
		return ""
	}
	var t gateways.TwinNode
	if json.Unmarshal(answer, &t) != nil {
		return ""
	}
	return t.GossipAddress
}
