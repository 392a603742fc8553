package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/liveness"
	"github.com/rialto-exchange/rialto/gateways"
)

// The control calls between nodes.
const (
	callStatus   = "status"
	callJoin     = "join"
	callRoster   = "roster"
	callRemove   = "remove"
	callTransfer = "transfer"
)

// admissionInterval is how often a newcomer asks to be admitted.
const admissionInterval = 500 * time.Millisecond

// knownPeer is a node as gossip and Raft's configuration know it together:
// the configuration says who belongs, gossip how to reach it.
type knownPeer struct {
	id, state                                           string
	httpAddress, fixAddress, peerAddress, gossipAddress string
	version                                             string
	pid                                                 int
	voter, member                                       bool
}

// knownPeers merges the two.
func (n *Node) knownPeers() []knownPeer {
	byID := map[string]knownPeer{}
	for _, p := range n.gossip.Members() {
		byID[string(p.ID)] = knownPeer{
			id: string(p.ID), state: string(p.State), httpAddress: p.HTTPAddress, fixAddress: p.FIXAddress,
			peerAddress: p.PeerAddress, gossipAddress: p.GossipAddress, version: p.Version, pid: p.PID,
		}
	}
	for _, m := range n.consensus.Members() {
		p, seen := byID[string(m.ID)]
		if !seen {
			p = knownPeer{id: string(m.ID), state: stateDead}
		}
		p.peerAddress, p.voter, p.member = m.Address, m.Voter, true
		byID[p.id] = p
	}
	peers := make([]knownPeer, 0, len(byID))
	for _, p := range byID {
		if p.member || p.state == stateAlive && !n.isRemoved(p.id) {
			peers = append(peers, p)
		}
	}
	return peers
}

// registerCalls makes this node answer the others' control calls.
func (n *Node) registerCalls() {
	n.control.HandleCall(callStatus, func(context.Context, []byte) ([]byte, error) {
		return json.Marshal(n.status())
	})
	n.control.HandleCall(callJoin, n.answerJoin)
	n.control.HandleCall(callRoster, n.forMembers(n.answerRoster))
	n.control.HandleCall(callStanding, n.answerStanding)
	n.control.HandleCall(callHere, n.answerHere)
	n.control.HandleCall(callEntry, n.forMembers(n.answerEntry))
	n.control.HandleCall(callMoved, n.forMembers(n.answerMoved))
	n.control.HandleCall(callRemove, n.forMembers(func(ctx context.Context, id []byte) ([]byte, error) {
		n.membershipChange.Lock()
		defer n.membershipChange.Unlock()
		return nil, n.remove(ctx, cluster.NodeID(id))
	}))
	n.control.HandleCall(callTransfer, n.forMembers(func(ctx context.Context, to []byte) ([]byte, error) {
		return nil, n.handOver(ctx, cluster.NodeID(to))
	}))
}

// remove takes a member, or one that was admitted and did not become one, out
// of the cluster for good.
func (n *Node) remove(ctx context.Context, id cluster.NodeID) error {
	err := n.consensus.Remove(ctx, id)
	switch {
	case !errors.Is(err, cluster.ErrNoMember):
		return err
	case n.isAwaited(id):
		n.log.Info("one that was admitted and is no member is removed", "id", id)
		return n.consensus.Dismiss(ctx, id)
	case n.isRemoved(string(id)):
		return nil // it is what was asked for
	}
	return err
}

// isAwaited reports whether a node was admitted and is no member yet.
func (n *Node) isAwaited(id cluster.NodeID) bool {
	return slices.ContainsFunc(n.consensus.Roster().Pending, func(e cluster.Enrolment) bool { return e.ID == id })
}

// handOver makes another voter the leader: to or, if that is empty, whoever is
// fit for it, one after the other until one takes over. The sequencer pauses first: Raft refuses entries during a transfer
// and takes them again when it fails, so a later command could overtake an
// earlier one.
func (n *Node) handOver(ctx context.Context, to cluster.NodeID) error {
	if err := n.sequencer.Pause(ctx); err != nil {
		n.sequencer.Resume()
		return fmt.Errorf("pause the sequencer: %w", err)
	}
	err := n.transfer(ctx, to)
	if err != nil {
		n.sequencer.Resume()
	}
	return err
}

func (n *Node) transfer(ctx context.Context, to cluster.NodeID) error {
	if to != "" {
		return n.consensus.TransferLeadership(ctx, to)
	}
	var errs []error
	for _, next := range append(fitToLead(n.liveness.Peers(), n.consensus.Acknowledged()), "") { // at last whomever Raft finds the most current
		trying, cancel := context.WithTimeout(ctx, drainPatience)
		err := n.consensus.TransferLeadership(trying, next)
		cancel()
		if err == nil {
			return nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil || n.consensus.Status().Role != cluster.RoleLeader {
			break
		}
	}
	return errors.Join(errs...)
}

// fitToLead are the voters that say that they would lead, those first that have
// acknowledged the most.
func fitToLead(peers []liveness.Peer, acknowledged map[cluster.Enrolment]cluster.Acknowledged) (ids []cluster.NodeID) {
	has := map[cluster.NodeID]cluster.Index{}
	for e, a := range acknowledged {
		has[e.ID] = max(has[e.ID], a.Last)
	}
	for _, p := range peers {
		if p.Up && p.View.Stands {
			ids = append(ids, p.ID)
		}
	}
	slices.SortStableFunc(ids, func(a, b cluster.NodeID) int { return cmp.Compare(has[b], has[a]) })
	return ids
}

// callLeader makes a control call to the leader, which may be this node.
func (n *Node) callLeader(ctx context.Context, method string, request []byte) error {
	leader, ok := n.consensus.Leader()
	if !ok {
		return cluster.ErrNoLeader
	}
	_, err := n.control.Call(ctx, leader.Address, method, request)
	return err
}

// every calls f at once and then at each interval until it returns false or
// ctx ends.
func every(ctx context.Context, interval time.Duration, f func() bool) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for f() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// operations is what an operator can ask of this node.
type operations struct{ *Node }

var _ gateways.Operations = operations{}

// Twin implements gateways.Operations.
func (o operations) Twin() gateways.Twin { return o.twin.current() }

// TransferLeader implements gateways.Operations.
func (o operations) TransferLeader(ctx context.Context, to string) error {
	if to != "" && !o.isMember(to) {
		return fmt.Errorf("%w: the cluster has no node %q", gateways.ErrNotFound, to)
	}
	if leader, ok := o.consensus.Leader(); ok && string(leader.ID) == o.cfg.NodeID {
		return o.handOver(ctx, cluster.NodeID(to)) // no call that shakes hands with itself
	}
	return o.callLeader(ctx, callTransfer, []byte(to))
}

// RemoveNode implements gateways.Operations. Who belongs is the leader's to
// say, by what is committed.
func (o operations) RemoveNode(ctx context.Context, id string) error {
	err := o.callLeader(ctx, callRemove, []byte(id))
	switch {
	case errors.Is(err, cluster.ErrNoMember):
		return fmt.Errorf("%w: the cluster has no node %q", gateways.ErrNotFound, id)
	case errors.Is(err, cluster.ErrUnsafe):
		return fmt.Errorf("%w: %w", gateways.ErrUnsafe, err)
	case errors.Is(err, cluster.ErrNoLeader), errors.Is(err, cluster.ErrNotLeader):
		return fmt.Errorf("%w: %w", gateways.ErrNoLeader, err)
	}
	return err
}

func (n *Node) isMember(id string) bool {
	return slices.ContainsFunc(n.consensus.Members(), func(m cluster.Member) bool { return string(m.ID) == id })
}

// Snapshot implements gateways.Operations.
func (o operations) Snapshot(ctx context.Context) error {
	err := o.consensus.Snapshot(ctx)
	if err != nil && ctx.Err() == nil {
		// It failed, or was not begun: whatever of it was written is no snapshot.
		return fmt.Errorf("%w: no snapshot was taken: %w", gateways.ErrDegraded, err)
	}
	return err
}

// Demo implements gateways.Operations.
func (o operations) Demo() bool { return o.cfg.Demo }
