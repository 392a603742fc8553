package consensus_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus"
)

func (s *tcp) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// connected waits until a node has connections enough to the others that run.
func (g *group) connected(p *peer) {
	g.t.Helper()
	for _, other := range g.running() {
		if other != p {
			g.eventually("connections made ahead", func() bool {
				return p.ConnectionsTo(other.config.Address) >= consensus.ConnectionsKept
			})
		}
	}
}

// TestSuccessorIsConnected shows that whoever takes leadership over has made the
// connections before by which it asks for votes and sends entries: to make them
// then was much of what a hand-over took.
func TestSuccessorIsConnected(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("before")
	next := g.follower()
	for _, p := range g.peers {
		g.connected(p)
	}
	before := next.network.dialled()
	g.eventually("transfer", func() bool { return g.leader().TransferLeadership(within(t), next.config.NodeID) == nil })
	g.eventually("lead of the successor", func() bool { return next.Leadership().Leading })
	g.propose("after")
	if made := next.network.dialled() - before; made != 0 {
		t.Errorf("the new leader made %d connections to take over, want none", made)
	}
}

// TestConnectionsAheadOfARestart shows that connections to a node that was
// started again since are not used: it is asked by a new one.
func TestConnectionsAheadOfARestart(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("before")
	for _, p := range g.peers {
		g.connected(p)
	}
	again := g.follower()
	g.kill(again)
	for _, p := range g.running() {
		g.eventually("their end", func() bool { return p.ConnectionsTo(again.config.Address) < consensus.ConnectionsKept })
	}
	g.start(again)
	g.propose("after")
	g.converge(2)
	for _, p := range g.peers {
		g.connected(p)
	}
}

// TestConnectionsAheadAreVoters shows that a node without a vote keeps no
// connections, and that none are kept to it.
func TestConnectionsAheadAreVoters(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("before")
	for _, p := range g.peers {
		g.connected(p)
	}
	reader := g.follower()
	g.eventually("demotion", func() bool { return g.leader().DemoteVoter(within(t), reader.config.NodeID) == nil })
	for _, p := range g.running() {
		if p == reader || p == g.leader() {
			continue
		}
		g.eventually("no connection to the reader", func() bool { return p.ConnectionsTo(reader.config.Address) == 0 })
		g.eventually("no connection of the reader", func() bool { return reader.ConnectionsTo(p.config.Address) == 0 })
	}
}
