package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm"
)

// joinRequest asks the leader to admit a node. Builds that knew no
// incarnations leave it out.
type joinRequest struct {
	ID          string              `json:"id"`
	PeerAddress string              `json:"peer_address"`
	Incarnation cluster.Incarnation `json:"incarnation"`
	// HighestLevel is the highest feature level that the node can follow;
	// builds that leave it out follow the first.
	HighestLevel uint16 `json:"highest_level,omitempty"`
}

// membershipAnswer is what a member tells of the cluster: to a newcomer that
// it has admitted, and to one that asks for its roster.
type membershipAnswer struct {
	History cluster.History `json:"history"`
	// Roster is as cluster.Roster encodes it.
	Roster []byte       `json:"roster"`
	Term   cluster.Term `json:"term"`
	// Self is who answers, Own what it has on its disk as the leader, and
	// Remembered what it remembers of the others: for members only.
	Self       cluster.Enrolment     `json:"self"`
	Own        *cluster.Acknowledged `json:"own,omitempty"`
	Remembered []identity.Record     `json:"remembered,omitempty"`
}

// welcome is what a newcomer is told once it is admitted.
func (n *Node) welcome() membershipAnswer {
	return membershipAnswer{
		History: n.identity.Load().History, Roster: n.consensus.Roster().Append(nil), Term: n.consensus.Status().Term,
		Self: n.enrolment(),
	}
}

// answerRoster tells a member what this node knows of all.
func (n *Node) answerRoster(context.Context, []byte) ([]byte, error) {
	answer := n.welcome()
	answer.Remembered = n.memory.Records()
	if own, leads := n.consensus.Own(); leads {
		answer.Own = &own
	}
	return json.Marshal(answer)
}

// ask makes a control call that is answered so.
func (n *Node) ask(ctx context.Context, address, method string, request []byte) (membershipAnswer, error) {
	calling, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var answer membershipAnswer
	b, err := n.control.Call(calling, address, method, request)
	if err == nil {
		err = json.Unmarshal(b, &answer)
	}
	return answer, err
}

// answerJoin admits a newcomer as a non-voter; it becomes a voter once it has
// caught up. What it asks for is refused, and for good, where it would let a
// member back in that has forgotten.
func (n *Node) answerJoin(ctx context.Context, request []byte) ([]byte, error) {
	var j joinRequest
	if err := json.Unmarshal(request, &j); err != nil {
		return nil, fmt.Errorf("decode join request: %w", err)
	}
	if by, certified := peer.Certified(ctx); certified && (string(by.ID) != j.ID || by.Incarnation != j.Incarnation) {
		return nil, fmt.Errorf("join is for who asks: %w", peer.ErrUncertified)
	}
	if n.consensus.Status().Role != cluster.RoleLeader {
		return nil, cluster.ErrNotLeader
	}
	n.membershipChange.Lock()
	defer n.membershipChange.Unlock()
	who := cluster.Enrolment{ID: cluster.NodeID(j.ID), Incarnation: j.Incarnation}
	if err := cluster.CheckAddress(j.PeerAddress); err != nil {
		return nil, err // before anything of it is in the log
	}
	if err := mayFollow(max(j.HighestLevel, fsm.LevelFirst), n.sealingLevel()); err != nil {
		return nil, err
	}
	roster := n.consensus.Roster()
	if n.isForgotten(roster, who) {
		// Nobody is removed for a newcomer that is refused then.
		if err := mayJoin(roster.Without(who.ID), who, j.PeerAddress); err != nil {
			return nil, err
		}
		if err := n.removeForgotten(ctx, who.ID); err != nil {
			return nil, err
		}
		roster = n.consensus.Roster()
	}
	if err := mayJoin(roster, who, j.PeerAddress); err != nil {
		return nil, err
	}
	if _, isMember := roster.Member(who.ID); !isMember {
		n.log.Info("admit node", "id", j.ID, "incarnation", j.Incarnation, "peer_address", j.PeerAddress)
		if !slices.Contains(roster.Pending, who) {
			if err := n.consensus.Admit(ctx, []cluster.Enrolment{who}); err != nil {
				return nil, err
			}
		}
		if err := n.consensus.AddNonvoter(ctx, cluster.Member{ID: who.ID, Address: j.PeerAddress}); err != nil {
			return nil, err
		}
	}
	return json.Marshal(n.welcome())
}

// isForgotten reports whether a newcomer comes in the place of a member of the
// same id by another incarnation, which has been silent for as long as a voter may
// be. The newcomer is proof that the member's folder is not where it was, and no
// more, so the member is removed only where any voter that has failed would be.
// Gossip is not asked: what it shows under that id is the newcomer.
func (n *Node) isForgotten(roster cluster.Roster, who cluster.Enrolment) bool {
	return !who.Incarnation.IsZero() && roster.Standing(who) == cluster.Replaced && n.mayPilot() && n.silence.of(who.ID) >= n.cfg.Membership.FailAfter
}

func (n *Node) removeForgotten(ctx context.Context, id cluster.NodeID) error {
	n.log.Warn("a member that was lost is removed: it comes back with an empty folder", "id", id, "silent", n.silence.of(id))
	if err := n.consensus.Remove(ctx, id); err != nil {
		return fmt.Errorf("node %s is to be replaced: %w", id, err)
	}
	return nil
}

// mayJoin says why a node may not join.
func mayJoin(roster cluster.Roster, who cluster.Enrolment, address string) error {
	switch standing := roster.Standing(who); {
	case who.Incarnation.IsZero():
		return errors.New("its build knows no incarnations, which all members have: run a newer one")
	case !roster.Proven():
		return errors.New("some members run an earlier build: upgrade all of them first")
	case standing == cluster.Gone:
		return fmt.Errorf("%w: empty its folder to let it join anew", ErrRemoved)
	case standing == cluster.Replaced:
		return fmt.Errorf("node %s is a member by another folder than this one, which has forgotten what that one promised: "+
			"if that one is lost, remove it first (rialto node remove %s), or wait until it has been silent for membership.fail_after", who.ID, who.ID)
	}
	if m, ok := roster.Member(who.ID); ok && m.Address != address {
		return fmt.Errorf("node %s is a member at %s: joining changes no address, give it %s again or remove it first",
			who.ID, m.Address, m.Address)
	}
	for _, m := range roster.Members {
		if m.Address == address && m.ID != who.ID {
			return fmt.Errorf("peer address %s is that of member %s", address, m.ID)
		}
	}
	if _, ok := roster.Member(who.ID); !ok && len(roster.Members) >= cluster.MaxMembers {
		return fmt.Errorf("the cluster has %d members, as many as it may", cluster.MaxMembers)
	}
	return nil
}

// mayFollow says why a node can't follow a venue at a feature level: it would
// stop at the first entry that it does not know.
func mayFollow(highest, inForce uint16) error {
	if highest < inForce {
		return fmt.Errorf("the venue is at feature level %d and it follows %d at most: run a newer build, or raise its feature_level",
			inForce, highest)
	}
	return nil
}

// join asks to be admitted until a leader has done so. Gossip only finds whom
// to ask. What the leader answers is on disk before Raft is opened.
func (n *Node) join(ctx context.Context) error {
	request, err := json.Marshal(joinRequest{
		ID: n.cfg.NodeID, PeerAddress: n.addresses.Peer, Incarnation: n.identity.Load().Incarnation, HighestLevel: n.highestLevel(),
	})
	if err != nil {
		return fmt.Errorf("encode join request: %w", err)
	}
	n.log.Info("asking to be admitted", "incarnation", n.identity.Load().Incarnation, "join", n.cfg.Join)
	told, since := map[string]string{}, time.Now()
	reminded := since
	every(ctx, admissionInterval, func() bool {
		if now := time.Now(); now.Sub(reminded) >= n.remindEvery {
			reminded = now
			n.log.Warn("this node waits to be admitted and serves nobody yet", "for", now.Sub(since).Round(time.Second), "answers", told,
				"to_do", "see that a leader is reachable through join; if this node is a member that lost its folder, remove it first (rialto node remove "+n.cfg.NodeID+")")
		}
		if len(n.aliveInGossip()) <= 1 {
			n.joinGossip(n.cfg.Join)
		}
		for _, p := range n.gossip.Members() {
			if string(p.ID) == n.cfg.NodeID || p.State != membership.StateAlive {
				continue
			}
			answer, err := n.ask(ctx, p.PeerAddress, callJoin, request)
			if err == nil && n.admitted(answer) {
				n.log.Info("admitted to the cluster", "by", p.ID, "history", answer.History)
				return false
			}
			if err == nil {
				err = errors.New("its build knows no incarnations: upgrade the cluster first")
			}
			if !errors.Is(err, cluster.ErrNotLeader) && told[p.PeerAddress] != err.Error() {
				told[p.PeerAddress] = err.Error()
				n.log.Warn("join refused; asking again", "by", p.ID, "error", err)
			}
		}
		return true
	})
	if n.admission == nil {
		return fmt.Errorf("nobody admitted this node: %w", context.Cause(ctx))
	}
	return nil
}

// admitted keeps a leader's answer, if it is one.
func (n *Node) admitted(a membershipAnswer) bool {
	roster, err := cluster.ParseRoster(a.Roster)
	if err != nil || a.History == 0 {
		return false
	}
	n.admission = &admission{roster: roster, term: a.Term, history: a.History}
	return true
}

// admission is what a node begins with when it is let in.
type admission struct {
	roster  cluster.Roster
	term    cluster.Term
	history cluster.History
}

// ownAdmission is how this node begins: as it was admitted, or as it founded.
// nil once it is a member.
func (n *Node) ownAdmission() *admission {
	own := n.identity.Load()
	if n.admission != nil || own.State != identity.Admitted {
		return n.admission
	}
	var roster cluster.Roster
	for _, f := range own.Founders {
		roster.Members = append(roster.Members, cluster.RosterMember{
			Member: cluster.Member{ID: f.ID, Address: f.Address, Voter: true}, Incarnation: f.Incarnation,
		})
	}
	return &admission{roster: roster, history: own.History}
}

// proveAll admits, on the leader, the incarnations of members that had none
// when they were: all at once, as soon as each member tells its own and so
// runs a build that knows them. From then on nobody is believed without.
func (n *Node) proveAll(ctx context.Context) {
	if n.consensus.Status().Role != cluster.RoleLeader || n.consensus.Roster().Proven() {
		return
	}
	n.membershipChange.Lock()
	defer n.membershipChange.Unlock()
	var list []cluster.Enrolment
	for _, m := range n.consensus.Members() {
		if string(m.ID) == n.cfg.NodeID {
			list = append(list, cluster.Enrolment{ID: m.ID, Incarnation: n.identity.Load().Incarnation})
			continue
		}
		asking, cancel := context.WithTimeout(ctx, twinTimeout)
		answer, err := n.ask(asking, m.Address, callRoster, nil)
		cancel()
		if err != nil || answer.Self.ID != m.ID || answer.Self.Incarnation.IsZero() {
			return // it is not there, or runs an earlier build
		}
		list = append(list, answer.Self)
	}
	if err := n.consensus.Admit(ctx, list); err != nil {
		n.log.Warn("incarnations were not recorded", "error", err)
		return
	}
	n.log.Info("every member has an incarnation; none is believed without it from now on", "members", len(list))
}

// leaveForGood ends this node's part in its cluster: it was removed. The
// process stays, so that an operator who asks it is told.
func (n *Node) leaveForGood(reason string) {
	n.mux.Cut()
	select {
	case <-n.up:
	case <-n.over: // the next start will find out
		return
	}
	n.leaving.Do(func() {
		n.cutOff()
		folder := *n.identity.Load()
		folder.State, folder.Reason = identity.Removed, reason
		if err := n.become(folder); err != nil {
			n.log.Error("the removal could not be recorded", "error", err)
		}
		n.log.Error("this node was removed from the cluster: it takes no part any more", "reason", reason,
			"to_do", "stop it; to bring it back, empty its folder and let it join")
		n.removed.Store(true)
		n.level.Store(false) // what it shows is not the venue any more
		leaving, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		n.leaveGossip(leaving)
	})
}

// isRemoved reports whether the cluster has removed a node that gossip may
// still show.
func (n *Node) isRemoved(id string) bool {
	roster := n.roster.Load()
	if roster == nil {
		return false
	}
	_, member := roster.Member(cluster.NodeID(id))
	gone := func(e cluster.Enrolment) bool { return string(e.ID) == id }
	return !member && !slices.ContainsFunc(roster.Pending, gone) && slices.ContainsFunc(roster.Removed, gone)
}
