package consensus_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
)

// With one of three dead, removing a living one would leave one of two: it is
// refused, names the dead one, and changes nothing. Removing the dead one is
// not.
func TestRemovalKeepsAMajority(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("before")
	dead, leader := g.follower(), g.leader()
	var alive *peer
	for _, p := range g.peers {
		if p != dead && p != leader {
			alive = p
		}
	}
	g.kill(dead)
	for _, p := range []*peer{alive, leader} {
		err := g.leader().Remove(within(t), p.config.NodeID)
		if !errors.Is(err, cluster.ErrUnsafe) || !strings.Contains(err.Error(), string(dead.config.NodeID)) {
			t.Errorf("remove %s beside a dead %s = %v", p.config.NodeID, dead.config.NodeID, err)
		}
	}
	g.propose("nothing was changed")
	if err := g.leader().Remove(within(t), dead.config.NodeID); err != nil {
		t.Fatal(err)
	}
	if err := g.leader().Remove(within(t), dead.config.NodeID); !errors.Is(err, cluster.ErrNoMember) {
		t.Errorf("a second time = %v", err)
	}
	if err := g.leader().Remove(within(t), alive.config.NodeID); err != nil {
		t.Errorf("one of two, both well = %v", err)
	}
	if err := g.leader().Remove(within(t), g.leader().config.NodeID); !errors.Is(err, cluster.ErrUnsafe) {
		t.Errorf("the last voter = %v", err)
	}
	g.propose("alone")
}
