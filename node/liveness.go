package node

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/liveness"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// openLiveness begins to watch the other voters' processes, so that a leader
// that dies is followed by another at once.
func (n *Node) openLiveness(context.Context, context.Context) error {
	states, stop := n.consensus.WatchLeadership()
	n.liveness = liveness.Open(liveness.Config{
		Self: cluster.NodeID(n.cfg.NodeID), Members: n.consensus.Members, Own: n.outlook,
		Dial: func(ctx context.Context, address string) (net.Conn, error) {
			return n.mux.Dial(ctx, address, peer.ProtocolLiveness)
		},
		Campaign: n.consensus.Campaign,
		Silence:  n.cfg.Consensus.HeartbeatTimeout,
		Changed:  states,
		Logger:   n.log.With("part", "liveness"),
	})
	n.mux.Handle(peer.ProtocolLiveness, n.liveness.Serve)
	n.onClose("liveness", func(context.Context) error { n.liveness.Close(); stop(); return nil })
	return nil
}

// raftBehind is how much later than a follower that sees a silent leader Raft
// itself gives it up, and a leader its lead without a majority's answer.
//
// The followers hear of the leader's process on connections that wait for no
// disk. What is left for Raft is a leader whose process runs and who leads no
// more, and it hears of that behind the appends to everybody's log: a follower's
// disk that takes half a second for one must not cost the leader its lease.
const raftBehind = 6

// raftTimeout is Raft's own timeout.
func (c *Config) raftTimeout() time.Duration {
	if c.Consensus.AcceleratedElection {
		return raftBehind * c.Consensus.HeartbeatTimeout
	}
	return c.Consensus.HeartbeatTimeout
}

// outlook is what this node knows of its part in an election. One whose own
// disk hangs, or that is going, leaves it to the others.
func (n *Node) outlook() liveness.Own {
	o := n.consensus.Outlook()
	return liveness.Own{
		Term: o.Term, Leader: o.Leader, Heard: o.Heard, Taking: o.Taking,
		Follows: o.Follows,
		MayLead: n.cfg.Consensus.AcceleratedElection && o.MayLead && n.isFit(),
		Last:    liveness.LogEnd{Term: o.LastTerm, Index: o.LastIndex},
	}
}

// isFit reports whether this node would lead as well as another.
func (n *Node) isFit() bool {
	return n.writes.Stalled() == 0 && !n.draining.Load() && !n.hasFailed() && n.ward.sick(n.cfg.NodeID) == ""
}

// sayFarewell tells the others that this node is about to be gone, if it leads
// and so keeps them waiting.
func (n *Node) sayFarewell(cause cluster.Cause) {
	select {
	case <-n.up:
	default:
		return // nothing is open that could lead
	}
	if n.consensus.Leadership().Leading {
		n.liveness.Farewell(cause)
	}
}

// causeOfEnd says what the others are told of an error that ends this node.
func causeOfEnd(err error) cluster.Cause {
	if errors.Is(err, cluster.ErrHung) {
		return cluster.CauseMute
	}
	return cluster.CauseFailed
}
