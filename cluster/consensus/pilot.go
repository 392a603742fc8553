package consensus

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/autopilot"
)

// changeTime bounds one change of who votes that the autopilot makes.
const changeTime = 5 * time.Second

// Autopilot makes the autopilot of this node, which changes who votes while it
// leads. Of the options Raft and Contacts are filled in, and Remove, which is
// the Node's. changes is held over each change.
func (n *Node) Autopilot(o autopilot.Options, changes sync.Locker) *autopilot.Pilot {
	o.Raft = pilotRaft{Raft: n.raft, node: n, changes: changes}
	o.Contacts = n.pilotContacts
	o.Logger = n.log
	ready := o.Ready
	o.Ready = func() bool { return n.ConfigurationCommitted() && ready() }
	o.Remove = func(ctx context.Context, id cluster.NodeID) error {
		changes.Lock()
		defer changes.Unlock()
		return n.Remove(ctx, id)
	}
	return autopilot.New(o)
}

// ConfigurationCommitted reports that the latest configuration is the committed
// one: no change is under way.
func (n *Node) ConfigurationCommitted() bool {
	return agrees(n.Roster(), n.Members())
}

// agrees compares members as a roster's bytes hold them: an address that builds
// before took whole and wrote cut would differ for ever after a restart, and
// nobody who died would be replaced any more.
func agrees(committed cluster.Roster, latest []cluster.Member) bool {
	if len(latest) != len(committed.Members) {
		return false
	}
	for _, m := range latest {
		if known, ok := committed.Member(m.ID); !ok || known.AsWritten() != m.AsWritten() {
			return false
		}
	}
	return true
}

// pilotContacts is what this node hears of all members as their leader.
func (n *Node) pilotContacts() map[cluster.NodeID]autopilot.Contact {
	proven := n.contacts.all()
	out := map[cluster.NodeID]autopilot.Contact{}
	for _, m := range n.Roster().Members {
		if m.ID == n.config.NodeID {
			own, _ := n.Own()
			out[m.ID] = autopilot.Contact{Has: own.Position}
			continue
		}
		out[m.ID] = autopilot.Contact{
			Silent: n.contacts.silent(m.ID),
			Has:    proven[cluster.Enrolment{ID: m.ID, Incarnation: m.Incarnation}].Position,
		}
	}
	return out
}

// silent is how long ago what a member last answered was sent; negative: it has
// answered nothing.
func (c *contacts) silent(id cluster.NodeID) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	heard, ok := c.heard[id]
	if !ok {
		return -1
	}
	return time.Since(heard)
}

// pilotRaft is Raft for the autopilot's library: its changes end with the node,
// and are made one at a time with everybody else's.
type pilotRaft struct {
	*raft.Raft
	node    *Node
	changes sync.Locker
}

// AddVoter gives a member a vote.
func (p pilotRaft) AddVoter(id raft.ServerID, address raft.ServerAddress, _ uint64, _ time.Duration) raft.IndexFuture {
	return p.change("a member has caught up and gets a vote", id, func(ctx context.Context) error {
		return p.node.AddVoter(ctx, cluster.Member{ID: cluster.NodeID(id), Address: string(address)})
	})
}

// DemoteVoter takes a member's vote.
func (p pilotRaft) DemoteVoter(id raft.ServerID, _ uint64, _ time.Duration) raft.IndexFuture {
	return p.change("an even number of voters does not last: one gives its vote back", id, func(ctx context.Context) error {
		return p.node.DemoteVoter(ctx, cluster.NodeID(id))
	})
}

func (p pilotRaft) change(what string, id raft.ServerID, do func(context.Context) error) raft.IndexFuture {
	p.changes.Lock()
	defer p.changes.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), changeTime)
	defer cancel()
	p.node.log.Info(what, "id", id)
	err := do(ctx)
	if err != nil {
		p.node.log.Warn("the change of votes failed", "id", id, "error", err)
	}
	return made{err}
}

// made is a change that has been made, or has failed.
type made struct{ err error }

var _ raft.IndexFuture = made{}

// Error is why it failed.
func (m made) Error() error { return m.err }

// Index is not known.
func (made) Index() uint64 { return 0 }
