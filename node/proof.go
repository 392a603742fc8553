package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// proof is how the peer port proves who this node is, and whom it believes.
func (n *Node) proof() *peer.Proof {
	return &peer.Proof{Self: n.self, Verify: n.verify, Refused: n.refusedBy}
}

// self is what this node says of itself.
func (n *Node) self() cluster.Identity {
	who := n.identity.Load().Proof()
	if began := n.began.Load(); began != nil {
		who.Began = *began
	}
	return who
}

// verify decides whom this node speaks with. Control calls are open to all of
// the cluster, since a newcomer asks by them and a removed node learns by
// them; each of those checks for itself what it is asked. Everything else is
// for members by their incarnations.
func (n *Node) verify(protocol peer.Protocol, who *cluster.Identity) error {
	if protocol == peer.ProtocolControl {
		return nil
	}
	roster := n.roster.Load()
	if roster == nil {
		return peer.ErrProtocol // nothing is served yet
	}
	err := n.believe(*roster, who)
	if errors.Is(err, peer.ErrNotAdmitted) {
		n.wonder() // perhaps this node is the one that is behind
	}
	return err
}

// believe holds an identity against the roster. Nothing that is said counts
// for more than what was committed.
func (n *Node) believe(roster cluster.Roster, who *cluster.Identity) error {
	if who == nil {
		if roster.Proven() {
			return peer.ErrNotAdmitted // its build proves nothing, and all others do
		}
		return nil
	}
	own := n.identity.Load().History
	switch roster.Standing(cluster.Enrolment{ID: who.Node, Incarnation: who.Incarnation}) {
	case cluster.Gone:
		return peer.ErrRemoved
	case cluster.Belongs:
		if who.History != own && (who.History != 0 && own != 0 || roster.Proven() && who.History == 0) {
			return peer.ErrOtherHistory
		}
		if err := n.remember(*who); err != nil {
			return fmt.Errorf("%w: %w", peer.ErrRolledBack, err)
		}
	case cluster.Unproven:
		if who.History != own && who.History != 0 && own != 0 {
			return peer.ErrOtherHistory
		}
	case cluster.Unknown:
		if len(roster.Members) > 0 {
			return peer.ErrNotAdmitted
		}
		// This node was adopted and has applied nothing of its log yet: it
		// knows no member at all, and learns of them from whoever leads.
	default:
		return peer.ErrNotAdmitted
	}
	return nil
}

// forMembers answers a control call of members only, of those that would be
// believed on any other protocol too.
func (n *Node) forMembers(answer peer.CallHandler) peer.CallHandler {
	return func(ctx context.Context, request []byte) ([]byte, error) {
		var caller *cluster.Identity
		if who, ok := peer.Caller(ctx); ok {
			caller = &who
		}
		if err := n.believe(n.consensus.Roster(), caller); err != nil {
			return nil, fmt.Errorf("only members may ask this: %w", err)
		}
		return answer(ctx, request)
	}
}

// remember holds a member against what is known of it. What it acknowledged
// to this node until now counts.
func (n *Node) remember(who cluster.Identity) error {
	n.noteProofs()
	return n.memory.Verify(who)
}

func (n *Node) noteProofs() {
	select {
	case <-n.up:
	default:
		return // consensus is being opened, and nobody has acknowledged anything
	}
	for e, proven := range n.consensus.Acknowledged() {
		n.memory.Note(e, proven)
	}
}

// keepMemory tells a follower what the leader remembers, for the leader is
// who hears acknowledgements, and writes what is new. So a node that is asked
// to believe an image remembers all but the last second and a half or so.
func (n *Node) keepMemory(ctx context.Context) {
	n.noteProofs()
	if leader, ok := n.consensus.Leader(); ok && string(leader.ID) != n.cfg.NodeID {
		asking, cancel := context.WithTimeout(ctx, twinTimeout)
		answer, err := n.ask(asking, leader.Address, callRoster, nil)
		cancel()
		if err == nil && answer.History != 0 && answer.History == n.identity.Load().History {
			n.memory.Merge(answer.Remembered)
		}
	}
	n.memory.Keep(n.consensus.Roster())
	if err := n.memory.Save(n.cfg.DataDir); err != nil {
		n.log.Warn("what this node remembers of others was not written", "error", err)
	}
}

// refusedBy hears that another node does not let this one in.
func (n *Node) refusedBy(by cluster.Identity, reason error) {
	if errors.Is(reason, peer.ErrRemoved) && by.History != 0 && by.History == n.identity.Load().History {
		n.background.Go(func() { n.leaveForGood("node " + string(by.Node) + " says that the cluster has removed it") })
		return
	}
	if errors.Is(reason, peer.ErrRolledBack) && by.History != 0 && by.History == n.identity.Load().History {
		n.fail(fmt.Errorf("%w: member %s remembers more of this node than it knows itself, or another process runs on a copy of its folder; "+
			"this node believes that it is the one that has gone back; %s", ErrForgotten, by.Node, n.wayBack()))
		return
	}
	if n.refusals.count(time.Now()) {
		n.log.Warn("this node is refused by a member", "by", by.Node, "reason", reason, "to_do", n.wayBack())
	}
	n.wonder()
}

// wonder wakes the look for a newer roster.
func (n *Node) wonder() {
	select {
	case n.stale <- struct{}{}:
	default: // it is awake
	}
}

// rosterInterval is how often, at most, a node asks others for their roster,
// and how often it looks whether its own identity is complete.
const rosterInterval = 500 * time.Millisecond

// keepIdentity completes what an adopted folder can't know at its start, and
// catches up with the roster when this node met somebody whom it should
// perhaps know: one that was away can't be led by a member that it has never
// heard of, and Raft alone would never tell it.
func (n *Node) keepIdentity(ctx context.Context) {
	every(ctx, rosterInterval, func() bool {
		if n.removed.Load() {
			return false
		}
		if f := *n.identity.Load(); f.History == 0 && f.State == identity.Member {
			if f.History = cluster.History(n.replica.state.Load().history); f.History != 0 {
				if err := n.become(f); err != nil {
					n.log.Error("the history could not be recorded", "error", err)
				}
			}
		}
		n.proveAll(ctx)
		n.keepMemory(ctx)
		select {
		case <-n.stale:
			n.learnRoster(ctx)
		default:
		}
		return true
	})
}

// learnRoster asks all whom this node can find for what they know.
func (n *Node) learnRoster(ctx context.Context) {
	addresses := map[string]bool{}
	for _, m := range n.consensus.Members() {
		addresses[m.Address] = true
	}
	for _, p := range n.gossip.Members() {
		if p.State == membership.StateAlive {
			addresses[p.PeerAddress] = true
		}
	}
	delete(addresses, n.addresses.peer)
	for address := range addresses {
		answer, err := n.ask(ctx, address, callRoster, nil)
		if err != nil || answer.History == 0 || answer.History != n.identity.Load().History {
			continue
		}
		roster, err := cluster.ParseRoster(answer.Roster)
		if err == nil {
			err = n.consensus.Learn(roster)
		}
		if err != nil {
			n.log.Warn("a roster could not be taken", "from", address, "error", err)
		}
	}
}

// takeRoster is told of each change of the roster.
func (n *Node) takeRoster(r cluster.Roster) {
	if n.began.Load() == nil {
		return // settle is still to be called, with all that was read
	}
	n.roster.Store(&r)
	own := n.identity.Load()
	if r.Standing(cluster.Enrolment{ID: own.Node, Incarnation: own.Incarnation}) == cluster.Gone {
		n.background.Go(func() { n.leaveForGood("its removal is in the log") })
	}
	n.mux.Reverify()
}
