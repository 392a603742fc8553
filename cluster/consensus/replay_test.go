package consensus_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/node/world"
)

// manyEntries are more than what Raft hands to a machine in advance: a node that
// waited for its machine beyond that would answer nobody.
const manyEntries = 20000

// A node that starts again applies what its machine vouches for before it
// takes part: the moment it is open it is where it was.
func TestReplaysBeforeJoining(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.many(2000, "entry")
	g.converge(2000)
	p := g.follower()
	p.record = p.machine.record
	g.kill(p)
	g.start(p)
	if count, _, _ := p.machine.state(); count != 2000 {
		t.Errorf("machine has %d entries when the node is open, want 2000", count)
	}
	g.propose("after")
	g.converge(2001)
}

// What was never committed is not applied at a start, though it is in the log:
// the record does not vouch for it.
func TestNeverReplaysTheTail(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.many(100, "entry")
	g.converge(100)
	leader := g.leader()
	leader.record = leader.machine.record
	for _, p := range g.peers {
		if p != leader {
			g.kill(p)
		}
	}
	last := leader.Status().LastIndex
	for i := range 10 {
		leader.Propose(fmt.Appendf(nil, "tail %d", i))
	}
	g.eventually("an end of the log that nobody else has", func() bool { return leader.Status().LastIndex >= last+10 })
	g.kill(leader)
	g.start(leader)
	if count, _, _ := leader.machine.state(); count != 100 {
		t.Errorf("machine has %d entries, want the 100 that were committed", count)
	}
	if s := leader.Status(); s.LastIndex < last+10 {
		t.Errorf("log ends at %d, the end was to stay", s.LastIndex)
	}
}

// An entry that was applied at the start and turns out not to be the one that
// was committed is wrong state: the node stops as soon as a leader replaces it,
// whatever the leader has in its place and also if no command ever follows.
func TestReplayedEntryThatWasNotCommitted(t *testing.T) {
	for name, after := range map[string]int{"a command follows": 3, "nothing but the new leader's own entry": 0} {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t, 3, nil)
			g.many(10, "entry")
			g.converge(10)
			astray := g.strand("never committed")
			astray.record = &record{gullible: true}
			g.kill(astray)
			g.leader()
			for range after {
				g.propose("committed")
			}
			g.start(astray)
			select {
			case err := <-astray.fatal:
				if cluster.KindOf(err) != cluster.KindWrongState {
					t.Errorf("fatal = %v, which is %s, want wrong state", err, cluster.KindOf(err))
				}
			case <-time.After(patience):
				t.Fatal("a node with a wrong entry went on")
			}
		})
	}
}

// A node that never believed in an entry which is replaced goes on.
func TestAnEndThatIsReplacedIsNoFault(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.many(10, "entry")
	g.converge(10)
	astray := g.strand("never committed")
	astray.record = astray.machine.record
	g.kill(astray)
	g.propose("committed")
	g.start(astray)
	g.converge(11)
	g.propose("and on")
	g.converge(12)
}

// A follower takes for committed what a request shows to be the leader's, and
// nothing behind that in its own log. A new leader's request may carry no entry
// and a commit index beyond: the end that nobody else has is not applied.
func TestCommitsOnlyWhatTheRequestAgreesWith(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.many(10, "entry")
	g.converge(10)
	astray := g.strand("never committed")
	for _, p := range g.peers {
		g.kill(p)
	}
	common, end := lastTwo(t, astray)
	g.start(astray)
	request := &raft.AppendEntriesRequest{
		RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte("n0"), Addr: []byte("127.0.0.1:1")},
		Term:      uint64(astray.Status().Term) + 8, PrevLogEntry: uint64(common.Index), PrevLogTerm: uint64(common.Term),
		LeaderCommitIndex: uint64(end.Index) + 5,
	}
	var response raft.AppendEntriesResponse
	err := forger(t, "127.0.0.1:0").AppendEntries(raft.ServerID(astray.config.NodeID), raft.ServerAddress(astray.config.Address), request, &response)
	if err != nil || !response.Success {
		t.Fatalf("the request was not taken: %+v, %v", response, err)
	}
	if got := astray.Status().CommitIndex; got != common.Index {
		t.Errorf("commit index %d, want %d: entry %d is nobody else's", got, common.Index, end.Index)
	}
}

// lastTwo are the last two commands in a stopped node's log.
func lastTwo(t *testing.T, p *peer) (before, last cluster.Entry) {
	t.Helper()
	past, err := consensus.OpenPast(world.System().Files, p.config.Dir, t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer past.Close()
	for entry, err := range past.Entries(1, past.Last()) {
		if err != nil {
			t.Fatal(err)
		}
		before, last = last, entry
	}
	return before, last
}

// strand cuts a leader off and has it append an entry that nobody else gets.
// It returns that node, which is still cut off.
func (g *group) strand(entry string) *peer {
	g.t.Helper()
	var astray *peer
	g.eventually("an entry that one node alone has", func() bool {
		astray = g.leader()
		astray.network.isolate(true)
		_, _, err := astray.Propose([]byte(entry)).Wait()
		if errors.Is(err, cluster.ErrUnknownOutcome) {
			return true // it is in the log of the one that was cut off
		}
		astray.network.isolate(false)
		return false
	})
	return astray
}

// While a node restarts, and while it then applies thousands of entries that
// nobody could vouch for, it answers its leader: with the third node gone, a
// leader that heard nothing from it could commit nothing, and would give up.
func TestReplayLeavesTheLeaderAlone(t *testing.T) {
	for name, remembers := range map[string]bool{"record": true, "no record": false} {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t, 3, func(c *consensus.Config) {
				slowTimeouts(c)
				c.Snapshots.Replay = time.Hour
			})
			leader, p := g.peers[0], g.peers[1]
			if err := leader.Campaign(t.Context(), "", cluster.CauseFirst); err != nil {
				t.Fatal(err)
			}
			g.many(manyEntries, "entry")
			g.converge(manyEntries)
			term := leader.Status().Term
			held := make(chan struct{})
			if remembers {
				p.record = p.machine.record
				close(held)
			}
			p.held = held
			g.kill(p)
			g.propose("while it is away")
			g.start(p)
			g.kill(g.peers[2])
			for range 20 {
				g.propose("through the two of them")
			}
			if !remembers {
				close(held)
			}
			p.machine.await(t, manyEntries+21)
			if now := leader.Status(); now.Term != term || now.Role != cluster.RoleLeader {
				t.Errorf("role %s in term %d, want the leader of term %d", now.Role, now.Term, term)
			}
		})
	}
}
