package node

import (
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
)

// leadership tells the sequencer when this node leads, and forwarding who
// does: the sequencer first, so that what forwarding sends it is taken.
type leadership struct {
	sequencer *sequencer.Sequencer
	// clocks is closed once this node knows enough of the voters' clocks to
	// stamp entries; a leadership that begins before it waits.
	clocks <-chan struct{}
	// owed is a term that waits for it; 0 = none. follow's alone.
	owed cluster.Term
	// told, if it is set, is told of each state first.
	told func(cluster.Leadership)

	mu      sync.Mutex
	state   cluster.Leadership
	heard   cluster.Member // by others, while state names nobody
	changed chan struct{}
	since   time.Time // that this node leads
}

var _ forward.Leadership = (*leadership)(nil)

// firstHand is what this node knows of the leader by itself.
type firstHand struct{ *leadership }

// Leader implements forward.Leadership.
func (l firstHand) Leader() (cluster.Member, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return cluster.Member{ID: l.state.Leader, Address: l.state.Address, Voter: true}, l.state.Leader != ""
}

func newLeadership(s *sequencer.Sequencer, clocks <-chan struct{}) *leadership {
	return &leadership{sequencer: s, clocks: clocks, changed: make(chan struct{})}
}

// follow hands on each state until the channel is closed or done is.
func (l *leadership) follow(states <-chan cluster.Leadership, done <-chan struct{}) {
	for {
		var clocks <-chan struct{}
		if l.owed != 0 {
			clocks = l.clocks
		}
		select {
		case <-done:
			return
		case <-clocks:
			l.sequencer.SetLeader(l.owed)
			l.owed = 0
		case s, ok := <-states:
			if !ok {
				return
			}
			l.take(s)
		}
	}
}

func (l *leadership) take(s cluster.Leadership) {
	if l.told != nil {
		l.told(s)
	}
	l.mu.Lock()
	before := l.state
	l.mu.Unlock()
	switch {
	case s.Leading && (!before.Leading || before.Term != s.Term):
		l.owed = s.Term
		select {
		case <-l.clocks:
			l.sequencer.SetLeader(l.owed)
			l.owed = 0
		default:
		}
	case !s.Leading && before.Leading:
		l.owed = 0
		l.sequencer.LostLeadership()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.Leading && (!before.Leading || before.Term != s.Term) {
		l.since = time.Now()
	}
	l.state = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// current is the last state that was taken.
func (l *leadership) current() cluster.Leadership {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Leader implements forward.Leadership.
func (l *leadership) Leader() (cluster.Member, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.Leader == "" {
		return l.heard, l.heard.ID != ""
	}
	return cluster.Member{ID: l.state.Leader, Address: l.state.Address, Voter: true}, true
}

// secondHand is who leads as others hear it, while this node hears nobody; ""
// otherwise.
func (l *leadership) secondHand() cluster.NodeID {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.Leader != "" {
		return ""
	}
	return l.heard.ID
}

// leadsFor reports whether this node has led for so long.
func (l *leadership) leadsFor(d time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Leading && time.Since(l.since) >= d
}

// hear notes who leads as others hear it; nobody has no id.
func (l *leadership) hear(leader cluster.Member) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heard == leader {
		return
	}
	l.heard = leader
	close(l.changed)
	l.changed = make(chan struct{})
}

// Changed implements forward.Leadership.
func (l *leadership) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}
