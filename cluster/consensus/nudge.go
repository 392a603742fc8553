package consensus

import (
	"errors"
	"sync"

	"github.com/hashicorp/raft"
)

// nudges has followers learn of a commit when it happens. The library tells
// them with the next entry, or after Timeouts.Commit: on a quiet venue a client
// of a follower then waits longer for that than for the commit itself.
//
// A nudge is an AppendEntries request without entries that goes behind the
// committed entry, as the leader of its term could send at any time: the
// follower checks its own log against it, and takes everything up to there for
// committed. It is sent to a follower that has acknowledged the entry and was
// not told yet, only while the log has nothing newer, whose request would carry
// the news at no cost, and one at a time to each.
//
// One that is lost is made up for by the library, after Timeouts.Commit.
type nudges struct {
	// term is this node's current one, last the end of its log.
	term, last func() uint64
	send       func(id raft.ServerID, to raft.ServerAddress, args *raft.AppendEntriesRequest) error

	mu        sync.Mutex
	committed position
	followers map[raft.ServerID]*followed // bounded by the members there ever were
	closed    bool
	underWay  sync.WaitGroup
}

// position is an entry's place.
type position struct{ index, term uint64 }

// followed is what the leader of one term knows of a follower, from the
// requests that it has answered:
//
//	knows <= has
type followed struct {
	header  raft.RPCHeader
	leader  []byte
	term    uint64
	address raft.ServerAddress
	has     uint64 // the last entry that it acknowledged
	knows   uint64 // the last one that it was told to be committed
	asked   int    // requests with entries under way
	nudged  bool   // a nudge is under way
}

func newNudges(term, last func() uint64, send func(raft.ServerID, raft.ServerAddress, *raft.AppendEntriesRequest) error) *nudges {
	return &nudges{term: term, last: last, send: send, followers: map[raft.ServerID]*followed{}}
}

// commit tells that an entry is committed. Every node calls it for what its
// machine is to apply; who did not lead in the entry's term has no followers of
// that term.
func (n *nudges) commit(index, term uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.committed = position{index, term}
	for id, f := range n.followers {
		n.nudge(id, f)
	}
}

// began notes a request on its way to a follower. Heartbeats say nothing of
// logs.
func (n *nudges) began(id raft.ServerID, to raft.ServerAddress, args *raft.AppendEntriesRequest) {
	if isHeartbeat(args) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.followers[id]
	if f == nil || f.term < args.Term {
		f = &followed{header: args.RPCHeader, leader: args.Leader, term: args.Term}
		n.followers[id] = f
	}
	if f.term == args.Term {
		f.address = to
		f.asked += min(len(args.Entries), 1)
	}
}

// ended notes what became of a request; acknowledged is the last entry that the
// follower has, 0 if it did not say so.
func (n *nudges) ended(id raft.ServerID, args *raft.AppendEntriesRequest, acknowledged uint64) {
	if isHeartbeat(args) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.followers[id]
	if f == nil || f.term != args.Term {
		return
	}
	f.asked -= min(len(args.Entries), 1)
	f.has = max(f.has, acknowledged)
	f.knows = max(f.knows, min(acknowledged, args.LeaderCommitIndex))
	n.nudge(id, f)
}

func isHeartbeat(args *raft.AppendEntriesRequest) bool {
	return len(args.Entries) == 0 && args.PrevLogEntry == 0
}

// nudge sends a follower what it should know, if it should. The caller holds
// the lock.
func (n *nudges) nudge(id raft.ServerID, f *followed) {
	at := n.committed
	switch {
	case n.closed, f.nudged, f.asked > 0:
		return // the end of that looks again
	case f.term != at.term, f.has < at.index, f.knows >= at.index:
		return
	case n.term() != at.term, n.last() > at.index:
		return
	}
	f.nudged = true
	to := f.address
	args := &raft.AppendEntriesRequest{
		RPCHeader: f.header, Term: at.term, Leader: f.leader,
		PrevLogEntry: at.index, PrevLogTerm: at.term, LeaderCommitIndex: at.index,
	}
	n.underWay.Go(func() {
		err := n.send(id, to, args)
		n.mu.Lock()
		defer n.mu.Unlock()
		f.nudged = false
		if err != nil {
			return // its connection is in trouble: leave it to the library
		}
		f.knows = max(f.knows, at.index)
		n.nudge(id, f)
	})
}

// close lets no more nudges go. Those under way end when their connections do,
// and wait returns then.
func (n *nudges) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
}

func (n *nudges) wait() { n.underWay.Wait() }

// errNotTaken: the follower's log is not what it had acknowledged, or it has
// heard of a later term. The library will see.
var errNotTaken = errors.New("nudge was not taken")

// nudge sends one over Raft's own connections.
func (t transport) nudge(id raft.ServerID, to raft.ServerAddress, args *raft.AppendEntriesRequest) error {
	var resp raft.AppendEntriesResponse
	if err := t.NetworkTransport.AppendEntries(id, to, args, &resp); err != nil {
		return err
	}
	if !resp.Success {
		return errNotTaken
	}
	return nil
}
