package node

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/autopilot"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// pilotAfter is how long a leader has led when it judges who has failed: by then
// it has heard from every member that lives.
const pilotAfter = 5 * time.Second

// openAutopilot has this node, while it leads, give and take votes and remove
// who has failed.
func (n *Node) openAutopilot(background context.Context) {
	pilot := n.consensus.Autopilot(autopilot.Options{
		Words: n.pilotWords, Ready: n.mayPilot,
		FailAfter: n.cfg.Membership.FailAfter, ForgetAfter: n.cfg.Membership.ForgetAfter, MaxVoters: n.cfg.Membership.MaxVoters,
	}, &n.membershipChange)
	states, stop := n.consensus.WatchLeadership()
	n.background.Go(func() {
		defer stop()
		pilot.Run(background, states)
	})
	n.background.Go(func() {
		every(background, autopilot.Interval, func() bool {
			n.noteSilence(time.Now())
			return true
		})
	})
}

// mayPilot: not before this leader has heard from whoever lives, and not with
// members whose builds say too little of themselves.
func (n *Node) mayPilot() bool {
	return n.leaders.leadsFor(min(pilotAfter, n.cfg.Membership.FailAfter)) && n.consensus.Roster().Proven()
}

// pilotWords is what this node knows of the members beside Raft.
func (n *Node) pilotWords() map[cluster.NodeID]autopilot.Words {
	nodes := n.twin.nodes()
	gossip := map[cluster.NodeID]membership.Peer{}
	for _, p := range n.gossip.Members() {
		gossip[p.ID] = p
	}
	commit := n.consensus.Status().CommitIndex
	words := map[cluster.NodeID]autopilot.Words{}
	for _, m := range n.consensus.Roster().Members {
		told, peer := nodes[m.ID], gossip[m.ID]
		words[m.ID] = autopilot.Words{
			Reader: told.Reader || peer.Role == cluster.RoleReader || n.doubts.has(enrolmentOf(m)),
			Level:  told.State == stateAlive && cluster.Index(told.AppliedIndex)+autopilot.MaxLag >= commit,
			Silent: n.silence.of(m.ID),
			Gone:   peer.State != membership.StateAlive && peer.State != membership.StateSuspect,
		}
	}
	return words
}

func enrolmentOf(m cluster.RosterMember) cluster.Enrolment {
	return cluster.Enrolment{ID: m.ID, Incarnation: m.Incarnation}
}

// noteSilence counts on for how long each member has been silent, and looks who
// is not to be trusted with a vote.
func (n *Node) noteSilence(now time.Time) {
	roster := n.consensus.Roster()
	n.silence.look(now, roster.Members, func(id cluster.NodeID) bool {
		return string(id) == n.cfg.NodeID || n.consensus.Hears(id, autopilot.MaxSilence)
	})
	nodes, own := n.twin.nodes(), n.replica.state.Load()
	for _, m := range roster.Members {
		if contradicts(nodes[m.ID], own.hashIndex, own.hash) {
			n.doubts.add(enrolmentOf(m))
		}
	}
}

// contradicts reports that a node says another state hash than this one's, of the
// same index.
func contradicts(t gateways.TwinNode, index uint64, hash string) bool {
	return index != 0 && t.State == stateAlive && t.StateHashIndex == index && t.StateHash != hash
}

// nodes is what the last picture shows, by id.
func (t *twin) nodes() map[cluster.NodeID]gateways.TwinNode {
	out := map[cluster.NodeID]gateways.TwinNode{}
	if picture := t.picture.Load(); picture != nil {
		for _, n := range picture.Nodes {
			out[cluster.NodeID(n.ID)] = n
		}
	}
	return out
}

// doubts are incarnations whose state once differed from this node's at the same
// index: one of the two is wrong, and neither makes a voter of the other.
type doubts struct {
	mu  sync.Mutex
	all map[cluster.Enrolment]bool // at most maxDoubts
}

// maxDoubts bounds what is remembered; more than the members of a cluster there
// never are.
const maxDoubts = 2 * cluster.MaxMembers

func (d *doubts) add(e cluster.Enrolment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil || len(d.all) >= maxDoubts {
		d.all = map[cluster.Enrolment]bool{}
	}
	d.all[e] = true
}

func (d *doubts) has(e cluster.Enrolment) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all[e]
}

// silence counts for how long each member has given no sign of life: no answer
// to a call for its status, nor, on the leader, to Raft. Every node counts, so
// that a new leader need not begin anew. Time in which this process itself did
// not run is nobody's silence: between two looks no more than silenceStep counts.
type silence struct {
	mu    sync.Mutex
	last  time.Time
	heard map[cluster.NodeID]bool
	since map[cluster.Enrolment]time.Duration
}

// silenceStep is the most that one look adds.
const silenceStep = 2 * autopilot.Interval

// sign notes that a member answered.
func (s *silence) sign(id cluster.NodeID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == nil {
		s.heard = map[cluster.NodeID]bool{}
	}
	s.heard[id] = true
}

// look counts on.
func (s *silence) look(now time.Time, members []cluster.RosterMember, lives func(cluster.NodeID) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	step := time.Duration(0)
	if !s.last.IsZero() {
		step = min(max(now.Sub(s.last), 0), silenceStep)
	}
	next := map[cluster.Enrolment]time.Duration{}
	for _, m := range members {
		if s.heard[m.ID] || lives(m.ID) {
			next[enrolmentOf(m)] = 0
		} else {
			next[enrolmentOf(m)] = s.since[enrolmentOf(m)] + step
		}
	}
	s.last, s.since, s.heard = now, next, nil
}

// of returns for how long a member has been silent.
func (s *silence) of(id cluster.NodeID) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e, d := range s.since {
		if e.ID == id {
			return d
		}
	}
	return 0
}

// votes reports whether this node has a vote.
func (n *Node) votes() bool {
	return slices.ContainsFunc(n.consensus.Members(), func(m cluster.Member) bool { return string(m.ID) == n.cfg.NodeID && m.Voter })
}

// quorumOf counts the voters of a picture, and how many of them may fail.
func quorumOf(nodes []gateways.TwinNode) (q gateways.TwinQuorum) {
	for _, n := range nodes {
		if !n.Votes {
			continue
		}
		q.Voters++
		if (n.State == stateAlive || n.State == stateDraining) && n.WriteStalledMs == 0 {
			q.Healthy++
		}
	}
	q.Needed = q.Voters/2 + 1
	q.MayFail = max(q.Healthy-q.Needed, 0)
	return q
}

// margin says when no voter may fail any more, and that a number of voters is
// one that another would serve better.
func margin(q gateways.TwinQuorum) (out []gateways.Finding) {
	switch {
	case q.Voters == 0:
	case q.Voters == 1:
		out = append(out, finding.New(finding.SingleNode, "", "one node votes: whatever ends it stops the venue"))
	case q.Healthy < q.Needed:
		out = append(out, finding.New(finding.QuorumLost, "",
			"%d of %d voters answer and %d are needed: the venue stands still", q.Healthy, q.Voters, q.Needed))
	case q.MayFail == 0:
		out = append(out, finding.New(finding.NoSpareVoter, "",
			"no further voter may fail: %d of %d answer and as many are needed", q.Healthy, q.Voters))
	}
	if q.Voters%2 == 0 && q.Voters > 0 {
		out = append(out, finding.New(finding.EvenVoters, "",
			"%d nodes vote: as many may fail as with %d", q.Voters, q.Voters-1))
	}
	return out
}
