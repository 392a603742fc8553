package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// proof is how the peer port proves who this node is, and whom it believes.
func (n *Node) proof() *peer.Proof {
	return &peer.Proof{Self: n.self, Confide: n.confides, Met: n.met, Verify: n.verify, Refused: n.refusedBy}
}

// self is what this node says of itself.
func (n *Node) self() cluster.Identity {
	who := n.identity.Load().Proof()
	if began := n.began.Load(); began != nil {
		who.Began = *began
	}
	return who
}

// confides says who hears all that this node says of itself: whoever is called
// at the address of a member or, before any are known, of a founder; and who
// calls and proves that it belongs, or did. An incarnation is told to nobody
// else, as who knows it passes for its bearer. While some member's is unknown,
// all of them are told freely: the builds before can't prove anything.
func (n *Node) confides(address string, who *cluster.Identity) bool {
	roster := n.roster.Load()
	switch {
	case roster == nil && who == nil:
		return slices.ContainsFunc(n.founders(), func(f identity.Founder) bool { return f.Address == address })
	case roster == nil:
		return false
	case !roster.Proven():
		return true
	case who == nil:
		return n.isMembersAddress(address)
	}
	return n.proves(*roster, *who)
}

// proves reports that somebody names the incarnation of a member, or of one
// that was removed, and the history.
func (n *Node) proves(roster cluster.Roster, who cluster.Identity) bool {
	switch roster.Standing(cluster.Enrolment{ID: who.Node, Incarnation: who.Incarnation}) {
	case cluster.Belongs, cluster.Gone:
		return who.History != 0 && who.History == n.identity.Load().History
	}
	return false
}

// met remembers the start of a member that answers at its own address. What
// anybody claims who calls from somewhere is remembered by nobody.
func (n *Node) met(address string, who cluster.Identity) {
	roster := n.roster.Load()
	if roster == nil || who.History == 0 || who.History != n.identity.Load().History {
		return
	}
	m, ok := roster.Member(who.Node)
	if !ok || m.Incarnation.IsZero() || m.Incarnation != who.Incarnation || m.Address != address {
		return
	}
	if string(who.Node) == n.cfg.NodeID {
		n.metItself(address, who)
		return
	}
	if err := n.memory.Met(who); err != nil && n.refusals.count(time.Now()) {
		n.log.Warn("a member contradicts what is remembered of it", "member", who.Node, "error", err)
	}
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
		// mark: nobody is believed before the roster is known
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
		return n.compare(*who)
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
		roster := n.consensus.Roster()
		err := n.believe(roster, caller)
		if len(roster.Members) == 0 {
			err = peer.ErrNotAdmitted // whoever calls: this node knows nobody yet
		}
		if err != nil {
			return nil, fmt.Errorf("only members may ask this: %w", err)
		}
		return answer(ctx, request)
	}
}

// compare holds a member against what is known of it. What it acknowledged
// to this node until now counts.
func (n *Node) compare(who cluster.Identity) error {
	n.noteProofs()
	err := n.memory.Verify(who)
	switch {
	case errors.Is(err, identity.ErrRolledBack):
		// mark: a member that was rolled back is refused
		return fmt.Errorf("%w: %w", peer.ErrRolledBack, err)
	case err != nil:
		return fmt.Errorf("%w: %w", peer.ErrNotAdmitted, err)
	}
	return nil
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
		n.tellHistory()
		n.proveAll(ctx)
		n.keepMemory(ctx)
		n.lookForItself(ctx)
		n.askToMove(ctx)
		n.moveAlone(ctx)
		select {
		case <-n.stale:
			n.learnRoster(ctx)
			n.confirmRemoval(ctx)
		default:
		}
		return true
	})
}

// takeRoster is told of each change of the roster.
func (n *Node) takeRoster(r cluster.Roster) {
	if n.began.Load() == nil {
		return // admitFolder is still to be called, with all that was read
	}
	n.roster.Store(&r)
	n.foundPlace(r)
	own := n.identity.Load()
	if r.Standing(cluster.Enrolment{ID: own.Node, Incarnation: own.Incarnation}) == cluster.Gone {
		n.mux.Cut()
		n.background.Go(func() { n.leaveForGood("its removal is in the log") })
	}
	n.mux.Reverify()
}
