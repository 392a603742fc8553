package consensus

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// contacts are what peers answered to this node's requests: when, and what
// they said that they have on their disks.
type contacts struct {
	roster *roster

	mu     sync.Mutex
	heard  map[cluster.NodeID]time.Time // when the last request that was answered was sent
	proofs map[cluster.Enrolment]cluster.Acknowledged
	// level is how far each said last that its log goes along with this node's.
	// It is an incarnation's: who comes back with an empty folder has said nothing.
	level map[cluster.Enrolment]cluster.Position
}

func newContacts(r *roster) *contacts {
	return &contacts{roster: r, heard: map[cluster.NodeID]time.Time{}, proofs: map[cluster.Enrolment]cluster.Acknowledged{}, level: map[cluster.Enrolment]cluster.Position{}}
}

// asked names who is asked, at the moment of asking: an answer belongs to the
// incarnation that was a member then.
func (c *contacts) asked(id raft.ServerID) (cluster.Enrolment, time.Time) {
	e := cluster.Enrolment{ID: cluster.NodeID(id)}
	r := c.roster.load()
	if m, ok := r.Member(e.ID); ok {
		e.Incarnation = m.Incarnation
	} else if at := slices.IndexFunc(r.Pending, func(p cluster.Enrolment) bool { return p.ID == e.ID }); at >= 0 {
		e.Incarnation = r.Pending[at].Incarnation
	}
	return e, time.Now()
}

// answered notes an answer and what it proves.
func (c *contacts) answered(by cluster.Enrolment, sent time.Time, proof cluster.Acknowledged) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if sent.After(c.heard[by.ID]) {
		c.heard[by.ID] = sent
	}
	if proof.Term != 0 {
		level := proof.Position
		if at := c.level[by]; at.Term == proof.Term {
			level.Last = max(level.Last, at.Last) // a heartbeat names no entry
		}
		c.level[by] = level
	}
	if proof.Term != 0 && !by.Incarnation.IsZero() {
		c.proofs[by] = c.proofs[by].And(proof)
	}
}

// since reports whether a node answered something that was sent after a time.
func (c *contacts) since(id cluster.NodeID, asked time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heard[id].After(asked)
}

// levelWith returns up to where a node's log goes along with this leader's, 0 if
// it has not said so in this term. Within one, a follower takes nothing back.
func (c *contacts) levelWith(id cluster.NodeID, term cluster.Term) cluster.Index {
	who, _ := c.asked(raft.ServerID(id))
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.level[who]; at.Term == term {
		return at.Last
	}
	return 0
}

// Hears reports whether a member has answered something that this node sent
// within the last while. It says something on the leader only, who alone asks
// everybody all the time.
func (n *Node) Hears(id cluster.NodeID, within time.Duration) bool {
	return n.contacts.since(id, time.Now().Add(-within))
}

// MajoritySilence returns how long ago this node sent the last request that was
// answered by so many voters that they are a majority with it; 0 where it is one
// by itself. It says something on the leader only.
func (n *Node) MajoritySilence() time.Duration {
	var others []time.Duration
	now := time.Now()
	n.contacts.mu.Lock()
	defer n.contacts.mu.Unlock()
	for _, s := range n.raft.GetConfiguration().Configuration().Servers {
		if s.Suffrage == raft.Voter && string(s.ID) != string(n.config.NodeID) {
			others = append(others, now.Sub(n.contacts.heard[cluster.NodeID(s.ID)]))
		}
	}
	return majority(others)
}

// majority returns the silence of the voter, the one heard most recently first,
// with whom and oneself there is a majority.
func majority(others []time.Duration) time.Duration {
	slices.Sort(others)
	if needed := (len(others) + 1) / 2; needed > 0 {
		return others[needed-1]
	}
	return 0
}

// all returns what every incarnation of the roster has proven, and forgets
// the others.
func (c *contacts) all() map[cluster.Enrolment]cluster.Acknowledged {
	r := c.roster.load()
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.level, func(e cluster.Enrolment, _ cluster.Position) bool {
		return !e.Incarnation.IsZero() && r.Standing(e) != cluster.Belongs
	})
	out := make(map[cluster.Enrolment]cluster.Acknowledged, len(c.proofs))
	for e, proof := range c.proofs {
		if r.Standing(e) != cluster.Belongs {
			delete(c.proofs, e)
			continue
		}
		out[e] = proof
	}
	return out
}

// Acknowledged returns what members have told this node that they have on
// their disks, as long as this process runs: in answers that came from the
// addresses of the configuration.
func (n *Node) Acknowledged() map[cluster.Enrolment]cluster.Acknowledged { return n.contacts.all() }

// Own returns what this node has on its disk as the leader, whom nobody asks
// to acknowledge anything; ok is false on every other one. A leader takes
// nothing of its log back in its term.
func (n *Node) Own() (own cluster.Acknowledged, ok bool) {
	term := n.raft.CurrentTerm()
	led := n.raft.State() == raft.Leader
	own = cluster.Acknowledged{
		Position:  cluster.Position{Term: cluster.Term(term), Last: cluster.Index(n.raft.LastIndex())},
		Committed: cluster.Index(n.raft.CommitIndex()),
	}
	return own, led && n.raft.State() == raft.Leader && n.raft.CurrentTerm() == term
}

// What is believed of a term in one message. A term rises by one an election:
// at one a second without a pause it would take 194 days to get a request's
// bound ahead of a node that was away meanwhile, and a newcomer is told the
// term when it is admitted. Nothing takes a term back, so a message that is
// believed costs the cluster what it jumps: 2^40 requests use the terms up,
// where one of 2^64-2 did.
//
// An answer may jump further: this node asked, and a member answered that has
// proven who it is. That is how the others catch up with one whose term a
// request has raised to its bound, and which is then beyond theirs.
const (
	maxTermJump   = 1 << 24
	maxAnswerJump = 1 << 40
)

// errAbsurdTerm: a message names a term that no election has led to.
type errAbsurdTerm struct{ term, current uint64 }

func (e errAbsurdTerm) Error() string {
	return fmt.Sprintf("term %d is absurd at term %d", e.term, e.current)
}

// checkTerm refuses a term that is not to be believed.
func checkTerm(term, current, bound uint64) error {
	if term > current && term-current > bound {
		return errAbsurdTerm{term, current}
	}
	return nil
}

// termOf is the term that a request names; TimeoutNow names none.
func termOf(command any) uint64 {
	switch c := command.(type) {
	case *raft.AppendEntriesRequest:
		return c.Term
	case *raft.RequestVoteRequest:
		return c.Term
	case *raft.RequestPreVoteRequest:
		return c.Term
	case *raft.InstallSnapshotRequest:
		return c.Term
	}
	return 0
}

// AppendEntries asks a follower, and learns from its answer.
func (t transport) AppendEntries(id raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	args.Entries = args.Entries[:fitting(args.Entries)]
	if voids := t.withhold(); len(voids) > 0 && len(args.Entries) > 0 {
		if args.Entries = args.Entries[:withheld(voids, args.Entries)]; len(args.Entries) == 0 {
			return errWithheld
		}
	}
	who, sent := t.contacts.asked(id)
	acknowledged := uint64(0)
	t.nudges.began(id, target, args)
	defer func() { t.nudges.ended(id, args, acknowledged) }()
	if err := again(func() error { return t.NetworkTransport.AppendEntries(id, target, args, resp) }); err != nil {
		return err
	}
	if err := checkTerm(resp.Term, t.term(), maxAnswerJump); err != nil {
		return err
	}
	var proof cluster.Acknowledged
	if resp.Success {
		last := agreed(args)
		acknowledged = last
		proof = cluster.Acknowledged{
			Position:  cluster.Position{Term: cluster.Term(args.Term), Last: cluster.Index(last)},
			Committed: cluster.Index(min(last, args.LeaderCommitIndex)),
		}
	}
	t.contacts.answered(who, sent, proof)
	return nil
}

// RequestVote asks for a vote. One that is given proves the term.
func (t transport) RequestVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	if err := t.stand(); err != nil {
		return err
	}
	who, sent := t.contacts.asked(id)
	if err := again(func() error { return t.NetworkTransport.RequestVote(id, target, args, resp) }); err != nil {
		return err
	}
	if err := checkTerm(resp.Term, t.term(), maxAnswerJump); err != nil {
		return err
	}
	var proof cluster.Acknowledged
	if resp.Granted {
		proof.Term = cluster.Term(args.Term)
	}
	t.contacts.answered(who, sent, proof)
	return nil
}

// RequestPreVote asks whether a vote would be given.
func (t transport) RequestPreVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	if err := t.stand(); err != nil {
		return err
	}
	if err := again(func() error { return t.NetworkTransport.RequestPreVote(id, target, args, resp) }); err != nil {
		return err
	}
	return checkTerm(resp.Term, t.term(), maxAnswerJump)
}

// TimeoutNow asks a follower to stand for election.
func (t transport) TimeoutNow(id raft.ServerID, target raft.ServerAddress, args *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return again(func() error { return t.NetworkTransport.TimeoutNow(id, target, args, resp) })
}

// InstallSnapshot sends a snapshot. One that was installed is on the disk.
func (t transport) InstallSnapshot(id raft.ServerID, target raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	who, sent := t.contacts.asked(id)
	if err := t.NetworkTransport.InstallSnapshot(id, target, args, resp, data); err != nil {
		return err
	}
	if err := checkTerm(resp.Term, t.term(), maxAnswerJump); err != nil {
		return err
	}
	var proof cluster.Acknowledged
	if resp.Success {
		last := cluster.Index(args.LastLogIndex)
		proof = cluster.Acknowledged{Position: cluster.Position{Term: cluster.Term(args.Term), Last: last}, Committed: last}
	}
	t.contacts.answered(who, sent, proof)
	return nil
}
