// Package autopilot (no promise) decides who votes: a member that has caught up
// gets a vote, one that has been dead for long is replaced or removed. It is
// hashicorp/raft-autopilot, which keeps account of everybody's health and takes
// the steps, with a promoter of our own, which says what they are (Next).
//
// The library's own promoter would make voters of readers, and whoever is in
// Raft's configuration and not among its known servers is removed by it at once,
// without a look at the majority. So the known servers are Raft's configuration
// itself, with what the leader hears of each; gossip only has a say in who has
// failed.
package autopilot

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftautopilot "github.com/hashicorp/raft-autopilot"

	"github.com/rialto-exchange/rialto/cluster"
)

// The fixed measures of health.
const (
	// Interval is between two looks, and between two steps.
	Interval = 500 * time.Millisecond
	// MaxLag is how many entries a healthy member is behind the leader at most,
	// in its log and in what it has applied.
	MaxLag = 256
	// MaxSilence is how long ago a healthy member has answered the leader.
	MaxSilence = 2 * time.Second
	// StableFor is how long a member has been healthy when it gets a vote.
	StableFor = time.Second
	// removalTime bounds one removal.
	removalTime = 5 * time.Second
)

// Contact is what Raft on the leader knows of a member.
type Contact struct {
	// Silent is how long ago what it last answered was sent; negative: it has
	// answered nothing.
	Silent time.Duration
	// Has is what it has acknowledged.
	Has cluster.Position
}

// Words is what the node knows of a member beside Raft. The zero value is of
// one that nothing is known of: it gets no vote.
type Words struct {
	// Reader is one that is never to vote.
	Reader bool
	// Level: it says itself that it has applied all but MaxLag of what is
	// committed.
	Level bool
	// Silent is for how long it has given no sign of life, and Gone says that
	// gossip has given it up too.
	Silent time.Duration
	Gone   bool
}

// Options of New.
type Options struct {
	Raft raftautopilot.Raft
	// Contacts and Words are what is known of the members, by id; the leader is
	// in them too.
	Contacts func() map[cluster.NodeID]Contact
	Words    func() map[cluster.NodeID]Words
	// Ready says whether a step may be taken now: the last one is committed, and
	// this node has led for long enough to have heard from whoever lives.
	Ready func() bool
	// Remove removes a member, unless too few healthy voters would remain.
	Remove func(ctx context.Context, id cluster.NodeID) error
	// FailAfter is how long a voter has been silent when it has failed,
	// ForgetAfter the same for a member without a vote. FailAfter is also how
	// long an even number of voters may stay.
	FailAfter, ForgetAfter time.Duration
	// MaxVoters is how many voters there are at most, an odd number.
	MaxVoters int
	Logger    *slog.Logger
}

// Pilot takes the steps while this node leads.
type Pilot struct {
	options Options
	engine  *raftautopilot.Autopilot

	mu sync.Mutex
	// even is since when the number of voters has been even; zero while it is odd.
	even time.Time
}

// New makes a pilot that does nothing yet.
func New(o Options) *Pilot {
	p := &Pilot{options: o}
	p.engine = raftautopilot.New(o.Raft, delegate{p},
		raftautopilot.WithPromoter(promoter{p}), raftautopilot.WithLogger(hclog.NewNullLogger()),
		raftautopilot.WithUpdateInterval(Interval), raftautopilot.WithReconcileInterval(Interval))
	return p
}

// Run takes steps while leading says that this node leads, until ctx ends or
// leading is closed.
func (p *Pilot) Run(ctx context.Context, leading <-chan cluster.Leadership) {
	for {
		select {
		case <-ctx.Done():
			<-p.engine.Stop()
			return
		case state, open := <-leading:
			if !open {
				<-p.engine.Stop()
				return
			}
			p.follow(ctx, state.Leading)
		}
	}
}

func (p *Pilot) follow(ctx context.Context, leads bool) {
	if !leads {
		<-p.engine.Stop()
		return
	}
	p.mu.Lock()
	p.even = time.Time{}
	p.mu.Unlock()
	p.engine.Start(ctx)
}

// next is the next step as things stand.
func (p *Pilot) next(state *raftautopilot.State) Step {
	if state == nil || !p.options.Ready() {
		return Step{}
	}
	servers := p.servers(state)
	return Next(servers, p.options.MaxVoters, p.stuck(servers, time.Now()))
}

// servers are the members as Raft's configuration has them now, and their health
// as of the last look.
func (p *Pilot) servers(state *raftautopilot.State) []Server {
	configuration := p.options.Raft.GetConfiguration()
	if configuration.Error() != nil {
		return nil
	}
	words, contacts := p.options.Words(), p.options.Contacts()
	var out []Server
	for _, s := range configuration.Configuration().Servers {
		id := cluster.NodeID(s.ID)
		known := words[id]
		server := Server{ID: id, Voter: s.Suffrage == raft.Voter, Reader: known.Reader}
		server.Failed = p.failed(server.Voter, known, contacts[id])
		if seen := state.Servers[s.ID]; seen != nil {
			server.Leader = seen.State == raftautopilot.RaftLeader
			server.Healthy = seen.Health.Healthy
			server.CaughtUp = seen.Health.IsStable(time.Now(), StableFor) && known.Level
		}
		out = append(out, server)
	}
	return out
}

// failed is whether a member has failed: silent for as long as it may be, to
// Raft as well, and given up by gossip.
func (p *Pilot) failed(voter bool, w Words, c Contact) bool {
	patience := p.options.ForgetAfter
	if voter {
		patience = p.options.FailAfter
	}
	return w.Gone && w.Silent >= patience && (c.Silent < 0 || c.Silent >= min(patience, w.Silent))
}

// stuck reports whether the number of voters has been even for long.
func (p *Pilot) stuck(servers []Server, now time.Time) bool {
	voters := 0
	for _, s := range servers {
		if s.Voter {
			voters++
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case voters%2 == 1:
		p.even = time.Time{}
	case p.even.IsZero():
		p.even = now
	}
	return !p.even.IsZero() && now.Sub(p.even) >= p.options.FailAfter
}
