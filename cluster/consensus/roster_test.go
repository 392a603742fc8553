package consensus_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
)

func enrolled(id cluster.NodeID, life byte) cluster.Enrolment {
	return cluster.Enrolment{ID: id, Incarnation: cluster.Incarnation{life}}
}

// TestRosterFollowsTheLog shows that an admission reaches every node and no
// machine, that it outlives a restart, and that a newcomer which is sent a
// snapshot instead of the log knows it too.
func TestRosterFollowsTheLog(t *testing.T) {
	g := newGroup(t, 3, small(func(*consensus.Config) {}))
	g.propose("before")
	list := []cluster.Enrolment{enrolled("n1", 1), enrolled("n2", 2), enrolled("n3", 3)}
	if err := g.leader().Admit(within(t), list); err != nil {
		t.Fatal(err)
	}
	if err := g.leader().Admit(within(t), []cluster.Enrolment{enrolled("n2", 9), enrolled("n4", 4)}); err != nil {
		t.Fatal(err)
	}
	g.propose("after")
	g.converge(2) // the machines saw two entries
	ofNewcomer := cluster.Awaited
	knows := func(p *peer) {
		t.Helper()
		r := p.Roster()
		for e, want := range map[cluster.Enrolment]cluster.Standing{
			enrolled("n2", 2): cluster.Belongs, enrolled("n2", 9): cluster.Replaced, enrolled("n4", 4): ofNewcomer,
		} {
			if got := r.Standing(e); got != want {
				t.Errorf("%s: %s has standing %d, want %d", p.config.NodeID, e.ID, got, want)
			}
		}
		if !r.Proven() {
			t.Errorf("%s does not know all incarnations: %+v", p.config.NodeID, r)
		}
	}
	for _, p := range g.peers {
		knows(p)
		g.kill(p)
	}
	for _, p := range g.peers {
		g.start(p)
		knows(p)
	}
	g.many(9000, "more") // beyond what the log keeps in whole blocks of 4,096
	g.converge(9002)
	for _, p := range g.peers {
		if err := p.Snapshot(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	joiner := g.newPeer("n4", nil)
	g.start(joiner)
	if err := g.leader().AddNonvoter(within(t), cluster.Member{ID: "n4", Address: joiner.config.Address}); err != nil {
		t.Fatal(err)
	}
	g.converge(9002)
	g.eventually("install of a snapshot", func() bool { total, _ := joiner.Installs(); return total > 0 })
	g.eventually("the newcomer in its own roster", func() bool {
		m, ok := joiner.Roster().Member("n4")
		return ok && m.Incarnation == enrolled("n4", 4).Incarnation
	})
	ofNewcomer = cluster.Belongs
	knows(joiner)
}

// TestTermOlderThanTheLog shows that term and vote from yesterday beside a log
// of today are refused: the node may have voted since.
func TestTermOlderThanTheLog(t *testing.T) {
	g := newGroup(t, 1, nil)
	g.propose("first")
	p := g.peers[0]
	g.kill(p)
	stable := filepath.Join(p.config.Dir, "vote")
	old, err := os.ReadFile(stable)
	if err != nil {
		t.Fatal(err)
	}
	g.start(p) // another term
	g.propose("second")
	g.kill(p)
	if err := os.WriteFile(stable, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.open(p); !errors.Is(err, cluster.ErrForgotten) {
		t.Errorf("got %v", err)
	}
}
