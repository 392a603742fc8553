package consensus

import (
	"context"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// forgetEvery is how often entries that everybody has applied leave memory.
const forgetEvery = 250 * time.Millisecond

// silentFor is after how long without an answer a member's place is not kept
// in memory any more: when it is back it is served from the disk.
const silentFor = 5 * time.Second

// forgetApplied has the log forget, until ctx ends, what is applied here and,
// on the leader, what all members that answer have on their disks.
func (n *Node) forgetApplied(ctx context.Context) {
	ticker := time.NewTicker(forgetEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			n.logs.Forget(n.needless())
		}
	}
}

// needless returns the index up to which nobody needs entries.
func (n *Node) needless() cluster.Index {
	floor := n.appliedIndex()
	if n.raft.State() != raft.Leader {
		return floor
	}
	term := cluster.Term(n.raft.CurrentTerm())
	for _, s := range n.raft.GetConfiguration().Configuration().Servers {
		if id := cluster.NodeID(s.ID); id != n.config.NodeID && n.Hears(id, silentFor) {
			floor = min(floor, n.contacts.levelWith(id, term))
		}
	}
	return floor
}

// LogInMemory returns how many bytes of the log are held in memory.
func (n *Node) LogInMemory() int { return n.logs.InMemory() }
