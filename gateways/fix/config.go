package fix

import (
	"crypto/tls"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/gateways"
)

// Venue is the CompID that clients send to (56).
const Venue = "RIALTO"

// Config is what the door needs of its node.
type Config struct {
	NodeID   string
	Commands gateways.Commands
	Reads    gateways.Reads
	Sessions gateways.SessionReads
	Blocks   gateways.Blocks
	Peers    gateways.SessionPeers
	// Fit returns why this node must not have FIX clients now, nil if it may:
	// it has a quorum and its journal has no gap. An *Unfit says since when.
	Fit func() error
	// Force reports whether FIX sessions are in force in the venue.
	Force func() bool
	// Desk answers what is asked for and is no order; nil: nobody does.
	Desk Desk
	// TLS is nil for plain TCP.
	TLS     *tls.Config
	Limits  Limits
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	// Now tells what time it is, and Random makes the names of engines; nil:
	// time.Now and crypto/rand.
	Now    func() time.Time
	Random io.Reader
}

// Limits are the bounds of the door that a venue can set.
type Limits struct {
	// MaxConnections bounds the connections, logged on or not.
	MaxConnections int
	// MaxPerAddress bounds those of one address (an IPv6 one counts by its /64),
	// MaxPerParticipant the sessions of one participant that are logged on here.
	MaxPerAddress, MaxPerParticipant int
	// LogonTimeout is how long a connection may be there without being logged
	// on.
	LogonTimeout time.Duration
	// LogonsPerMinute is how many logons one address may try in a minute, beyond
	// a first burst of as many. Wrong passwords count ten times.
	LogonsPerMinute int
	// MinHeartbeat is the shortest HeartBtInt that is taken.
	MinHeartbeat time.Duration
}

// DefaultLimits are the bounds of a door that is told nothing.
func DefaultLimits() Limits {
	return Limits{
		MaxConnections: 2000, MaxPerAddress: 1000, MaxPerParticipant: 200,
		LogonTimeout: 5 * time.Second, LogonsPerMinute: 6000, MinHeartbeat: 10 * time.Second,
	}
}

// The fixed bounds of a connection.
const (
	// maxHeartbeat bounds HeartBtInt.
	maxHeartbeat = time.Hour
	// maxLatency is how far SendingTime (52) may lie from this node's clock.
	maxLatency = 2 * time.Minute
	// probePatience is how long the connection of a session that logs on again
	// is probed.
	probePatience = 500 * time.Millisecond
	// maxWaitingIn is how many inbound messages of a session wait for the log;
	// then nothing more is read from its socket.
	maxWaitingIn = 2048
	// maxWaitingBytes is how many bytes they may be.
	maxWaitingBytes = 1 << 20
	// maxBatch is how many of them go to the log at once: others' commands wait
	// behind them, in the same entry.
	maxBatch = 100
	// maxShare is how many of all sessions of one participant are on their way to
	// the log from this node.
	maxShare = 2 * maxBatch
	// maxAhead is how many messages with too high a number the session layer
	// keeps while it waits for those before them; more are passed over and come
	// again with the resend.
	maxAhead = 1024
	// maxAheadBytes is how many bytes those may be.
	maxAheadBytes = 1 << 20
	// maxWaitingOut is how many numbers wait for a session's socket. A reader
	// that is further behind is disconnected, and comes back for them.
	maxWaitingOut = 32768
	// maxWaitingLocal is how many messages without a number wait for one.
	maxWaitingLocal = 4096
	// maxPinned is how many events the blocks of those numbers may hold, beyond the
	// newest: a number keeps the whole block that it is in. What is more is read
	// from the journal when its turn comes.
	maxPinned = 1 << 18
	// writeStall is how long a socket may take less than leastTaken bytes while
	// something is written to it.
	writeStall = 5 * time.Second
	leastTaken = 4 << 10
	// socketBuffer is how many bytes the kernel is asked to hold for a socket.
	socketBuffer = 256 << 10
	// writeChunk is how many bytes are written at once.
	writeChunk = 64 << 10
	// lazyTick is how long a heartbeat waits for others to share an entry with.
	lazyTick = 200 * time.Millisecond
	// vouchEvery is how often a node vouches for its connections.
	vouchEvery = time.Second
	// maxSteps is how many sessions share one command: it stays under 16 KiB.
	maxSteps = 100
	// goodbye is how long a Logout that was written waits for its reply, and a
	// reply for its number; goodbyeMost is how long it may take until it is written
	// behind all that waits before it.
	goodbye     = 2 * time.Second
	goodbyeMost = 10 * time.Second
	// fitEvery is how often the node's fitness is looked at; unfitFor is for how
	// long it may be unfit until connections are cut, counted from when the quorum
	// was last heard. Together they are under a second, and longer than an election
	// takes.
	fitEvery = 50 * time.Millisecond
	unfitFor = 850 * time.Millisecond
	// garbledMost is how many ignored messages in a row end a connection.
	garbledMost = 1000
	// resendPage is how many numbers a resend takes from the journal at once.
	resendPage = 512
	// sameRange is how often the same range may be asked for again while nothing
	// new was sent.
	sameRange = 5
	// spareEngines is how many sessions of quickfixgo are kept ready for each
	// version of the protocol, beyond one for each session that is defined, of
	// which maxEngines count.
	spareEngines = 16
	maxEngines   = 1024
	// growBy is how many of those are made at a tick.
	growBy = 8
)
