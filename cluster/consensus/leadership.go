package consensus

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

var _ cluster.LeadershipWatcher = (*Node)(nil)

// watchers hands the newest state of leadership to whoever watches.
type watchers struct {
	mu     sync.Mutex
	state  cluster.Leadership
	chans  map[chan cluster.Leadership]struct{}
	closed bool
}

func newWatchers() *watchers { return &watchers{chans: make(map[chan cluster.Leadership]struct{})} }

func (w *watchers) current() cluster.Leadership {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

func (w *watchers) publish(state cluster.Leadership) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if state == w.state {
		return
	}
	w.state = state
	for c := range w.chans {
		replace(c, state)
	}
}

// replace puts state into a channel of capacity one that only this package
// sends to, under the lock of watchers.
func replace(c chan cluster.Leadership, state cluster.Leadership) {
	select {
	case <-c:
	default:
	}
	c <- state
}

func (w *watchers) watch() (<-chan cluster.Leadership, func()) {
	c := make(chan cluster.Leadership, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		close(c)
		return c, func() {}
	}
	c <- w.state
	w.chans[c] = struct{}{}
	return c, func() { w.stop(c) }
}

func (w *watchers) stop(c chan cluster.Leadership) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.chans, c)
}

func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for c := range w.chans {
		close(c)
	}
	clear(w.chans)
}

// Leadership returns who leads, as far as this node knows.
func (n *Node) Leadership() cluster.Leadership { return n.watchers.current() }

// WatchLeadership watches it; see cluster.LeadershipWatcher.
func (n *Node) WatchLeadership() (<-chan cluster.Leadership, func()) { return n.watchers.watch() }

// Leader returns the leader; ok is false while none is known.
func (n *Node) Leader() (leader cluster.Member, ok bool) {
	state := n.watchers.current()
	return cluster.Member{ID: state.Leader, Address: state.Address, Voter: true}, state.Leader != ""
}

// leadershipRefresh is how late a change can be seen that Raft does not
// announce: a new term under the same leader.
const leadershipRefresh = 100 * time.Millisecond

// watchLeadership publishes changes until ctx ends. Raft's observations only
// wake it: it reads the state itself, so one that is dropped because its
// channel is full loses nothing.
func (n *Node) watchLeadership(ctx context.Context) {
	observed := make(chan raft.Observation, 16)
	observer := raft.NewObserver(observed, false, func(o *raft.Observation) bool {
		switch o.Data.(type) {
		case raft.RaftState, raft.LeaderObservation:
			return true
		}
		return false
	})
	n.raft.RegisterObserver(observer)
	defer n.raft.DeregisterObserver(observer)
	refresh := time.NewTicker(leadershipRefresh)
	defer refresh.Stop()
	for {
		state, before := n.readLeadership(), n.watchers.current()
		if !state.Leading && state.Leader != "" && state != before {
			n.reasons.forget()
		}
		n.watchers.publish(state)
		select {
		case <-ctx.Done():
			return
		case <-observed:
		case <-refresh.C:
		}
	}
}

// readLeadership reads a state that held at one moment: Raft takes a new term
// as a candidate, before it leads, and follows before it takes another, so
// "leads" between two readings of one term belongs to that term.
func (n *Node) readLeadership() cluster.Leadership {
	for {
		term := n.raft.CurrentTerm()
		leading := n.raft.State() == raft.Leader
		address, id := n.raft.LeaderWithID()
		if n.raft.CurrentTerm() != term {
			continue
		}
		if leading {
			address, id = raft.ServerAddress(n.config.Address), raft.ServerID(n.config.NodeID)
		} else if id == raft.ServerID(n.config.NodeID) {
			address, id = "", ""
		}
		return cluster.Leadership{
			Term:    cluster.Term(term),
			Leading: leading,
			Leader:  cluster.NodeID(id),
			Address: string(address),
		}
	}
}
