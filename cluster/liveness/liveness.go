// Package liveness (no promise) sees a leader's process die and has the right
// follower stand for election at once, where Raft alone would wait for its
// timeouts.
//
// Every voter keeps a connection of its own to each of the others and is told
// on it what that one knows: its term, its leader, whether it hears it, how far
// its log goes. When the leader's connection ends, its port is called until it
// refuses; then the survivors tell each other, and the one with the longest log
// stands. Raft's own checks decide the election, and its timeouts stand behind
// all this for hosts that hang or are cut off: nothing here can make a leader
// of a node that may not be one, and a false alarm costs one election.
package liveness

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

const (
	// lookEvery is how often a node looks at itself; what others tell wakes it
	// at once.
	lookEvery = 50 * time.Millisecond
	// campaignPatience bounds how long Raft may take to hear that it is to
	// stand; it may be writing to its disk.
	campaignPatience = time.Second
	// lossMemory is for how long a lost leader is a reason to stand.
	lossMemory = 2 * time.Second
	// signOfLife is how much later than its loss a leader must have been heard
	// to count as alive: a request that it sent before may wait in Raft's queue
	// so long.
	signOfLife = 5 * time.Millisecond
	// takeBudget is how long a node that has lost its leader takes in what that
	// one sent before it tells the others, and takeLook how often it looks: with
	// an end of its log that still moves two would take themselves for the
	// first.
	takeBudget = 25 * time.Millisecond
	takeLook   = 500 * time.Microsecond
)

// Own is what a node knows of itself.
type Own struct {
	Term   cluster.Term
	Leader cluster.NodeID // "" while unknown; the node itself when it leads
	// Follows: Raft has it follow, so that it could stand for election now.
	Follows bool
	// MayLead: it has a vote and does not lead, and nothing keeps it from that.
	MayLead bool
	Last    LogEnd
	// Taking: what the leader sent may still be on its way into the log, so
	// that Last is not the last word.
	Taking bool
	// Heard is when Leader was last heard; zero on the leader.
	Heard time.Time
}

// Config of a Watch. All but Logger and Changed are required.
type Config struct {
	Self cluster.NodeID
	// Members returns the members of the configuration.
	Members func() []cluster.Member
	// Own returns what this node knows now; it must not block.
	Own func() Own
	// Dial opens a liveness connection to the node at a peer address. An error
	// that is syscall.ECONNREFUSED says that no process listens there.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Campaign has this node stand for election because the leader is lost, if
	// it still follows and no other one leads.
	Campaign func(ctx context.Context, lost cluster.NodeID, cause cluster.Cause) error
	// Silence is for how long a leader may say nothing that counts as heard. It
	// grows, up to maxSilence times this, with what this node has seen a living
	// leader do of late.
	Silence time.Duration
	// Changed may wake the Watch when Own's answer has changed.
	Changed <-chan cluster.Leadership
	Logger  *slog.Logger
}

// Watch is a node's part in this. Its methods may be called from any
// goroutine.
type Watch struct {
	cfg     Config
	log     *slog.Logger
	cancel  context.CancelFunc
	workers sync.WaitGroup
	wake    chan struct{} // capacity 1: there may be something to decide

	mu       sync.Mutex // guards all below
	peers    map[cluster.NodeID]*voter
	sessions map[*session]struct{}
	told     View // what the sessions were told last
	loss     *loss
	limit    limit
	silence  silence
	awake    time.Time // a clock that stands still while this process does
	standing bool      // a campaign is under way
	closed   bool
}

// voter is another voter.
type voter struct {
	member cluster.Member
	stop   context.CancelFunc
	// view is what it told last on the connection that is open; up is false
	// while there is none or it has told nothing yet.
	view View
	up   bool
	// spoke is when it last said anything on it, by the clock awake.
	spoke time.Time
	conn  net.Conn // that connection; nil while there is none
	// lost is when its port refused, or it said goodbye; zero while neither.
	lost  time.Time
	cause cluster.Cause
}

// Open begins to watch. Serve must be registered for the connections of the
// others.
func Open(cfg Config) *Watch {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &Watch{
		cfg: cfg, log: cfg.Logger, cancel: cancel, wake: make(chan struct{}, 1),
		peers: map[cluster.NodeID]*voter{}, sessions: map[*session]struct{}{}, awake: time.Now(),
	}
	w.workers.Go(func() { w.run(ctx) })
	w.workers.Go(func() { w.beat(ctx) })
	return w
}

// Close ends all connections that this node made and waits for what it began.
func (w *Watch) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cancel()
	w.workers.Wait()
}

// run looks whenever something may have changed.
func (w *Watch) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		due := time.NewTimer(w.look(ctx, time.Now()))
		select {
		case <-ctx.Done():
			due.Stop()
			return
		case <-w.wake:
		case <-w.cfg.Changed:
		case <-tick.C:
		case <-due.C:
		}
		due.Stop()
	}
}

func (w *Watch) alert() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
}

// look keeps a link to every other voter, tells the others what is new here,
// and stands for election if that is right. It returns when to look again.
func (w *Watch) look(ctx context.Context, now time.Time) time.Duration {
	members, own := w.cfg.Members(), w.cfg.Own()
	w.mu.Lock()
	defer w.mu.Unlock()
	voters := w.link(ctx, members)
	sign := w.heardOfLeader(now, own)
	silent := w.silence.over(sign, w.cfg.Silence)
	view := w.viewOf(now, own, silent)
	w.tell(view)
	w.follow(now, own, silent)
	if w.loss == nil || w.standing {
		return w.silence.left(sign, w.cfg.Silence)
	}
	if view.Hears {
		return takeLook
	}
	v := decide(question{now: now, own: view, follows: own.Follows, voters: voters, views: w.views(), loss: *w.loss, limit: w.limit})
	if v.agreed && w.loss.agreed.IsZero() {
		w.loss.agreed = now
	}
	if v.campaign {
		w.stand(ctx, now, own)
		view.Standing = true
		w.tell(view)
	} else if v.because != w.loss.because {
		w.log.Debug("the leader is lost, and this node does not stand yet", "leader", w.loss.leader, "because", v.because)
		w.loss.because = v.because
	}
	return min(max(v.wait, 0), lookEvery)
}

// link starts and ends links as the configuration says, and names its voters.
func (w *Watch) link(ctx context.Context, members []cluster.Member) (voters []cluster.NodeID) {
	belongs := map[cluster.NodeID]cluster.Member{}
	for _, m := range members {
		if m.Voter {
			voters = append(voters, m.ID)
			belongs[m.ID] = m
		}
	}
	_, votes := belongs[w.cfg.Self]
	for id, p := range w.peers {
		if m, stays := belongs[id]; !votes || !stays || m != p.member {
			p.stop()
			delete(w.peers, id)
		}
	}
	for id, m := range belongs {
		if !votes || id == w.cfg.Self || w.peers[id] != nil || w.closed {
			continue
		}
		linked, stop := context.WithCancel(ctx)
		p := &voter{member: m, stop: stop}
		w.peers[id] = p
		w.workers.Go(func() { w.keep(linked, p) })
	}
	return voters
}

// viewOf is what this node says of itself. A leader that is lost is not heard,
// until it was heard after that.
func (w *Watch) viewOf(now time.Time, own Own, silent bool) View {
	v := View{Node: w.cfg.Self, Term: own.Term, Leader: own.Leader, Last: own.Last, Pings: true}
	// One that stands for this loss already goes before the others still.
	v.Stands = own.MayLead && (w.limit.allows(now, own.Term) || w.loss != nil && w.limit.term == w.loss.term)
	v.Standing = w.standing || own.Term == w.limit.term && now.Sub(w.limit.at) < retryAfter
	v.Hears = own.Leader != "" && !silent
	if p := w.peers[own.Leader]; p != nil && !p.lost.IsZero() {
		switch {
		case own.Heard.Sub(p.lost) > signOfLife:
			p.lost = time.Time{}
		case !own.Taking || now.Sub(p.lost) > takeBudget:
			v.Hears = false
		}
	}
	return v
}

// follow notes the loss of the leader, and that another one leads.
func (w *Watch) follow(now time.Time, own Own, silent bool) {
	p := w.peers[own.Leader]
	at, cause := time.Time{}, cluster.CauseTimeout
	switch {
	case p == nil:
	case !p.lost.IsZero():
		at, cause = p.lost, p.cause
	case silent:
		at = now
	}
	switch {
	case !at.IsZero():
		if w.loss == nil || w.loss.leader != own.Leader || w.loss.term != own.Term || w.loss.cause == cluster.CauseTimeout && cause != cluster.CauseTimeout {
			w.loss = &loss{leader: own.Leader, term: own.Term, at: at, cause: cause, jitter: jitter(w.cfg.Self, own.Term)}
		}
	case w.loss == nil:
	case own.Leader != "" || now.Sub(w.loss.at) > lossMemory:
		w.loss = nil
	}
	w.limit.led = w.limit.led || own.Leader != "" && own.Term > w.limit.term
	if l := w.loss; l != nil && l.rose.IsZero() && (own.Term > l.term || w.anyStands(l.term)) {
		l.rose = now
	}
}

// anyStands reports whether another voter stands, or has gone beyond a term
// already: it says so before its disk has the vote.
func (w *Watch) anyStands(term cluster.Term) bool {
	for _, p := range w.peers {
		if p.up && (p.view.Term > term || p.view.Term == term && p.view.Standing) {
			return true
		}
	}
	return false
}

func (w *Watch) views() map[cluster.NodeID]View {
	views := map[cluster.NodeID]View{}
	for id, p := range w.peers {
		if p.up {
			views[id] = p.view
		}
	}
	return views
}

// stand has Raft stand for election, beside the watching: Raft may be busy.
func (w *Watch) stand(ctx context.Context, now time.Time, own Own) {
	w.limit = limit{at: now, term: own.Term}
	w.standing = true
	lost := *w.loss
	w.workers.Go(func() {
		patient, cancel := context.WithTimeout(ctx, campaignPatience)
		defer cancel()
		err := w.cfg.Campaign(patient, lost.leader, lost.cause)
		if err != nil {
			w.log.Info("the leader is lost, and this node does not stand", "leader", lost.leader, "because", err)
		} else {
			w.log.Warn("the leader is lost: this node stands for election", "leader", lost.leader, "term", lost.term,
				"cause", lost.cause, "after", time.Since(lost.at))
		}
		w.mu.Lock()
		w.standing = false
		w.mu.Unlock()
		w.alert()
	})
}

// lose notes that a voter is gone.
func (w *Watch) lose(p *voter, cause cluster.Cause) {
	w.mu.Lock()
	if p.lost.IsZero() {
		p.lost, p.cause = time.Now(), cause
	}
	w.mu.Unlock()
	w.alert()
}

// heardOf notes what a voter told, or with nil that its connection ended.
func (w *Watch) heardOf(p *voter, view *View) {
	w.mu.Lock()
	p.up = view != nil
	if p.up {
		p.view, p.lost, p.spoke = *view, time.Time{}, w.awake
	}
	w.mu.Unlock()
	w.alert()
}

// pinged notes that a voter runs.
func (w *Watch) pinged(p *voter) {
	w.mu.Lock()
	p.spoke = w.awake
	w.mu.Unlock()
}

// Peer is what is known of another voter, for people.
type Peer struct {
	ID cluster.NodeID
	Up bool // its liveness connection is open
	// Silent: it leads, by its last word, and has not said for too long that it
	// runs. A connection from which packets are dropped stays open.
	Silent bool
	View   View
}

// Peers returns what is known of the other voters, by id.
func (w *Watch) Peers() []Peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Peer
	for id, p := range w.peers {
		all = append(all, Peer{ID: id, Up: p.up, Silent: w.isSilent(p), View: p.view})
	}
	slices.SortFunc(all, func(a, b Peer) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return all
}
