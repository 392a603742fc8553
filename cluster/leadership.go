package cluster

// Leadership is what a node knows of who orders commands.
type Leadership struct {
	// Term is the node's current Raft term.
	Term Term
	// Leading reports that this node leads in Term.
	Leading bool
	// Leader and Address name the leader of Term; both are empty while it is
	// unknown. When Leading is set they are this node's own.
	Leader  NodeID
	Address string // peer address, host:port
}

// LeadershipWatcher tells of changes of leadership.
type LeadershipWatcher interface {
	// Leadership returns the current state.
	Leadership() Leadership
	// WatchLeadership returns a channel of states, beginning with the current
	// one, and a stop. The channel holds one: a reader that is late gets the
	// newest and misses those between, so a node that led, lost and leads
	// again shows only as a higher Term. It is closed when the node is.
	WatchLeadership() (states <-chan Leadership, stop func())
}

// Cause is why a leader is gone, or why another one follows it.
type Cause string

// The causes.
const (
	// CauseFirst: the cluster had no leader before.
	CauseFirst Cause = "first"
	// CauseDied: its connections ended and nobody answers at its port.
	CauseDied Cause = "died"
	// CauseMute: it cut itself off, since a write to its disk hangs.
	CauseMute Cause = "mute"
	// CauseStopped: it was told to stop, and nobody had taken over.
	CauseStopped Cause = "stopped"
	// CauseFailed: it found that it must not go on.
	CauseFailed Cause = "failed"
	// CauseTimeout: nothing was heard of it for the election timeout.
	CauseTimeout Cause = "timeout"
	// CauseHandedOver: it handed leadership over.
	CauseHandedOver Cause = "handed_over"
)
