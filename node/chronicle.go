package node

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/gateways"
)

// The log tells what happened to the venue, one line a fact: who leads and why,
// that nobody does, who came and went, whether this node is ready. Raft's and
// gossip's own lines are at debug.

const (
	// reasonPatience is how long the line of a new leader waits for the reason,
	// which the new leader tells the others.
	reasonPatience = 2 * time.Second
	// leaderlessAfter is how long nobody leads before that is said, and unreadyAfter
	// how long a node is not ready: an election is shorter than both.
	leaderlessAfter = time.Second
	unreadyAfter    = 2 * time.Second
	// saidAgain is how often that is said while it lasts.
	saidAgain = time.Minute
)

// sight is what a node sees of its venue at one moment.
type sight struct {
	leadership cluster.Leadership
	changes    []gateways.Failover // the newest first
	quorum     gateways.TwinQuorum
	members    []membership.Peer
	ready      error
	// because is what Raft said when it last gave up leading, or could not; "" =
	// nothing.
	because string
}

// chronicle is what was told so far. It is for one goroutine.
type chronicle struct {
	log   *slog.Logger
	begun time.Time

	leader cluster.Leadership                  // the last one that was told
	seen   time.Time                           // when the one that is to be told was first seen
	none   stretch                             // nobody leads
	there  map[cluster.NodeID]membership.State // of those that gossip knows
	ready  bool                                // was told
	unfit  stretch
}

// stretch is a state that lasts, and is told when it has for long enough, and
// again while it does.
type stretch struct{ since, told time.Time }

// due reports whether it is to be told.
func (s *stretch) due(now time.Time, after time.Duration) bool {
	if s.since.IsZero() {
		s.since = now
	}
	if now.Sub(s.since) < after || !s.told.IsZero() && now.Sub(s.told) < saidAgain {
		return false
	}
	s.told = now
	return true
}

// end ends it and reports whether it was told of.
func (s *stretch) end() (told bool) {
	told = !s.told.IsZero()
	*s = stretch{}
	return told
}

func newChronicle(log *slog.Logger, begun time.Time) *chronicle {
	return &chronicle{log: log, begun: begun, there: map[cluster.NodeID]membership.State{}}
}

// look tells what is new.
func (c *chronicle) look(now time.Time, s sight) {
	c.lookAtMembers(s.members)
	c.lookAtLeader(now, s)
	c.lookAtReadiness(now, s.ready)
}

func (c *chronicle) lookAtLeader(now time.Time, s sight) {
	l := s.leadership
	if l.Leader == "" {
		if c.none.due(now, leaderlessAfter) {
			c.log.Warn("nobody leads", with("for", now.Sub(c.none.since).Round(time.Second), "voters", s.quorum.Voters,
				"answer", s.quorum.Healthy, "needed", s.quorum.Needed, "because", s.because)...)
		}
		return
	}
	missed := c.none.end()
	if l.Term == c.leader.Term && l.Leader == c.leader.Leader {
		if missed {
			c.log.Info(string(l.Leader)+" leads again", "term", l.Term)
		}
		return
	}
	if c.seen.IsZero() {
		c.seen = now
	}
	if reasonOf(s.changes, l.Term).Cause == "" && now.Sub(c.seen) < reasonPatience {
		return
	}
	c.seen = time.Time{}
	c.tellBetween(s.changes, l.Term)
	c.tellLeader(l, reasonOf(s.changes, l.Term))
}

// tellBetween tells of those that led for too short to be seen here.
func (c *chronicle) tellBetween(changes []gateways.Failover, term cluster.Term) {
	for _, f := range slices.Backward(changes) {
		if c.leader.Term != 0 && f.Term > uint64(c.leader.Term) && f.Term < uint64(term) {
			c.tellLeader(cluster.Leadership{Term: cluster.Term(f.Term), Leader: cluster.NodeID(f.Leader)}, f)
		}
	}
}

// tellLeader tells who leads, and why.
func (c *chronicle) tellLeader(l cluster.Leadership, f gateways.Failover) {
	words := with("term", l.Term, "cause", f.Cause, "reason", f.Reason, "before", f.Previous)
	if f.GapMs > 0 {
		words = append(words, "gap", time.Duration(f.GapMs*float64(time.Millisecond)).Round(time.Millisecond/10))
	}
	c.log.Info(string(l.Leader)+" leads", words...)
	c.leader = l
}

// reasonOf finds what is known of a change of leadership.
func reasonOf(changes []gateways.Failover, term cluster.Term) gateways.Failover {
	at := slices.IndexFunc(changes, func(f gateways.Failover) bool { return f.Term == uint64(term) })
	if at < 0 {
		return gateways.Failover{}
	}
	return changes[at]
}

func (c *chronicle) lookAtMembers(members []membership.Peer) {
	for _, m := range members {
		state := m.State
		if state == membership.StateSuspect || m.Self {
			continue // it may be back in a moment
		}
		before, known := c.there[m.ID]
		if known && before == state {
			continue
		}
		c.there[m.ID] = state
		switch {
		case state == membership.StateAlive:
			c.log.Info(string(m.ID)+" is there", with("version", m.Version, "http", m.HTTPAddress, "pid", m.PID)...)
		case known && state == membership.StateLeft:
			c.log.Info(string(m.ID) + " has stopped")
		case known:
			c.log.Warn(string(m.ID) + " is gone: it answers nobody")
		}
	}
	c.forget(members)
}

// forget forgets those that gossip has forgotten, which bounds how many it knows:
// ids come and go for as long as a node runs.
func (c *chronicle) forget(members []membership.Peer) {
	maps.DeleteFunc(c.there, func(id cluster.NodeID, _ membership.State) bool {
		return !slices.ContainsFunc(members, func(m membership.Peer) bool { return m.ID == id })
	})
}

func (c *chronicle) lookAtReadiness(now time.Time, err error) {
	switch {
	case err == nil:
		if told := c.unfit.end(); !c.ready || told {
			c.log.Info("ready", "after", now.Sub(c.begun).Round(time.Millisecond))
		}
		c.ready = true
	case c.unfit.since.IsZero() && c.ready:
		c.begun = now
		c.unfit.due(now, unreadyAfter)
	case c.unfit.due(now, unreadyAfter):
		c.log.Warn("not ready", "for", now.Sub(c.unfit.since).Round(time.Second), "because", err)
	}
}

// with are a record's attributes without those that say nothing.
func with(words ...any) []any {
	var out []any
	for i := 0; i+1 < len(words); i += 2 {
		if words[i+1] != "" {
			out = append(out, words[i], words[i+1])
		}
	}
	return out
}

// chronicle has the log tell what happens until ctx ends.
func (n *Node) chronicle(ctx context.Context) {
	c := newChronicle(n.log, n.opened)
	ticker := time.NewTicker(twinInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-n.leaders.Changed():
		}
		if ctx.Err() == nil {
			c.look(time.Now(), n.sight())
		}
	}
}

func (n *Node) sight() sight {
	s := sight{
		leadership: n.consensus.Leadership(), changes: n.failovers.newest(maxFailovers),
		members: n.gossip.Members(), ready: n.fitToServe(), because: n.consensus.Lost(),
	}
	if p := n.twin.picture.Load(); p != nil {
		s.quorum = p.Quorum
	}
	return s
}

// fitToServe is Ready without what asks the others or the log: it is looked at
// twice a second.
func (n *Node) fitToServe() error {
	if n.draining.Load() {
		return errDraining
	}
	if err := n.hearsLeader(); err != nil {
		return err
	}
	if !n.level.Load() {
		return errNotLevel
	}
	if err := n.uptodate(); err != nil {
		return err
	}
	return n.viewsFresh(n.Intake() == gateways.IntakeCancels)
}

// tellLeadership takes each state of leadership: why this node leads is kept, and
// why it leads no more is told at once.
func (n *Node) tellLeadership(s cluster.Leadership) {
	before := n.leaders.current()
	if before.Leading && (!s.Leading || s.Term != before.Term) {
		n.log.Warn("this node leads no more", with("term", before.Term, "because", n.consensus.Lost(), "leader", string(s.Leader))...)
	}
	n.failovers.follow(s, n.consensus.Reason)
}

// refusalLevel is that of a line about a peer that was turned away: while this
// node starts others come too early, and come again.
func (n *Node) refusalLevel() slog.Level {
	select {
	case <-n.up:
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}
