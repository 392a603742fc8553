package consensus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// Outlook is what a node knows of its part in an election.
type Outlook struct {
	Term   cluster.Term
	Leader cluster.NodeID // "" while unknown
	// Follows: Raft has it follow, so that it could stand for election now.
	Follows bool
	// MayLead: it has a vote and does not lead, and nothing keeps it from that.
	MayLead bool
	// LastTerm and LastIndex are of the last entry of its log.
	LastTerm  cluster.Term
	LastIndex cluster.Index
	// Taking: what the leader sent may still be on its way into the log.
	Taking bool
	// Heard is when it last heard of its leader; zero on a leader.
	Heard time.Time
}

// Outlook returns what this node knows now.
func (n *Node) Outlook() Outlook {
	state := n.readLeadership()
	o := Outlook{
		Term: state.Term, Leader: state.Leader,
		Follows: n.raft.State() == raft.Follower, MayLead: !state.Leading && n.mayLead() == nil,
	}
	o.LastTerm, o.LastIndex = n.lastEntry()
	if !state.Leading {
		o.Heard = n.raft.LastContact()
		o.Taking = o.Leader != "" && n.stream.hears(o.Leader)
	}
	return o
}

// lastEntry is the last one of Raft's log, or of its snapshot. Raft tells both
// of one moment in its statistics only.
func (n *Node) lastEntry() (cluster.Term, cluster.Index) {
	stats := n.raft.Stats()
	number := func(key string) uint64 {
		v, _ := strconv.ParseUint(stats[key], 10, 64) // Raft formats it
		return v
	}
	term, index := number("last_log_term"), number("last_log_index")
	if s := number("last_snapshot_index"); s > index {
		term, index = number("last_snapshot_term"), s
	}
	return cluster.Term(term), cluster.Index(index)
}

// errNotStanding: this node is not to stand for election now.
var errNotStanding = errors.New("this node does not stand for election")

// standsNow says why this node would not stand, nil if it would.
func (n *Node) standsNow() error {
	if s := n.raft.State(); s != raft.Follower {
		return fmt.Errorf("%w: it is a %v", errNotStanding, s)
	}
	return n.mayLead()
}

// mayLead says why this node is not to lead, nil if it may.
func (n *Node) mayLead() error {
	if !slices.ContainsFunc(n.raft.GetConfiguration().Configuration().Servers, func(s raft.Server) bool {
		return s.ID == raft.ServerID(n.config.NodeID) && s.Suffrage == raft.Voter
	}) {
		return fmt.Errorf("%w: it has no vote", errNotStanding)
	}
	return n.config.Stand()
}

// campaignLook is how often a node that waits to stand looks whether it still
// is to.
const campaignLook = time.Millisecond

// Campaign has this node stand for election now, since its leader is lost:
// Raft is handed the message by which a leader asks its successor to. Votes
// are asked for and given by Raft's own rules, but without the round that asks
// whether they would be, and by those too who still know a leader. So it is
// for a follower with a vote whose leader is surely gone; any other one, and
// one that knows another leader meanwhile, gets an error and nothing happens.
func (n *Node) Campaign(ctx context.Context, lost cluster.NodeID, cause cluster.Cause) error {
	term := n.raft.CurrentTerm()
	response := make(chan raft.RPCResponse, 1)
	rpc := raft.RPC{
		Command:  &raft.TimeoutNowRequest{RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax}},
		RespChan: response,
	}
	look := time.NewTicker(campaignLook)
	defer look.Stop()
	for {
		if err := n.stillLost(lost, term); err != nil {
			return err
		}
		select {
		case n.trans.rpcs <- rpc: // only once the main loop has nothing else in hand
			n.reasons.campaign(cause)
		case <-look.C:
			continue
		case <-n.trans.stop:
			return cluster.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case r := <-response:
			return r.Error
		case <-n.trans.stop:
			return cluster.ErrClosed
		}
	}
}

// stillLost says why a lost leader is no reason to stand any more.
func (n *Node) stillLost(lost cluster.NodeID, term uint64) error {
	if err := n.standsNow(); err != nil {
		return err
	}
	if now := n.raft.CurrentTerm(); now != term {
		return fmt.Errorf("%w: somebody stands in term %d", errNotStanding, now)
	}
	if _, id := n.raft.LeaderWithID(); id != "" && cluster.NodeID(id) != lost {
		return fmt.Errorf("%w: %s leads", errNotStanding, id)
	}
	return nil
}
