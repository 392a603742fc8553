package consensus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// An entry that the leader answers is applied on every node, in one order,
// and a follower refuses to take one.
func TestReplicates(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 3, set)
		var last cluster.Index
		for i := range 50 {
			index, count := g.propose(fmt.Sprintf("entry %d", i))
			if index <= last || count != uint64(i+1) {
				t.Fatalf("entry %d: index %d after %d, count %d", i, index, last, count)
			}
			last = index
		}
		g.converge(50)
	})
}

// The leader's death elects another, nothing that was answered is lost, and
// the dead node catches up from its disk and the others when it returns.
func TestSurvivesItsLeader(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 3, set)
		for i := range 20 {
			g.propose(fmt.Sprintf("before %d", i))
		}
		dead := g.leader()
		g.kill(dead)
		for i := range 20 {
			g.propose(fmt.Sprintf("after %d", i))
		}
		g.start(dead)
		g.converge(40)
	})
}

// TestFollowersHearOfACommit shows that followers of a quiet leader apply an
// entry when it is committed, and don't wait until the library tells them.
func TestFollowersHearOfACommit(t *testing.T) {
	const quiet = 10 * time.Second
	g := newGroup(t, 3, func(c *consensus.Config) { c.Timeouts.Commit = quiet })
	g.leader()
	began := time.Now()
	for count := uint64(1); count <= 5; count++ {
		g.propose(fmt.Sprint("entry ", count))
		g.converge(count)
	}
	if took := time.Since(began); took > quiet/2 {
		t.Errorf("followers took %v to apply five entries: they waited for the library", took)
	}
}
