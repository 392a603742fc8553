package consensus

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// StreamLayer is how a node reaches its peers: what it accepts are the
// consensus connections of other nodes, Dial makes one to them. address is a
// Member's. Open takes the layer over; Close closes it.
type StreamLayer interface {
	net.Listener
	Dial(address string, timeout time.Duration) (net.Conn, error)
}

// Config of a node. Every zero value but those of the first block has a
// default, which is named with it.
type Config struct {
	NodeID cluster.NodeID
	// World is what Dir is in, and by whose clock snapshots are named; what it
	// lacks is the system's.
	World world.World
	// Dir holds the log, term, vote, snapshots and the archive. It is made if
	// it does not exist, and belongs to one process at a time.
	Dir string
	// Stream and Address are the node's peer port and how others dial it,
	// host:port.
	Stream  StreamLayer
	Address string
	Machine cluster.Machine
	// Fatal is called once, when the node must not go on: the log or the term
	// and vote could not be written, or Apply panicked. It ends the process, and
	// must not call Close, which would wait for it.
	// Until then, or until Close, consensus stands still.
	Fatal func(error)
	// Refuse is why this node takes no entries and no snapshots from its
	// leader now, nil if it takes them: it stops acknowledging, keeps hearing
	// heartbeats, and is caught up when it takes them again. Wait is why no
	// snapshot is made now, and so nothing is compacted and archived; it is
	// asked again. Both may be nil.
	Refuse, Wait func() error
	// Watch is told of every write of the log and of term and vote, so that one
	// that hangs is seen; nil = nobody watches.
	Watch  *logstore.Watch
	Logger *slog.Logger

	// InitialMembers are the members of a new cluster, the same on all of
	// them. They count only on a node that has no state yet; empty on a node
	// that is to be added to a cluster.
	InitialMembers []cluster.Member

	// Incarnation is what every file of Dir names. One that names another, or
	// is missing, is cluster.ErrForgotten. Zero: no file names any.
	Incarnation cluster.Incarnation
	// Birth allows files that are not there or name no incarnation yet: the
	// directory is being made, or was made by a build that knew none.
	Birth bool
	// Opened is called when all files name the incarnation and a new cluster
	// has begun on disk, before this node takes part; with how far it has come
	// and whom it knows. May be nil.
	Opened func(cluster.Position, cluster.Roster) error
	// Roster and Term are what a newcomer was told when it was admitted, or
	// the founders begin with. They count only on a node without a roster.
	Roster *cluster.Roster
	Term   cluster.Term
	// RosterChanged is told of each change of Node.Roster, in order. It must
	// not block. May be nil.
	RosterChanged func(cluster.Roster)
	// Gate is asked before an entry is applied at which the machine panicked in
	// an earlier life of this build, or that was voided, and returns when it may
	// be; false when the channel was closed meanwhile. The node takes part in
	// everything else while it waits. nil: nothing waits.
	Gate func(closing <-chan struct{}, g Gated) bool
	// Build is this program's version: a crash record of another one holds
	// nothing up.
	Build string
	// Stand says why this node is not to ask for votes now, nil if it may. May
	// be nil. A sole voter needs none and leads all the same.
	Stand func() error

	// LogStore is the library of the log, default "wal". It can't be changed
	// for a directory that has a log.
	LogStore logstore.Kind
	// SegmentBytes is how long a segment of the log is, default 64 MiB. It may
	// differ from life to life.
	SegmentBytes int
	// ArchiveDir receives what the log no longer needs, default Dir/archive.
	ArchiveDir string

	Timeouts  Timeouts
	Snapshots Snapshots
	// CacheBytes bounds the newest entries held in memory, default 32 MiB.
	CacheBytes int
}

// Timeouts of Raft.
type Timeouts struct {
	// Heartbeat is how long a follower waits for its leader before it stands
	// for election; the wait is this to twice this. Default 150 ms.
	Heartbeat time.Duration
	// Election is how long a candidate waits for votes, at least Heartbeat.
	// Default 150 ms.
	Election time.Duration
	// Lease is how long a leader leads without a majority's answer, at most
	// Heartbeat. Default: Heartbeat. Answers to heartbeats queue behind the
	// follower's log write here (see transport), so a lease shorter than a
	// slow fsync costs leaderships.
	Lease time.Duration
	// Commit is how soon an idle leader tells followers of the last commit when
	// its nudge was lost (see nudges), this to twice this. Default 10 ms.
	Commit time.Duration
	// RPC bounds one call of a peer, default 2 s.
	RPC time.Duration
}

// Snapshots says when a snapshot is made and how much log is kept after it.
type Snapshots struct {
	// Replay is how long a restart may take to apply what came after the last
	// one, by the time that it took this node; Bytes is how much log that may
	// be. Either makes one due. Defaults 10 s and 256 MiB.
	Replay time.Duration
	Bytes  uint64
	// Entries, unless it is 0, makes one due by a number of entries. For
	// simulators: an entry is between 100 bytes and 256 KiB.
	Entries uint64
	// TrailingEntries and TrailingBytes, whichever is less, is about what is
	// kept of the log before a snapshot for followers that are behind.
	// Defaults 65,536 and 128 MiB. At least 1 entry.
	TrailingEntries uint64
	TrailingBytes   uint64
	// Retain is how many snapshots are kept, default 2.
	Retain int
}

func (c Config) withDefaults() Config {
	c.World = c.World.Or(world.System())
	setDefault(&c.LogStore, logstore.WAL)
	setDefault(&c.ArchiveDir, filepath.Join(c.Dir, "archive"))
	setDefault(&c.CacheBytes, 32<<20)
	setDefault(&c.Timeouts.Heartbeat, 150*time.Millisecond)
	setDefault(&c.Timeouts.Election, c.Timeouts.Heartbeat)
	setDefault(&c.Timeouts.Lease, c.Timeouts.Heartbeat)
	setDefault(&c.Timeouts.Commit, 10*time.Millisecond)
	setDefault(&c.Timeouts.RPC, 2*time.Second)
	setDefault(&c.Snapshots.Replay, 10*time.Second)
	setDefault(&c.Snapshots.Bytes, 256<<20)
	setDefault(&c.Snapshots.TrailingEntries, 65536)
	setDefault(&c.Snapshots.TrailingBytes, 128<<20)
	setDefault(&c.Snapshots.Retain, 2)
	if c.Refuse == nil {
		c.Refuse = func() error { return nil }
	}
	if c.Stand == nil {
		c.Stand = func() error { return nil }
	}
	if c.Wait == nil {
		c.Wait = func() error { return nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) validate() error {
	switch {
	case c.NodeID == "":
		return errors.New("consensus: no node id")
	case c.Dir == "":
		return errors.New("consensus: no directory")
	case c.Stream == nil || c.Address == "":
		return errors.New("consensus: no stream layer or no address")
	case c.Machine == nil:
		return errors.New("consensus: no machine")
	case c.Fatal == nil:
		return errors.New("consensus: no way to end the process")
	}
	for _, m := range c.InitialMembers {
		if m.ID == "" || m.Address == "" || !m.Voter {
			return fmt.Errorf("consensus: initial member %q needs an id, an address and a vote", m.ID)
		}
	}
	return nil
}
