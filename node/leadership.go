package node

import (
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
)

// leadership tells the sequencer when this node leads, and forwarding who
// does: the sequencer first, so that what forwarding sends it is taken.
type leadership struct {
	sequencer *sequencer.Sequencer

	mu      sync.Mutex
	state   cluster.Leadership
	changed chan struct{}
}

var _ forward.Leadership = (*leadership)(nil)

func newLeadership(s *sequencer.Sequencer) *leadership {
	return &leadership{sequencer: s, changed: make(chan struct{})}
}

// follow hands on each state until the channel is closed or done is.
func (l *leadership) follow(states <-chan cluster.Leadership, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case s, ok := <-states:
			if !ok {
				return
			}
			l.take(s)
		}
	}
}

func (l *leadership) take(s cluster.Leadership) {
	l.mu.Lock()
	before := l.state
	l.mu.Unlock()
	switch {
	case s.Leading && (!before.Leading || before.Term != s.Term):
		l.sequencer.SetLeader(s.Term)
	case !s.Leading && before.Leading:
		l.sequencer.LostLeadership()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// Leader implements forward.Leadership.
func (l *leadership) Leader() (cluster.Member, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return cluster.Member{ID: l.state.Leader, Address: l.state.Address, Voter: true}, l.state.Leader != ""
}

// Changed implements forward.Leadership.
func (l *leadership) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}
