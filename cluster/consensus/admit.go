package consensus

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// Admit puts into the log that these incarnations belong, at most
// cluster.MaxMembers, and returns once that is applied here. Those that are
// no members yet are let in by AddNonvoter. Only the leader can; elsewhere it
// is ErrNotLeader. No build that would not understand the entry may be left
// in the cluster.
func (n *Node) Admit(ctx context.Context, list []cluster.Enrolment) error {
	if len(list) > cluster.MaxMembers {
		return fmt.Errorf("admit %d at once: %w", len(list), cluster.ErrTooLarge)
	}
	future := n.raft.Apply(cluster.AppendAdmission(nil, list), 0)
	if err := n.wait(ctx, future); err != nil {
		return fmt.Errorf("admit: %w", err)
	}
	return nil
}

// Learn takes a roster that another member knows, if it is newer than this
// node's. What a roster says was committed, so it may be told from node to
// node beside the log.
func (n *Node) Learn(r cluster.Roster) error { return n.roster.restored(r) }

// Retire ends this node's part in the cluster for good: it neither votes nor
// stands for election any more and answers nobody. What it knows can still be
// asked for, and Close must still be called.
func (n *Node) Retire() {
	n.retiring.Do(func() {
		n.retired = n.raft.Shutdown()
		if err := n.trans.Close(); err != nil && !errors.Is(err, raft.ErrTransportShutdown) {
			n.log.Warn("transport was not closed", "error", err)
		}
	})
}
