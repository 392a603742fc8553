package consensus_test

import (
	"context"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// TestInstallOverDivergentTail shows a node that led alone and appended what
// nobody else has, and whose log the others have left so far behind that it is
// sent a snapshot: the snapshot is installed once, the tail that was never
// committed is gone, and the entries after it are applied. (The library's open
// defect is that such a follower is sent snapshot after snapshot, for ever, where
// an install leaves the tail in the log.)
func TestInstallOverDivergentTail(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 3, small(set))
		g.many(100, "entry")
		g.converge(100)
		astray := g.strand("never committed")
		g.eventually("another one leads", func() bool { return !astray.Leadership().Leading && g.leader() != astray })
		g.many(9000, "missed")
		for _, p := range g.running() {
			if p == astray {
				continue
			}
			p.machine.await(t, 9100)
			if err := p.Snapshot(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		astray.network.isolate(false)
		g.converge(9100)
		g.propose("after the install")
		g.converge(9101)
		if total, inRow := astray.Installs(); total != 1 || inRow != 0 {
			t.Errorf("%d snapshots were installed, %d of them in a row without an entry between, want 1 and 0", total, inRow)
		}
		g.kill(astray)
		g.start(astray)
		g.propose("after a restart")
		g.converge(9102)
	})
}
