package consensus_test

import (
	"errors"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// TestWedgedLeaderEnds shows what becomes of a leader that refuses every entry
// for the sake of a transfer that is over: nothing else would end that, for its
// heartbeats go on. It ends, and the others go on without it.
func TestWedgedLeaderEnds(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("before")
	leader := g.leader()
	leader.Wedge()
	var fatal error
	for fatal == nil {
		proposal, over := leader.Propose([]byte("refused")), make(chan error, 1)
		go func() {
			_, _, err := proposal.Wait()
			over <- err
		}()
		select {
		case err := <-over:
			if !errors.Is(err, cluster.ErrNotLeader) {
				t.Fatalf("an entry that was refused: %v, want %v", err, cluster.ErrNotLeader)
			}
		case fatal = <-leader.fatal: // who ends answers nobody any more
		}
	}
	if !errors.Is(fatal, consensus.ErrTransferStuck) {
		t.Fatalf("it ended by %v, want %v", fatal, consensus.ErrTransferStuck)
	}
	g.kill(leader)
	if _, count := g.propose("after"); count != 2 {
		t.Errorf("%d entries, want 2", count)
	}
}
