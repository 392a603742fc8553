package consensus_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
)

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// A follower takes no entry and no change: nothing of either happens.
func TestFollowerRefuses(t *testing.T) {
	g := newGroup(t, 3, nil)
	f := g.follower()
	if _, _, err := f.Propose([]byte("x")).Wait(); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("propose = %v, want %v", err, cluster.ErrNotLeader)
	}
	if err := f.Remove(within(t), "n1"); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("remove = %v, want %v", err, cluster.ErrNotLeader)
	}
	g.propose("only this")
	g.converge(1)
}

// A leader that lost its majority does not know what becomes of an entry, and
// says so; afterwards it refuses.
func TestLostMajorityIsUnknown(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("before")
	leader := g.leader()
	for _, p := range g.peers {
		if p != leader {
			g.kill(p)
		}
	}
	_, _, err := leader.Propose([]byte("into the dark")).Wait()
	if !errors.Is(err, cluster.ErrUnknownOutcome) {
		t.Errorf("propose = %v, want %v", err, cluster.ErrUnknownOutcome)
	}
	if _, _, err := leader.Propose([]byte("later")).Wait(); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("propose = %v, want %v", err, cluster.ErrNotLeader)
	}
}

// Everything that a closed node is asked ends at once.
func TestClosedNodeRefuses(t *testing.T) {
	g := newGroup(t, 1, nil)
	node := g.leader().Node
	states, _ := node.WatchLeadership()
	g.kill(g.peers[0])
	if _, _, err := node.Propose([]byte("x")).Wait(); !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("propose = %v, want %v", err, cluster.ErrClosed)
	}
	if err := node.Snapshot(within(t)); err == nil {
		t.Error("snapshot of a closed node")
	}
	if err := node.AddNonvoter(within(t), cluster.Member{ID: "n9", Address: "127.0.0.1:1"}); err == nil {
		t.Error("membership change of a closed node")
	}
	for range states { // ends when the channel is closed
	}
	if err := node.Close(within(t)); err != nil {
		t.Errorf("second close = %v", err)
	}
}

// Whoever watches learns of the leader it has and of the next one, whose term
// is higher.
func TestWatchesLeadership(t *testing.T) {
	g := newGroup(t, 3, nil)
	old := g.leader()
	first := old.Leadership()
	states, stop := g.follower().WatchLeadership()
	defer stop()
	until := func(what string, holds func(cluster.Leadership) bool) cluster.Leadership {
		timeout := time.After(patience)
		for {
			select {
			case s := <-states:
				if holds(s) {
					return s
				}
			case <-timeout:
				t.Fatalf("%s was not seen", what)
			}
		}
	}
	until("the leader", func(s cluster.Leadership) bool {
		return s.Leader == old.config.NodeID && s.Address == old.config.Address
	})
	g.kill(old)
	next := until("the next leader", func(s cluster.Leadership) bool { return s.Leader != "" && s.Leader != old.config.NodeID })
	if next.Term <= first.Term {
		t.Errorf("term %d follows term %d", next.Term, first.Term)
	}
}

// A node joins without a vote, gets one, leads when leadership is handed to
// it, loses its vote, and goes.
func TestMembership(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.many(10, "entry")
	joiner := g.newPeer("n4", nil)
	g.start(joiner)
	if role := joiner.Status().Role; role != cluster.RoleOutside {
		t.Errorf("role before joining = %s", role)
	}
	member := cluster.Member{ID: "n4", Address: joiner.config.Address}
	if err := g.leader().AddNonvoter(within(t), member); err != nil {
		t.Fatal(err)
	}
	g.converge(10)
	g.eventually("role of a reader", func() bool { return joiner.Status().Role == cluster.RoleReader })
	if err := g.leader().AddVoter(within(t), member); err != nil {
		t.Fatal(err)
	}
	member.Voter = true
	if !slices.Contains(g.leader().Members(), member) {
		t.Errorf("members %v lack %v", g.leader().Members(), member)
	}
	g.eventually("joiner's vote", func() bool { return joiner.Status().Role == cluster.RoleFollower })
	g.eventually("transfer", func() bool { return g.leader().TransferLeadership(within(t), "n4") == nil })
	g.eventually("lead of the joiner", func() bool { return joiner.Status().Role == cluster.RoleLeader })
	g.propose("under the joiner")
	if err := joiner.TransferLeadership(within(t), ""); err != nil {
		t.Fatal(err)
	}
	g.eventually("another leader", func() bool {
		l, ok := joiner.Leader()
		return ok && l.ID != "n4"
	})
	if err := g.leader().DemoteVoter(within(t), "n4"); err != nil {
		t.Fatal(err)
	}
	if err := g.leader().Remove(within(t), "n4"); err != nil {
		t.Fatal(err)
	}
	if n := len(g.leader().Members()); n != 3 {
		t.Errorf("%d members, want 3", n)
	}
}

// Status tells of roles, indexes and contact.
func TestStatus(t *testing.T) {
	g := newGroup(t, 3, nil)
	index, _ := g.propose("entry")
	leader := g.leader()
	g.converge(1)
	s := leader.Status()
	if s.Role != cluster.RoleLeader || s.AppliedIndex != index || s.CommitIndex < index || s.LastIndex < index ||
		s.Term == 0 || s.Leader != leader.config.NodeID || s.LogSync <= 0 || s.LastContact != 0 {
		t.Errorf("leader's status %+v after entry %d", s, index)
	}
	f := g.follower().Status()
	if f.Role != cluster.RoleFollower || f.Leader != leader.config.NodeID || f.AppliedIndex != index {
		t.Errorf("follower's status %+v after entry %d", f, index)
	}
}

// A configuration without what it needs is refused before anything is made.
func TestConfigIsChecked(t *testing.T) {
	if _, err := consensus.Open(context.Background(), consensus.Config{}); err == nil {
		t.Error("an empty configuration was taken")
	}
}
