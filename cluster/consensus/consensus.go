// Package consensus (no promise) replicates a cluster.Machine over several nodes
// by Raft: what a majority has on disk is applied on every node, in one order.
//
// It is hashicorp/raft with guards around it. What the library leaves open is
// closed here: an error of the log ends the node (halt, logstore), a log that
// came back damaged or shorter is refused (logstore), heartbeats do not
// overtake (transport), a panic of the machine leaves a record (crash), a
// transfer of leadership that never ends is found (watchdog), and what the
// log no longer needs is archived (archive).
//
// README.md beside this file has the promises, the formats, and the figures
// behind the defaults.
package consensus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// maxAppendEntries bounds the entries of one request to a follower, beside
// maxAppendBytes, and those that wait for the leader's disk. A follower that
// writes a request answers no heartbeat meanwhile.
const maxAppendEntries = 64

// Node is one member of a cluster. Its methods may be called from any
// goroutine.
type Node struct {
	config    Config
	log       *slog.Logger
	raft      *raft.Raft
	fsm       *fsm
	logs      *logstore.Log
	stable    *logstore.Stable
	snapshots pacedStore
	roster    *roster
	stream    *stream
	trans     transport
	contacts  *contacts
	halt      *halt
	watchdog  *watchdog
	watchers  *watchers
	reasons   *reasons
	failures  snapshotFailures

	proposals  gate          // proposals under way
	closed     chan struct{} // closed when Raft has shut down, or was given up
	closing    sync.Once
	retiring   sync.Once
	retired    raft.Future // of Retire
	closeErr   error
	stop       context.CancelFunc
	background sync.WaitGroup
}

// Open opens the node in config.Dir, makes it if it is new, restores the
// machine from the last snapshot and starts to take part. The rest of the log
// is applied as soon as a leader says what of it is committed.
//
// It refuses with logstore.ErrTruncated or logstore.ErrCorrupt when the log is
// not what was synced to it, and with logstore.ErrLocked when another process
// has the directory. The stream layer is closed with the node, also when Open
// fails. ctx counts until Open returns.
func Open(ctx context.Context, config Config) (*Node, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := &Node{
		config:   config,
		log:      config.Logger,
		stream:   newStream(config.Stream, config.Address),
		halt:     newHalt(config.Fatal),
		watchers: newWatchers(),
		reasons:  &reasons{},
		closed:   make(chan struct{}),
	}
	n.watchdog = &watchdog{limit: max(2*time.Second, 10*config.Timeouts.Election), halt: n.halt}
	if err := n.boot(); err != nil {
		n.halt.release()
		return nil, fmt.Errorf("open consensus: %w", errors.Join(damaged(err), n.stream.Close(), n.closeStores()))
	}
	background, stop := context.WithCancel(context.Background())
	n.stop = stop
	n.background.Go(func() { n.watchLeadership(background) })
	n.background.Go(func() { n.takeSnapshots(background) })
	n.background.Go(func() { n.forgetApplied(background) })
	n.background.Go(func() { n.keepAhead(background) })
	return n, nil
}

// Close stops the node. Proposals under way are waited for, until ctx ends;
// then they end with ErrUnknownOutcome. A leader that should hand over first
// is told so by TransferLeadership.
func (n *Node) Close(ctx context.Context) error {
	n.closing.Do(func() { n.closeErr = n.shutdown(ctx) })
	return n.closeErr
}

// shutdown lets what is under way end first: Raft forgets proposals that it
// had taken but not yet applied when it shuts down.
func (n *Node) shutdown(ctx context.Context) error {
	settled := n.proposals.close()
	if _, held := n.Withheld(); held || n.fsm.waiting.Load() {
		settled = n.halt.waited() // nothing settles before the entry that waits
	}
	select {
	case <-settled:
	case <-n.halt.halted:
	case <-ctx.Done():
	}
	n.stop()
	close(n.fsm.closing)
	n.retiring.Do(func() { n.retired = n.raft.Shutdown() })
	down := n.retired
	n.halt.release()
	transErr := n.trans.Close() // ends the requests that Raft waits for
	err := n.awaitDown(ctx, down)
	close(n.closed)
	n.watchers.close()
	if err != nil {
		// Raft still uses the stores: its main loop hangs on the disk.
		return fmt.Errorf("close consensus: %w", err)
	}
	n.background.Wait()
	n.trans.nudges.wait()
	return errors.Join(transErr, n.closeStores())
}

func (n *Node) awaitDown(ctx context.Context, down raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- down.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *Node) closeStores() error {
	var errs []error
	if n.logs != nil {
		errs = append(errs, n.logs.Close())
	}
	if n.stable != nil {
		errs = append(errs, n.stable.Close())
	}
	return errors.Join(errs...)
}

// raftConfig returns Raft's own configuration. Its snapshot loop is off, see
// snapshotMeter. A removed node stays up, to be told so by its operator.
func (c Config) raftConfig() *raft.Config {
	r := raft.DefaultConfig()
	r.LocalID = raft.ServerID(c.NodeID)
	r.HeartbeatTimeout = c.Timeouts.Heartbeat
	r.ElectionTimeout = c.Timeouts.Election
	r.LeaderLeaseTimeout = c.Timeouts.Lease
	r.CommitTimeout = c.Timeouts.Commit
	r.MaxAppendEntries = maxAppendEntries
	r.BatchApplyCh = true
	r.ShutdownOnRemove = false
	r.TrailingLogs = c.Snapshots.TrailingEntries
	r.SnapshotInterval = time.Hour
	r.SnapshotThreshold = math.MaxUint64
	r.NoSnapshotRestoreOnStart = true // see restore
	r.NoLegacyTelemetry = true
	return r
}
