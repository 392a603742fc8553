package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// They refuse an address over cluster.MaxAddressBytes, which no roster holds.

// AddVoter adds m with a vote, or gives it one.
func (n *Node) AddVoter(ctx context.Context, m cluster.Member) error {
	if err := fits(m); err != nil {
		return err
	}
	return n.change(ctx, "add voter", m.ID,
		n.raft.AddVoter(raft.ServerID(m.ID), raft.ServerAddress(m.Address), 0, 0))
}

// AddNonvoter adds m without a vote. A voter keeps its vote.
func (n *Node) AddNonvoter(ctx context.Context, m cluster.Member) error {
	if err := fits(m); err != nil {
		return err
	}
	return n.change(ctx, "add non-voter", m.ID,
		n.raft.AddNonvoter(raft.ServerID(m.ID), raft.ServerAddress(m.Address), 0, 0))
}

func fits(m cluster.Member) error {
	if len(m.Address) > cluster.MaxAddressBytes {
		return &cluster.BadInput{Err: fmt.Errorf("the address of %s has %d bytes, %d are the most", m.ID, len(m.Address), cluster.MaxAddressBytes)}
	}
	return nil
}

// DemoteVoter takes a member's vote.
func (n *Node) DemoteVoter(ctx context.Context, id cluster.NodeID) error {
	return n.change(ctx, "demote voter", id, n.raft.DemoteVoter(raft.ServerID(id), 0, 0))
}

// removalPatience is how long the voters that would remain have to answer.
const removalPatience = time.Second

// Remove removes a member, as the committed configuration has them, and
// returns once that is committed. A leader that removes itself steps down.
//
// ErrNoMember: there is no such member. ErrUnsafe: of the voters that would
// remain no majority answers now, so that nothing could be committed any more;
// the error names those that don't.
func (n *Node) Remove(ctx context.Context, id cluster.NodeID) error {
	if n.raft.State() != raft.Leader {
		return fmt.Errorf("remove %s: %w", id, cluster.ErrNotLeader)
	}
	member, ok := n.Roster().Member(id)
	if !ok {
		return fmt.Errorf("remove %s: %w", id, cluster.ErrNoMember)
	}
	if member.Voter {
		if err := n.majorityWithout(ctx, id); err != nil {
			return fmt.Errorf("remove %s: %w", id, err)
		}
	}
	return n.change(ctx, "remove", id, n.raft.RemoveServer(raft.ServerID(id), 0, 0))
}

// dismissedAddress is where one that is dismissed is known for a moment. The name
// is one that never resolves (RFC 2606).
const dismissedAddress = "dismissed.invalid:1"

// Dismiss removes for good one that was admitted and is in no configuration. It
// goes through the configuration and out again: so every build that follows the
// log knows it as removed, and one of which only the first half was committed is
// a member without a vote, which Remove removes.
func (n *Node) Dismiss(ctx context.Context, id cluster.NodeID) error {
	if err := n.AddNonvoter(ctx, cluster.Member{ID: id, Address: dismissedAddress}); err != nil {
		return err
	}
	return n.change(ctx, "remove", id, n.raft.RemoveServer(raft.ServerID(id), 0, 0))
}

// majorityWithout waits until a majority of the other voters has answered
// something that was sent after the question, for heartbeats that is at once.
func (n *Node) majorityWithout(ctx context.Context, id cluster.NodeID) error {
	ctx, cancel := context.WithTimeout(ctx, removalPatience)
	defer cancel()
	asked := time.Now()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		silent, remaining := n.silentSince(asked, id)
		if remaining > 0 && remaining-len(silent) > remaining/2 {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: of the %d voters that would remain only %d answer, and %d are needed; not healthy: %v",
				cluster.ErrUnsafe, remaining, remaining-len(silent), remaining/2+1, silent)
		}
	}
}

// silentSince names the voters but one that have answered nothing that was
// sent since, and counts all voters but that one.
func (n *Node) silentSince(asked time.Time, but cluster.NodeID) (silent []cluster.NodeID, remaining int) {
	for _, m := range n.Roster().Members {
		if !m.Voter || m.ID == but {
			continue
		}
		remaining++
		if m.ID != n.config.NodeID && !n.contacts.since(m.ID, asked) {
			silent = append(silent, m.ID)
		}
	}
	return silent, remaining
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
