package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// What others say of this node, or of the cluster, is believed only of voters
// of the last configuration that this node knows to be committed, each asked
// at the address that it has there and naming its incarnation. A newcomer that
// nobody invited, or whoever stands at some other address, changes nothing by
// what it answers.

// callStanding asks a node whether the caller was removed.
const callStanding = "standing"

// standing is its answer.
type standing struct {
	Self    cluster.Enrolment `json:"self"`
	Removed bool              `json:"removed"`
}

// answerStanding tells one that proves to be a member, or to have been one.
func (n *Node) answerStanding(ctx context.Context, _ []byte) ([]byte, error) {
	roster := n.consensus.Roster()
	who, ok := peer.Caller(ctx)
	if !ok || !roster.Proven() || !n.proves(roster, who) {
		return nil, peer.ErrNotAdmitted
	}
	gone := roster.Standing(cluster.Enrolment{ID: who.Node, Incarnation: who.Incarnation}) == cluster.Gone
	return json.Marshal(standing{Self: n.enrolment(), Removed: gone})
}

func (n *Node) enrolment() cluster.Enrolment {
	own := n.identity.Load()
	return cluster.Enrolment{ID: own.Node, Incarnation: own.Incarnation}
}

// otherVoters are those of the last configuration that this node knows, whose
// incarnations are known.
func (n *Node) otherVoters() (voters []cluster.RosterMember) {
	for _, m := range n.consensus.Roster().Members {
		if m.Voter && !m.Incarnation.IsZero() && string(m.ID) != n.cfg.NodeID {
			voters = append(voters, m)
		}
	}
	return voters
}

// isVoter reports whether who answered at an address is a voter there.
func (n *Node) isVoter(address string, who cluster.Identity) bool {
	roster := n.roster.Load()
	if roster == nil || who.History == 0 || who.History != n.identity.Load().History {
		return false
	}
	m, ok := roster.Member(who.Node)
	return ok && m.Voter && m.Address == address && !m.Incarnation.IsZero() && m.Incarnation == who.Incarnation
}

// askVoter makes a call that is answered by a voter with what it knows of the
// cluster, and wants the answer to be its own.
func (n *Node) askVoter(ctx context.Context, m cluster.RosterMember) (answer membershipAnswer, err error) {
	asking, cancel := context.WithTimeout(ctx, twinTimeout)
	defer cancel()
	if answer, err = n.ask(asking, m.Address, callRoster, nil); err != nil {
		return answer, err
	}
	if answer.Self != (cluster.Enrolment{ID: m.ID, Incarnation: m.Incarnation}) || answer.History == 0 || answer.History != n.identity.Load().History {
		return answer, fmt.Errorf("at %s answers somebody else than node %s", m.Address, m.ID)
	}
	return answer, nil
}

// keepMemory tells a follower what the leader remembers, for the leader is
// who hears acknowledgements, and what the leader has on its own disk; and
// writes what is new. So a node that is asked to believe an image remembers
// all but the last second and a half or so.
func (n *Node) keepMemory(ctx context.Context) {
	n.noteProofs()
	leader, known := n.consensus.Leader()
	for _, m := range n.otherVoters() {
		if !known || m.ID != leader.ID {
			continue
		}
		if answer, err := n.askVoter(ctx, m); err == nil {
			n.memory.Merge(answer.Remembered)
			if answer.Own != nil {
				n.memory.Note(answer.Self, *answer.Own)
			}
		}
	}
	n.memory.Keep(n.consensus.Roster())
	if err := n.memory.Save(n.world.Files, n.cfg.DataDir); err != nil {
		n.log.Warn("what this node remembers of others was not written", "error", err)
	}
}

// learnRoster asks the voters that this node knows for what they know.
func (n *Node) learnRoster(ctx context.Context) {
	for _, m := range n.otherVoters() {
		answer, err := n.askVoter(ctx, m)
		if err != nil {
			continue
		}
		roster, err := cluster.ParseRoster(answer.Roster)
		if err == nil {
			err = n.consensus.Learn(roster)
		}
		if err != nil {
			n.log.Warn("a roster could not be taken", "from", m.ID, "error", err)
		}
	}
}

// confirmRemoval asks all other voters whether this node was removed, after
// somebody has said so, and believes a majority of them.
func (n *Node) confirmRemoval(ctx context.Context) {
	if !n.doubted.Swap(false) {
		return
	}
	voters := n.otherVoters()
	var wait sync.WaitGroup
	removed := make([]bool, len(voters))
	for i, m := range voters {
		wait.Go(func() { removed[i] = n.removedBy(ctx, m) })
	}
	wait.Wait()
	var by []string
	for i, m := range voters {
		if removed[i] {
			by = append(by, string(m.ID))
		}
	}
	if len(by) > len(voters)/2 {
		n.leaveForGood("a majority of the voters that it knew says that the cluster has removed it: " + strings.Join(by, ", "))
	}
}

// removedBy asks one voter.
func (n *Node) removedBy(ctx context.Context, m cluster.RosterMember) bool {
	asking, cancel := context.WithTimeout(ctx, twinTimeout)
	defer cancel()
	b, err := n.control.Call(asking, m.Address, callStanding, nil)
	var answer standing
	return err == nil && json.Unmarshal(b, &answer) == nil && answer.Removed &&
		answer.Self == cluster.Enrolment{ID: m.ID, Incarnation: m.Incarnation}
}

// refusedBy hears that the node at an address does not let this one in.
func (n *Node) refusedBy(address string, by cluster.Identity, reason error) {
	if errors.Is(reason, peer.ErrRolledBack) && n.isVoter(address, by) {
		n.cutOff()
		n.fail(fmt.Errorf("%w: member %s remembers more of this node than it knows itself, or another process runs on a copy of its folder; "+
			"this node believes that it is the one that has gone back; %s", ErrForgotten, by.Node, n.wayBack()))
		return
	}
	if errors.Is(reason, peer.ErrRemoved) {
		n.doubted.Store(true)
	}
	if n.isMembersAddress(address) {
		n.turnedAway.Store(&turnedAway{by: by.Node, reason: reason, at: time.Now()})
	}
	if n.refusals.count(time.Now()) {
		n.log.Warn("this node is refused", "by", by.Node, "at", address, "reason", reason, "to_do", n.wayBack())
	}
	n.wonder()
}

func (n *Node) isMembersAddress(address string) bool {
	roster := n.roster.Load()
	if roster == nil {
		return false
	}
	for _, m := range roster.Members {
		if m.Address == address {
			return true
		}
	}
	return false
}

// cutOff ends this node's part in consensus at once: when it returns, no vote
// of its is given or asked and no entry sent.
func (n *Node) cutOff() {
	n.mux.Cut()
	select {
	case <-n.up:
		n.consensus.Retire()
	default: // it is being opened, behind a port that is shut
	}
}

// turnedAway is the last refusal by a member.
type turnedAway struct {
	by     cluster.NodeID
	reason error
	at     time.Time
}

// trust is what this node has heard of itself.
type trust struct {
	// doubted: somebody says that the cluster has removed this node.
	doubted    atomic.Bool
	turnedAway atomic.Pointer[turnedAway]
	// answersAt is an address at which this process itself has answered.
	answersAt atomic.Pointer[string]
	// misplaced is set when the configuration has this node elsewhere.
	misplaced atomic.Pointer[misplaced]
}
