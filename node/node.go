package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// Node is one running node. Its methods may be called from any goroutine.
type Node struct {
	cfg       Config
	log       *slog.Logger
	version   string
	startedAt time.Time
	addresses addresses
	draining  atomic.Bool
	// level is set once the node has been level with the leader since its
	// start.
	level atomic.Bool

	journal   *journal.Journal
	replica   *replica
	mux       *peer.Mux
	control   *peer.Control
	consensus *consensus.Node
	sequencer *sequencer.Sequencer
	leaders   *leadership
	forward   *forward.Client
	gossip    *membership.Membership
	views     *views
	commands  *commands
	reads     *reads
	twin      *twin
	doors     atomic.Pointer[[]door]

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

// addresses are how others reach the node.
type addresses struct{ http, fix, peer, gossip string }

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

// WithVersion sets the version that the node registers with.
func WithVersion(v string) Option { return func(n *Node) { n.version = v } }

// Open starts a node: its data, its ports, its part in the cluster. It returns
// once the node takes part; Ready says when it is fit to serve. On error
// everything that was started is stopped again.
func Open(ctx context.Context, cfg Config, options ...Option) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	n := &Node{
		cfg: cfg, log: slog.New(slog.DiscardHandler), version: "dev", startedAt: time.Now(),
		fatal: make(chan error, 1), failed: make(chan struct{}),
	}
	for _, o := range options {
		o(n)
	}
	background, stop := context.WithCancel(context.Background())
	n.stop = stop
	for _, step := range []struct {
		what string
		do   func(ctx, background context.Context) error
	}{
		{"data folder", n.openData},
		{"event journal", n.openJournal},
		{"peer port", n.openPeers},
		{"read models", n.openViews},
		{"consensus", n.openConsensus},
		{"sequencer", n.openSequencer},
		{"gossip", n.openGossip},
		{"gateways", n.openGateways},
	} {
		if err := step.do(ctx, background); err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", step.what, err), n.Close(ctx))
		}
	}
	return n, nil
}

// Commands is the way to submit commands without the network.
func (n *Node) Commands() gateways.Commands { return n.commands }

// Reads is the way to read the views without the network.
func (n *Node) Reads() gateways.Reads { return n.reads }

// Operations is what an operator can ask of the node.
func (n *Node) Operations() gateways.Operations { return operations{n} }

// Fatal returns a channel that receives once if the node must not go on: its
// log could not be written, or its state is wrong. The process is to end.
func (n *Node) Fatal() <-chan error { return n.fatal }

func (n *Node) fail(err error) {
	n.failing.Do(func() {
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

// Drain makes the node say that it is not ready, so that nobody sends it new
// clients, and hands leadership over.
func (n *Node) Drain(ctx context.Context) error {
	n.draining.Store(true)
	if n.consensus == nil || n.sequencer == nil || n.consensus.Status().Role != cluster.RoleLeader {
		return nil
	}
	if voters(n.consensus.Members()) < 2 {
		return nil
	}
	return n.handOver(ctx, "")
}

func voters(members []cluster.Member) int {
	count := 0
	for _, m := range members {
		if m.Voter {
			count++
		}
	}
	return count
}

// Close drains the node and stops it. ctx bounds how long it waits for what is
// under way.
func (n *Node) Close(ctx context.Context) error {
	n.closing.Do(func() {
		if !n.hasFailed() {
			if err := n.Drain(ctx); err != nil {
				n.log.Warn("leadership was not handed over", "error", err)
			}
		}
		n.stop()
		var errs []error
		stuck := map[string]bool{}
		for i := len(n.closers) - 1; i >= 0; i-- {
			c := n.closers[i]
			if c.after != "" && stuck[c.after] {
				continue // that part still works with this one
			}
			if err := within(ctx, c.do); err != nil {
				stuck[c.what] = true
				errs = append(errs, fmt.Errorf("close %s: %w", c.what, err))
			}
		}
		if err := within(ctx, func(context.Context) error { n.background.Wait(); return nil }); err != nil {
			errs = append(errs, fmt.Errorf("wait for the background: %w", err))
		}
		n.closeErr = errors.Join(errs...)
	})
	return n.closeErr
}

// errSlow: a part did not stop in time. Its goroutine is left behind.
var errSlow = errors.New("did not stop in time")

// within gives a part of the node until ctx ends to stop. A store whose disk
// is full or gone tries for ever to write what it holds, and must not keep a
// process that was told to stop.
func within(ctx context.Context, stop func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- stop(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(closeGrace):
		return errSlow
	}
}

// closeGrace is what each part gets when the time of all is over.
const closeGrace = 200 * time.Millisecond

func (n *Node) openData(context.Context, context.Context) error {
	if err := os.MkdirAll(n.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	if err := n.refuseQuarantined(); err != nil {
		return err
	}
	n.addresses = addresses{
		http:   advertised(n.cfg.HTTPAddress, n.cfg.AdvertiseHost),
		fix:    advertised(n.cfg.FIXAddress, n.cfg.AdvertiseHost),
		peer:   advertised(n.cfg.PeerAddress, n.cfg.AdvertiseHost),
		gossip: advertised(n.cfg.GossipAddress, n.cfg.AdvertiseHost),
	}
	return nil
}

// advertised replaces the host of an address.
func advertised(address, host string) string {
	if host == "" {
		return address
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort(host, port)
}

func (n *Node) openPeers(context.Context, context.Context) error {
	mux, err := peer.Listen(n.cfg.PeerAddress, peer.Config{
		ClusterID: n.cfg.ClusterID,
		Refused: func(remote net.Addr, reason error) {
			n.log.Warn("peer refused", "remote", remote, "error", reason)
		},
	})
	if err != nil {
		return err
	}
	n.mux = mux
	n.onClose("peer port", func(context.Context) error { return mux.Close() })
	n.control = peer.NewControl(mux)
	return nil
}

func (n *Node) openConsensus(ctx, background context.Context) error {
	var initial []cluster.Member
	for _, m := range n.cfg.InitialCluster {
		initial = append(initial, cluster.Member{ID: cluster.NodeID(m.ID), Address: m.PeerAddress, Voter: true})
	}
	n.mux.Handle(peer.ProtocolJournal, n.serveJournal)
	n.replica = newReplica(fsm.Options{
		Cluster: clusterNumber(n.cfg.ClusterID),
		Bounds:  fsm.Bounds{DedupCapacity: n.cfg.Commands.DedupCapacity},
	}, n.journal)
	c, err := consensus.Open(ctx, consensus.Config{
		NodeID: cluster.NodeID(n.cfg.NodeID), Dir: n.cfg.path("raft"),
		Stream: n.mux.StreamLayer(peer.ProtocolRaft), Address: n.addresses.peer,
		Machine: n.replica, Fatal: n.fail, Logger: n.log.With("part", "consensus"),
		InitialMembers: initial,
		LogStore:       logstore.Kind(n.cfg.Consensus.LogStore), ArchiveDir: n.cfg.path("archive"),
		Timeouts: consensus.Timeouts{Heartbeat: n.cfg.Consensus.HeartbeatTimeout, Commit: n.cfg.Consensus.CommitTimeout},
		Snapshots: consensus.Snapshots{
			Bytes: uint64(n.cfg.Consensus.SnapshotBytes), TrailingEntries: n.cfg.Consensus.TrailingEntries,
		},
	})
	if err != nil {
		return err
	}
	n.consensus = c
	n.onClose("consensus", c.Close)
	n.background.Go(func() { n.fillJournal(background) })
	return nil
}

func (n *Node) openSequencer(context.Context, context.Context) error {
	history, err := newHistory()
	if err != nil {
		return err
	}
	n.sequencer = sequencer.Open(sequencer.Config{
		Node:     cluster.NodeID(n.cfg.NodeID),
		Proposer: countingProposer{next: n.consensus, replica: n.replica},
		Sealer: &sealer{
			cluster: clusterNumber(n.cfg.ClusterID), newHistory: history,
			history: func() uint64 { return n.replica.state.Load().history },
		},
		Schedule: n.replica,
	})
	n.onClose("sequencer", n.closeSequencer)
	n.leaders = newLeadership(n.sequencer)
	states, stopWatching := n.consensus.WatchLeadership()
	done := make(chan struct{})
	n.background.Go(func() { n.leaders.follow(states, done) })
	n.onClose("leadership", func(context.Context) error { close(done); stopWatching(); return nil })

	server := forward.NewServer(n.sequencer, n.leaders)
	n.mux.Handle(peer.ProtocolForward, server.Serve)
	n.forward = forward.Open(forward.Config{
		Node: cluster.NodeID(n.cfg.NodeID), Leadership: n.leaders, Sequencer: n.sequencer,
		Dial: func(ctx context.Context, address string) (net.Conn, error) {
			return n.mux.Dial(ctx, address, peer.ProtocolForward)
		},
		Budget: n.cfg.Commands.RetryBudget,
	})
	n.onClose("forwarding", func(context.Context) error { n.forward.Close(); return nil })
	answered := &watermark{}
	n.commands = &commands{
		order: n.forward, journal: n.journal, deadline: n.cfg.Commands.Deadline,
		clock: cluster.SystemClock{}, answered: answered,
	}
	n.reads = newReads(n, answered)
	return nil
}

// closeSequencer waits for what is under way, unless consensus stands still:
// then it is consensus's own closing, which comes next, that ends the wait.
func (n *Node) closeSequencer(ctx context.Context) error {
	closed := make(chan struct{})
	n.background.Go(func() {
		n.sequencer.Close()
		close(closed)
	})
	select {
	case <-closed:
	case <-n.failed:
	case <-ctx.Done():
	}
	return nil
}

// goodbye is how long a stopping node waits until the others know.
const goodbye = 500 * time.Millisecond

// newHistory names a past. Only the first leader of a new venue uses it; the
// name then comes out of the log.
func newHistory() (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, fmt.Errorf("name the venue's history: %w", err)
	}
	return binary.BigEndian.Uint64(b[:]) | 1, nil
}

func historyText(history uint64) string { return fmt.Sprintf("%016x", history) }

func (n *Node) openGossip(_, background context.Context) error {
	key, err := n.cfg.gossipKey()
	if err != nil {
		return err
	}
	role := cluster.RoleFollower
	if n.cfg.Role == "reader" {
		role = cluster.RoleReader
	}
	n.gossip, err = membership.Open(membership.Config{
		ClusterID: n.cfg.ClusterID, Secret: key,
		BindAddress: n.cfg.GossipAddress, AdvertiseAddress: n.addresses.gossip,
		Meta: membership.Meta{
			ID: cluster.NodeID(n.cfg.NodeID), HTTPAddress: n.addresses.http, FIXAddress: n.addresses.fix,
			PeerAddress: n.addresses.peer, Version: n.version, Role: role, PID: os.Getpid(),
		},
		Logger: n.log.With("part", "gossip"),
	})
	if err != nil {
		return err
	}
	n.onClose("gossip", func(ctx context.Context) error {
		leaving, cancel := context.WithTimeout(ctx, goodbye)
		defer cancel()
		if err := n.gossip.Leave(leaving); err != nil {
			n.log.Warn("nobody heard the goodbye", "error", err) // they will see for themselves
		}
		return nil
	})
	n.twin = newTwin(n)
	n.registerCalls()
	n.background.Go(func() { n.findPeers(background) })
	n.background.Go(func() { n.twin.run(background) })
	n.background.Go(func() { n.seekAdmission(background) })
	n.background.Go(func() { n.promoteNewcomers(background) })
	return nil
}

// diskFree returns the bytes that are left for the data folder, 0 if unknown.
func diskFree(dir string) uint64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}
