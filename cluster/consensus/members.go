package consensus

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// Members returns the latest Raft configuration this node knows, which may
// not be committed yet.
func (n *Node) Members() []cluster.Member {
	return members(n.raft.GetConfiguration().Configuration())
}

// The changes of membership below are the leader's: elsewhere they return
// ErrNotLeader. They return when the change is committed. ErrUnknownOutcome:
// the change was made and may or may not be committed; Members tells later.

// AddVoter adds m with a vote, or gives it one.
func (n *Node) AddVoter(ctx context.Context, m cluster.Member) error {
	return n.change(ctx, "add voter", m.ID,
		n.raft.AddVoter(raft.ServerID(m.ID), raft.ServerAddress(m.Address), 0, 0))
}

// AddNonvoter adds m without a vote. A voter keeps its vote.
func (n *Node) AddNonvoter(ctx context.Context, m cluster.Member) error {
	return n.change(ctx, "add non-voter", m.ID,
		n.raft.AddNonvoter(raft.ServerID(m.ID), raft.ServerAddress(m.Address), 0, 0))
}

// DemoteVoter takes a member's vote.
func (n *Node) DemoteVoter(ctx context.Context, id cluster.NodeID) error {
	return n.change(ctx, "demote voter", id, n.raft.DemoteVoter(raft.ServerID(id), 0, 0))
}

// Remove removes a member. A leader that removes itself steps down.
func (n *Node) Remove(ctx context.Context, id cluster.NodeID) error {
	return n.change(ctx, "remove", id, n.raft.RemoveServer(raft.ServerID(id), 0, 0))
}

func (n *Node) change(ctx context.Context, op string, id cluster.NodeID, future raft.IndexFuture) error {
	if err := n.wait(ctx, future); err != nil {
		return fmt.Errorf("%s %s: %w", op, id, err)
	}
	return nil
}

// TransferLeadership makes another voter the leader: to, or the most current
// one if to is empty. It returns when this node no longer leads.
func (n *Node) TransferLeadership(ctx context.Context, to cluster.NodeID) error {
	future, err := n.transfer(to)
	if err == nil {
		err = n.wait(ctx, future)
	}
	if err != nil {
		return fmt.Errorf("transfer leadership: %w", err)
	}
	return nil
}

func (n *Node) transfer(to cluster.NodeID) (raft.Future, error) {
	if to == "" {
		return n.raft.LeadershipTransfer(), nil
	}
	for _, m := range n.Members() {
		if m.ID == to && m.Voter {
			return n.raft.LeadershipTransferToServer(raft.ServerID(m.ID), raft.ServerAddress(m.Address)), nil
		}
	}
	return nil, fmt.Errorf("%q is no voter", to)
}

// wait waits for a future of Raft and gives up with ctx, or when the node is
// closed: Raft forgets a change that it had committed but not yet handed on
// when it shuts down, and the goroutine that waits for it with it.
func (n *Node) wait(ctx context.Context, future raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- future.Error() }()
	select {
	case err := <-done:
		return translate(err)
	case <-ctx.Done():
		return errors.Join(cluster.ErrUnknownOutcome, ctx.Err())
	case <-n.closed:
		return errors.Join(cluster.ErrUnknownOutcome, cluster.ErrClosed)
	}
}

func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return errors.Join(cluster.ErrNotLeader, err)
	case errors.Is(err, raft.ErrLeadershipLost):
		return errors.Join(cluster.ErrUnknownOutcome, err)
	case errors.Is(err, raft.ErrRaftShutdown):
		return errors.Join(cluster.ErrClosed, err)
	}
	return err
}
