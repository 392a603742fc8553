package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/liveness"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// Node is one running node. Its methods may be called from any goroutine.
type Node struct {
	cfg       Config
	log       *slog.Logger
	logWriter *LogWriter // nil: nothing is known of it
	bounds    Bounds
	applied   func(Applied)
	version   string
	startedAt time.Time // by its clock
	opened    time.Time
	world     world.World
	clock     cluster.Clock
	venue     *venueTime
	clocks    *voterClocks
	addresses Addresses
	// given are the sockets that nobody has taken yet; without are the doors that
	// are not to be.
	given    Listeners
	without  struct{ rest, fix bool }
	draining atomic.Bool
	// level is set once the node has been level with the leader since its
	// start.
	level atomic.Bool
	// scrubPace is how fast all that looks for damage may read.
	scrubPace *readmodels.Pace
	// scrubs counts what came of reading the event journal: whole readings, and
	// holes that were filled.
	scrubs struct{ rounds, mended atomic.Uint64 }
	// badArchive are the archive's files that did not verify when they were last
	// read, nil: all did.
	badArchive atomic.Pointer[[]string]
	// remindEvery and credentialsEvery are the constants but in tests.
	remindEvery, credentialsEvery time.Duration
	// founding: this start was told to found a cluster.
	founding bool
	// identity is who the folder is; what it says is durable.
	identity atomic.Pointer[identity.Folder]
	// began and roster are of consensus, from just before it takes part.
	began  atomic.Pointer[cluster.Position]
	roster atomic.Pointer[cluster.Roster]
	// memory is what this node remembers of the others.
	memory *identity.Memory
	trust
	// stale wakes the look for a newer roster; its capacity is one.
	stale chan struct{}
	// admission is what a newcomer was told when it was let in.
	admission *admission
	// membershipChange is held over a look at the roster and the change that
	// follows from it.
	membershipChange sync.Mutex
	// removed: the cluster has removed this node, and it takes no part.
	removed          atomic.Bool
	leaving, goodbye sync.Once
	// up is closed when all that a removal ends is there, over when the node
	// stops.
	up   chan struct{}
	over <-chan struct{}

	// writes watches the writes of log, term and vote, and event journal;
	// stalls has room for one word that something changed there.
	writes *logstore.Watch
	stalls chan struct{}
	// mutedSince is when the node went mute, nil while it is not.
	mutedSince atomic.Pointer[time.Time]
	probe      *probe
	// doorsPending: a program's door is to be opened again. watchWrites' alone.
	doorsPending bool
	viewsRoom    *shortage // of the folder of read models
	room         *shortage
	// intake is what the venue takes; nil = nothing is known yet.
	intake atomic.Pointer[gateways.Intake]
	// closed is why the venue takes nothing, as far as this node can tell by
	// itself; nil = it knows of nothing.
	closed atomic.Pointer[string]
	// waits is the entry that this node does not apply; nil = there is none.
	waits atomic.Pointer[gateways.TwinWait]
	// voids are the entries that were voided here, by their voidName.
	voids []string
	// marking holds one while a marker of Ready is on its way.
	marking chan struct{}

	journal *journal.Journal
	// farBehind is farBehind but in tests. viewsWait: the views fold nothing,
	// for they are to begin with another node's.
	farBehind uint64
	viewsWait atomic.Bool
	sending   atomic.Int32 // checkpoints of views that are on their way to others
	replica   *replica
	mux       *peer.Mux
	// credentials are what the peer port proves itself by, nil where it is open;
	// credentialsTrouble is why the files of now are not in force.
	credentials        *credentials.Credentials
	credentialsTrouble atomic.Pointer[string]
	// neighbours and refusals belong to the peer port.
	neighbours neighbours
	refusals   refusals
	// misforwarded are the batches of other nodes that were not ordered.
	misforwarded refusals
	control      *peer.Control
	consensus    *consensus.Node
	liveness     *liveness.Watch
	sequencer    *sequencer.Sequencer
	leaders      *leadership
	detours      detours
	forward      *forward.Client
	gossip       *membership.Membership
	words        membership.Meta // what this node says of itself in gossip
	views        *views
	// addedViews are the embedding program's, ownViews those that are open.
	addedViews []readmodels.View
	ownViews   []*ReadModel
	bootID     string // of the computer, for the views' stores
	commands   *commands
	reads      *reads
	twin       *twin
	failovers  *failovers
	// silence is for how long each member has given no sign of life, doubts who
	// is not to vote.
	silence silence
	doubts  doubts
	// ward watches the health of all nodes, stalled is this one's own stall.
	ward          ward
	stalled       atomic.Int64
	doors         atomic.Pointer[[]*door]
	fixServer     atomic.Pointer[fix.Server]
	addedGateways []addedGateway
	registry      *prometheus.Registry // of /metrics
	// ownProcess: the process is the node's own.
	ownProcess bool
	resident   memoryWatch
	// commitTimes are of the entries that this node proposed.
	commitTimes prometheus.Histogram

	// closers undo what Open has done, last first.
	closers    []closer
	background sync.WaitGroup
	stop       context.CancelFunc
	fatal      chan error
	failed     chan struct{} // closed with the first word on fatal
	failing    sync.Once
	closing    sync.Once
	closeErr   error
}

type closer struct {
	what string
	do   func(ctx context.Context) error
	// after names the part that must have stopped before this one may.
	after string
}

// Option changes how a node is opened, beside its configuration.
type Option func(*Node)

// WithLogger sets the structured log; the default writes none.
func WithLogger(l *slog.Logger) Option { return func(n *Node) { n.log = l } }

// WithLogWriter has the node say in its metrics and its status what its log's
// writer could not write.
func WithLogWriter(w *LogWriter) Option { return func(n *Node) { n.logWriter = w } }

// WithProcess says that the process is the node's own: it may bound and trim the
// whole process's memory (MemoryConfig).
func WithProcess() Option { return func(n *Node) { n.ownProcess = true } }

// WithVersion sets the version that the node registers with.
func WithVersion(v string) Option { return func(n *Node) { n.version = v } }

// WithClock sets the clock that the node stamps entries with while it leads, and
// measures its peers' by; the default is the system's. For tests of wrong
// clocks.
func WithClock(c Clock) Option { return func(n *Node) { n.clock = c } }

// Clock is the time of one machine. Its methods may be called from any goroutine.
type Clock interface {
	// Now is the time on the wall.
	Now() time.Time
	// NewTimer returns a channel that receives once after d, and a stop.
	NewTimer(d time.Duration) (fired <-chan time.Time, stop func() bool)
}

// WithWorld sets what the node has from outside itself: files, network, wall
// clock and randomness; what w lacks is the system's. For simulations: the zero
// World changes nothing. The stopped-node tools of this package (RepairFolder,
// Recover and those beside them) take it too.
func WithWorld(w world.World) Option { return func(n *Node) { n.world = w.Or(world.System()) } }

// worldOf is the world that options speak of.
func worldOf(options []Option) world.World {
	n := &Node{world: world.System()}
	for _, o := range options {
		o(n)
	}
	return n.world
}

// wallClock is the world's, with timers of the process's own time.
type wallClock struct{ world.Clock }

func (wallClock) NewTimer(d time.Duration) (<-chan time.Time, func() bool) {
	return cluster.SystemClock{}.NewTimer(d)
}

// Open starts a node: its data, its ports, its part in the cluster. It returns
// once the node takes part; Ready says when it is fit to serve. On error
// everything that was started is stopped again.
func Open(ctx context.Context, cfg Config, options ...Option) (*Node, error) {
	n := &Node{
		cfg: cfg, log: slog.New(slog.DiscardHandler), version: "dev", opened: time.Now(),
		fatal: make(chan error, 1), failed: make(chan struct{}), stale: make(chan struct{}, 1), up: make(chan struct{}),
		world: world.System(), remindEvery: remindEvery, credentialsEvery: credentialsEvery, farBehind: farBehind,
		stalls: make(chan struct{}, 1), marking: make(chan struct{}, 1),
	}
	for _, o := range options {
		o(n)
	}
	if err := errors.Join(n.given.check(), n.given.validate(cfg)); err != nil {
		return nil, errors.Join(fmt.Errorf("configuration: %w", err), n.dropSockets())
	}
	n.given.adopt(&n.cfg)
	n.commitTimes = newCommitTimes(cfg.NodeID)
	n.scrubPace = readmodels.NewPace(cfg.ReadModels.ScrubBytes)
	n.writes = logstore.NewWatch(cfg.Consensus.WriteDeadline, func(bool) {
		select {
		case n.stalls <- struct{}{}:
		default: // a word is waiting, and it is the same one
		}
	})
	if n.clock == nil {
		n.clock = wallClock{n.world.Clock}
	}
	n.startedAt = n.clock.Now()
	n.venue = newVenueTime(n.clock)
	n.clocks = newVoterClocks(n.clock, cluster.NodeID(cfg.NodeID), n.log.With("part", "clocks"))
	background, stop := context.WithCancel(context.Background())
	n.stop, n.over = stop, background.Done()
	n.onClose("listeners", func(context.Context) error { return n.dropSockets() })
	for _, step := range []struct {
		what string
		do   func(ctx, background context.Context) error
	}{
		{"room", n.openRoom},
		{"listeners", n.openSockets},
		{"data folder", n.openData},
		{"event journal", n.openJournal},
		{"peer port", n.openPeers},
		{"gossip", n.openGossip},
		{"membership", n.openMembership},
		{"read models", n.openViews},
		{"consensus", n.openConsensus},
		{"liveness", n.openLiveness},
		{"sequencer", n.openSequencer},
		{"picture of the cluster", n.openTwin},
		{"gateways", n.openGateways},
	} {
		if err := step.do(ctx, background); err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", step.what, err), n.Close(ctx))
		}
	}
	return n, nil
}

// Commands is the way to submit commands without the network. The node makes
// each command's digest: the same id with another body is told so
// (event.OutcomeReused), whatever the header says.
func (n *Node) Commands() gateways.Commands { return embedded{n.commands} }

// Reads is the way to read the views without the network.
func (n *Node) Reads() gateways.Reads { return n.reads }

// Operations is what an operator can ask of the node.
func (n *Node) Operations() gateways.Operations { return operations{n} }

// Fatal returns a channel that receives once if the node must not go on: its
// log could not be written, or its state is wrong. The process is to end.
// AfterFatal says what is to be done about it.
func (n *Node) Fatal() <-chan error { return n.fatal }

// AfterFatal says, in a sentence for an operator, what an error of Fatal asks
// for: a sick machine is another thing than a wrong state.
func AfterFatal(err error) string {
	switch cluster.KindOf(err) {
	case cluster.KindSickMachine:
		return "this computer failed the node, and nothing is wrong with its data: start it again when the cause is gone"
	case cluster.KindWrongState:
		return "the node's state or data is wrong: it is not to serve with it"
	}
	return "the node ended itself"
}

// fail ends the node. Another node's sickness or somebody's bad input never
// does: whoever brings one here has made a mistake, and it is only told.
func (n *Node) fail(err error) {
	if kind := cluster.KindOf(err); kind == cluster.KindSickNeighbour || kind == cluster.KindBadInput {
		n.log.Error("not a reason to end this node", "kind", kind, "error", err)
		return
	}
	n.failing.Do(func() {
		n.sayFarewell(causeOfEnd(err))
		if n.mux != nil {
			n.mux.Cut() // the process may take a while to end, and looks alive until then
		}
		n.fatal <- err
		close(n.failed)
	})
}

// hasFailed reports whether the node must not go on. Consensus stands still
// then: nothing that is under way will be answered.
func (n *Node) hasFailed() bool {
	select {
	case <-n.failed:
		return true
	default:
		return false
	}
}

func (n *Node) onClose(what string, do func(ctx context.Context) error) {
	n.closers = append(n.closers, closer{what: what, do: do})
}
