package forward

import (
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
)

// Leaders is a Leadership that is told. The zero value knows of no leader.
type Leaders struct {
	mu      sync.Mutex
	leader  cluster.Member
	known   bool
	changed chan struct{}
}

var _ Leadership = (*Leaders)(nil)

// Set tells who leads; known is false while nobody does. When this node
// itself begins to lead, tell its sequencer first.
func (l *Leaders) Set(leader cluster.Member, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leader, l.known = leader, known
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// Leader implements Leadership.
func (l *Leaders) Leader() (cluster.Member, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leader, l.known
}

// Changed implements Leadership.
func (l *Leaders) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}
