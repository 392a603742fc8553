package node

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// The twin is refreshed by asking every known node for its status. What a
// node says of itself and what gossip says of it are kept apart: gossip is a
// hint about who is there, never about what is true.
const (
	twinInterval = 500 * time.Millisecond
	twinTimeout  = 400 * time.Millisecond
	// twinFresh is how old a picture may be that is shown, and how long one
	// who wants to see it waits for a newer one.
	twinFresh = 50 * time.Millisecond
	// lagFinding is the read-model lag from which a finding is raised; it is
	// also what /readyz allows.
	lagFinding = time.Second
)

// twin keeps the last picture of the cluster for readers.
type twin struct {
	node    *Node
	picture atomic.Pointer[gateways.Twin]
	wake    chan struct{} // capacity 1: a picture is wanted now
	// lastSeen keeps each node's last own words, so that a dead node is still
	// shown with where it stopped.
	lastSeen map[string]gateways.TwinNode
	// acquainted is since when each member is asked who has not proven itself yet;
	// the zero time of those who have.
	acquainted map[string]time.Time
	verdict    verdict
	since      finding.Since
	awaited    awaited
	pilot      pilotStands

	mu    sync.Mutex
	taken time.Time     // when picture was begun
	fresh chan struct{} // closed when the next picture is there
}

func newTwin(n *Node) *twin {
	return &twin{
		node: n, wake: make(chan struct{}, 1), lastSeen: map[string]gateways.TwinNode{},
		verdict: verdict{own: map[uint64]string{}}, fresh: make(chan struct{}),
	}
}

// run refreshes the picture until ctx ends.
func (t *twin) run(ctx context.Context) {
	ticker := time.NewTicker(twinInterval)
	defer ticker.Stop()
	for {
		begun := time.Now()
		t.refresh(ctx)
		t.mu.Lock()
		t.taken = begun
		close(t.fresh)
		t.fresh = make(chan struct{})
		t.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-t.wake:
		}
	}
}

// want waits a little for a picture that is not stale.
func (t *twin) want() {
	fresh, stale := t.ask()
	if !stale {
		return
	}
	timeout := time.NewTimer(twinFresh)
	defer timeout.Stop()
	select {
	case <-fresh:
	case <-timeout.C: // a node is slow to answer; the last picture will do
	}
}

// ask has a picture taken soon if the last one is stale. fresh is closed when
// the next one is there.
func (t *twin) ask() (fresh <-chan struct{}, stale bool) {
	t.mu.Lock()
	fresh, stale = t.fresh, time.Since(t.taken) > twinFresh
	t.mu.Unlock()
	if stale {
		select {
		case t.wake <- struct{}{}:
		default: // it is wanted already
		}
	}
	return fresh, stale
}

// current returns a picture of now, with this node's own words.
func (t *twin) current() gateways.Twin {
	t.want()
	var p gateways.Twin
	if last := t.picture.Load(); last != nil {
		p = *last
	}
	self := t.node.status()
	p.ClusterID = t.node.cfg.ClusterID
	if history := t.node.replica.state.Load().history; history != 0 {
		p.HistoryID = historyText(history)
	}
	p.DedupHorizon = t.node.dedupHorizon()
	p.Intake = t.node.Intake()
	p.Nodes = slices.Clone(p.Nodes)
	at := slices.IndexFunc(p.Nodes, func(n gateways.TwinNode) bool { return n.ID == self.ID })
	if at < 0 {
		p.Nodes = append(p.Nodes, self)
	} else {
		p.Nodes[at] = self
	}
	p.Leader = t.node.leaderID()
	p.Failovers = t.node.failovers.newest(maxFailovers)
	if p.Findings == nil {
		p.Findings = []gateways.Finding{}
	}
	p.Quorum = quorumOf(p.Nodes)
	return p
}

func (n *Node) leaderID() string {
	leader, ok := n.consensus.Leader()
	if !ok {
		return ""
	}
	return string(leader.ID)
}

func (t *twin) refresh(ctx context.Context) {
	peers := t.node.knownPeers()
	t.acquaint(peers)
	nodes := make([]gateways.TwinNode, len(peers))
	var wait sync.WaitGroup
	for i, p := range peers {
		wait.Go(func() { nodes[i] = t.look(ctx, p) })
	}
	wait.Wait()
	var members []gateways.TwinNode
	for i, n := range nodes {
		t.lastSeen[n.ID] = n
		if peers[i].member {
			if n.State != stateSuspect && n.State != stateDead {
				t.acquainted[n.ID] = time.Time{}
			}
			members = append(members, n)
			t.node.failovers.learn(n.LeaderChanges)
		}
	}
	t.node.ward.look(members)
	if err := t.node.failovers.save(); err != nil {
		t.node.log.Warn("changes of leadership are not kept", "error", err)
	}
	slices.SortFunc(nodes, func(a, b gateways.TwinNode) int { return compareIDs(a.ID, b.ID) })
	picture := gateways.Twin{Nodes: nodes, Leader: t.node.leaderID()}
	picture.Quorum = quorumOf(nodes)
	picture.Findings = t.node.ownFindings(slices.Concat(findings(picture, t.node.leaders.secondHand()), margin(picture.Quorum), t.node.clocks.findings(), t.node.ward.findings(), holdingBack(picture, t.node.consensus.Members()), waitFindings(members), t.awaited.look(t.node.consensus.Roster().Pending),
		t.pilot.look(t.node.consensus.Leadership().Leading, t.node.consensus.ConfigurationCommitted(), t.node.clock.Now())))
	t.since.Stamp(picture.Findings, t.node.clock.Now())
	state := t.node.replica.state.Load()
	votes := voters(t.node.consensus.Members())
	index, outvoted := t.verdict.look(state.hashIndex, state.hash, t.node.cfg.NodeID, members, votes)
	disputed, undecided := t.verdict.undecided(members, t.node.cfg.NodeID, votes)
	t.node.dispute(disputed, undecided)
	t.node.decideIntake(picture)
	t.picture.Store(&picture)
	t.node.compareWithLeader(picture)
	if outvoted {
		t.node.quarantine(index)
	}
}

// compareIDs puts n2 before n10.
func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compareWithLeader sees whether this node is level with the leader, as the
// leader itself says. To have applied an entry of the leader's own term is to
// have applied all that was committed before it: until a new leader has, it is
// not level with itself.
func (n *Node) compareWithLeader(picture gateways.Twin) {
	at := slices.IndexFunc(picture.Nodes, func(t gateways.TwinNode) bool {
		return t.ID == picture.Leader && t.State != stateDead && t.State != stateSuspect
	})
	if at < 0 {
		return
	}
	own, leader := n.replica.state.Load(), &picture.Nodes[at]
	if !n.removed.Load() && own.history != 0 && own.term == leader.Term && uint64(n.consensus.Status().AppliedIndex) >= leader.AppliedIndex {
		n.level.Store(true)
	}
}

// caughtUp reports whether this node has been level with the leader since it
// started. Who asks before that has the two compared soon.
func (n *Node) caughtUp() bool {
	if n.level.Load() {
		return true
	}
	n.twin.ask()
	return false
}

// look asks one node; one that does not answer is shown as gossip has it,
// with the last it said of itself. lastSeen is only read here.
func (t *twin) look(ctx context.Context, p knownPeer) gateways.TwinNode {
	if p.id == t.node.cfg.NodeID {
		return t.node.status()
	}
	asking, cancel := context.WithTimeout(ctx, twinTimeout)
	defer cancel()
	says, err := t.words(asking, p)
	if err == nil {
		t.node.silence.sign(cluster.NodeID(p.id))
		says.Votes, says.Unproven = p.voter, ""
		return says
	}
	n, seen := t.lastSeen[p.id]
	if !seen {
		n = gateways.TwinNode{ID: p.id, PeerAddress: p.peerAddress, GossipAddress: p.gossipAddress,
			HTTPAddress: p.httpAddress, FIXAddress: p.fixAddress, PID: p.pid, Version: p.version,
			ReadModels: []gateways.TwinReadModel{}, Gateways: []gateways.TwinGateway{}}
	}
	n.Role, n.Votes = string(cluster.RoleFollower), p.voter
	if !p.voter {
		n.Role = string(cluster.RoleReader)
	}
	n.State = p.state
	if n.Unproven = strangerAt(err); t.isNew(p) && errors.Is(err, errReticent) {
		n.Unproven = "" // the two have yet to apply that they belong together
	}
	if n.Unproven != "" || n.State == stateAlive {
		n.State = stateSuspect // gossip still believes in it, but it does not answer
	}
	return n
}

// isNew: a member of late that has not proven itself to this node yet, or to which
// this node is as new. acquainted is only read here.
func (t *twin) isNew(p knownPeer) bool {
	since, asked := t.acquainted[p.id]
	return p.member && asked && !since.IsZero() && t.node.clock.Now().Sub(since) < acquaintance
}

// acquaint notes since when each member is asked for its status, until it has
// proven to be that member: then it is the zero time.
func (t *twin) acquaint(peers []knownPeer) {
	known := make(map[string]time.Time, len(peers))
	for _, p := range peers {
		if !p.member {
			continue
		}
		since, asked := t.acquainted[p.id]
		if !asked {
			since = t.node.clock.Now()
		}
		known[p.id] = since
	}
	t.acquainted = known
}

// words asks a node for its status. Of one that is no member nothing can be
// proven: what it says is shown, and counts for nothing.
func (t *twin) words(ctx context.Context, p knownPeer) (says gateways.TwinNode, err error) {
	if p.member {
		return t.node.statusOf(ctx, cluster.Member{ID: cluster.NodeID(p.id), Address: p.peerAddress})
	}
	answer, err := t.node.control.Call(ctx, p.peerAddress, callStatus, nil)
	if err == nil {
		err = json.Unmarshal(answer, &says)
	}
	if err == nil && says.ID != p.id {
		err = errUnproven
	}
	return says, err
}

// The states of a node in the twin.
const (
	stateAlive    = "alive"
	stateSuspect  = "suspect"
	stateDead     = "dead"
	stateDraining = "draining"
	stateRemoved  = "removed" // by the cluster, for good: its own word only
)

// status is what this node says of itself.
func (n *Node) status() gateways.TwinNode {
	s, m := n.consensus.Status(), n.replica.state.Load()
	role := string(s.Role)
	if s.Role == cluster.RoleOutside {
		role = string(cluster.RoleReader)
	}
	state := stateAlive
	if n.draining.Load() {
		state = stateDraining
	}
	stalled := n.writes.Stalled()
	if stalled > 0 {
		state = stateSuspect
	}
	if n.removed.Load() {
		state = stateRemoved
	}
	intake := gateways.Intake("")
	if s.Role == cluster.RoleLeader {
		intake = n.Intake()
	}
	_, installs := n.consensus.Installs()
	failed, reason := n.consensus.SnapshotFailures()
	why := ""
	if reason != nil {
		why = reason.Error()
	}
	unwritten := uint64(0)
	if n.logWriter != nil {
		unwritten = n.logWriter.Unwritten()
	}
	return gateways.TwinNode{
		Votes: n.votes(), Peers: n.peersStatus(), Reader: n.cfg.Role == "reader",
		LeaderChanges: n.failovers.newest(toldFailovers), Memory: n.resident.last.Load(),
		LogUnwritten: unwritten, ArchiveDamaged: n.damagedArchive(),
		Room: n.room.words(), Intake: intake,
		Waits: n.waits.Load(), Voids: n.voids, WriteStalledMs: milliseconds(stalled), Muted: n.mutedSince.Load() != nil,
		ID: n.cfg.NodeID, PID: os.Getpid(), Version: n.version, Role: role, State: state,
		HTTPAddress: n.addresses.HTTP, FIXAddress: n.addresses.FIX,
		PeerAddress: n.addresses.Peer, GossipAddress: n.addresses.Gossip,
		Term: uint64(s.Term), CommitIndex: uint64(s.CommitIndex), AppliedIndex: uint64(s.AppliedIndex),
		Sequence: uint64(m.sequence), StateHash: m.hash, StateHashIndex: m.hashIndex,
		DiskFreeBytes: n.room.now.Load().space.Left, LogSyncMs: milliseconds(s.LogSync), StallMs: milliseconds(time.Duration(n.stalled.Load())), PeerTripMs: milliseconds(n.clocks.trip()), InstallsInRow: installs,
		SnapshotsFailed: failed, SnapshotError: why,
		FeatureLevel: m.level, HighestLevel: n.highestLevel(),
		StartedAt:  n.startedAt.UTC().Format("2006-01-02T15:04:05.000000000Z"),
		Journal:    n.journalStatus(),
		ReadModels: n.readModelStatus(), Gateways: n.gatewayStatus(),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
