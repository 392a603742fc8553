package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

const (
	// fleeLooks is how many looks must show that a leader is sick before it hands
	// over, a minute of them. To stay where it is costs a venue some
	// milliseconds a command; to go for nothing costs it a gap.
	fleeLooks = 120
	// fleeAfter is for how long a node must have led before it hands over for
	// this, whoever led before it; it doubles with each hand-over of the last
	// fleeMemory, fleeDoubles times at most: where leadership wanders, it is the
	// machine below all nodes that is slow. fleeTimeout is what one may take.
	fleeAfter   = time.Minute
	fleeMemory  = 30 * time.Minute
	fleeDoubles = 4
	fleeTimeout = 5 * time.Second
)

// flight hands leadership over while this node leads and is sick.
type flight struct {
	self string
	ward *ward
	log  *slog.Logger
	// leadsFor reports whether this node has led for so long, handOvers counts
	// those since a time, fit are the voters that would lead.
	leadsFor  func(time.Duration) bool
	handOvers func(within time.Duration) int
	fit       func() []cluster.NodeID
	handOver  func(ctx context.Context, to cluster.NodeID) error

	tried time.Time
}

// flee does so until ctx ends.
func (n *Node) flee(ctx context.Context) {
	f := &flight{
		self: n.cfg.NodeID, ward: &n.ward, log: n.log,
		leadsFor: n.leaders.leadsFor, handOvers: func(within time.Duration) int { return n.failovers.handedOver(n.clock.Now().Add(-within)) }, handOver: n.handOver,
		fit: func() []cluster.NodeID { return fitToLead(n.liveness.Peers(), n.consensus.Acknowledged()) },
	}
	every(ctx, twinInterval, func() bool {
		f.look(ctx)
		return true
	})
}

// look hands over if it is time to.
func (f *flight) look(ctx context.Context) {
	why := f.ward.fleeing(f.self)
	pause := fleePause(f.handOvers(fleeMemory))
	if why == "" || !f.tried.IsZero() && time.Since(f.tried) < fleeAfter || !f.leadsFor(pause) {
		return
	}
	to := f.ward.healthiest(f.fit())
	if to == "" {
		return
	}
	f.tried = time.Now()
	handing, cancel := context.WithTimeout(ctx, fleeTimeout)
	defer cancel()
	f.log.Warn("this leader is slow: leadership is handed over", "because", why, "to", to)
	if err := f.handOver(handing, to); err != nil {
		f.log.Warn("leadership was not handed over", "error", err)
	}
}

// fleePause is for how long a leader must have led before it hands over, after
// so many hand-overs.
func fleePause(handOvers int) time.Duration { return fleeAfter << min(handOvers, fleeDoubles) }
