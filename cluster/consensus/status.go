package consensus

import (
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// Status returns what this node's consensus knows now. The fields are read
// one after the other: Applied may be a moment older than Commit.
func (n *Node) Status() cluster.Status {
	state := n.readLeadership()
	status := cluster.Status{
		Role:         n.role(state.Leading),
		Term:         state.Term,
		Leader:       state.Leader,
		AppliedIndex: n.appliedIndex(),
		CommitIndex:  cluster.Index(n.raft.CommitIndex()),
		LastIndex:    cluster.Index(n.raft.LastIndex()),
		LogSync:      n.logs.LastSync(),
	}
	// What was replayed at the start is committed, whatever Raft knows yet.
	status.CommitIndex = max(status.CommitIndex, status.AppliedIndex)
	if heard := n.raft.LastContact(); !state.Leading && !heard.IsZero() {
		status.LastContact = time.Since(heard)
	}
	return status
}

// appliedIndex is the last entry that the machine has applied. Raft's own
// count says what was handed to the machine's goroutine.
func (n *Node) appliedIndex() cluster.Index { return cluster.Index(n.fsm.applied.Load()) }

func (n *Node) role(leading bool) cluster.Role {
	if leading {
		return cluster.RoleLeader
	}
	for _, s := range n.raft.GetConfiguration().Configuration().Servers {
		if s.ID != raft.ServerID(n.config.NodeID) {
			continue
		}
		if s.Suffrage == raft.Voter {
			return cluster.RoleFollower
		}
		return cluster.RoleReader
	}
	return cluster.RoleOutside
}

// Installs returns how many snapshots of the leader were installed since the
// node was opened, and how many of them in a row with nothing applied between:
// more than two is a node that can't catch up.
func (n *Node) Installs() (total, inRow uint64) {
	return n.fsm.restores.total.Load(), n.fsm.restores.inRow.Load()
}

// HasCommands reports whether the log holds a command, committed or not, or
// once did: false is a cluster in which none was ever proposed, as far as this
// node has heard.
func (n *Node) HasCommands() (bool, error) {
	first, last, err := bounds(n.logs)
	if err != nil || first > 1 {
		return first > 1, err
	}
	for i := first; i != 0 && i <= last; i++ {
		var entry raft.Log
		if err := n.logs.GetLog(i, &entry); err != nil {
			return false, fmt.Errorf("read log: %w", err)
		}
		if entry.Type == raft.LogCommand {
			return true, nil
		}
	}
	return false, nil
}
