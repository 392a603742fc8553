package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/node/internal/room"
)

func (n *Node) openData(context.Context, context.Context) error {
	if err := n.refuseQuarantined(); err != nil {
		return err
	}
	if err := n.openIdentity(); err != nil {
		return err
	}
	return nil
}

func (n *Node) openPeers(ctx, _ context.Context) error {
	if err := n.openCredentials(); err != nil {
		return err
	}
	n.neighbours.learn(ctx, n.configuredPeers())
	listener, err := n.socket(&n.given.Peer, n.cfg.PeerAddress)
	if err != nil {
		return fmt.Errorf("peer_address: %w", err)
	}
	mux := peer.Serve(listener, peer.Config{
		ClusterID: n.cfg.ClusterID,
		Network:   n.world.Network,
		Proof:     n.proof(),
		Security:  n.security(),
		Member:    n.neighbours.member,
		// What a mute node says of itself is still heard, and what it asks.
		Audible: []peer.Protocol{peer.ProtocolControl},
		Refused: func(remote net.Addr, reason error) {
			if n.refusals.count(time.Now()) {
				n.log.Log(context.Background(), n.refusalLevel(), "peer refused", "remote", remote, "error", reason, "refused_so_far", n.refusals.all.Load())
			}
		},
	})
	n.mux = mux
	n.onClose("peer port", func(context.Context) error { return mux.Close() })
	n.control = peer.NewControl(mux)
	n.control.Guard(n.mayCall)
	n.control.HandleCall(callClock, n.clocks.show)
	n.answerFIXCalls()
	return nil
}

func (n *Node) openConsensus(ctx, background context.Context) error {
	var initial []cluster.Member
	for _, f := range n.identity.Load().Founders {
		initial = append(initial, cluster.Member{ID: f.ID, Address: f.Address, Voter: true})
	}
	if err := n.readVoids(); err != nil {
		return err
	}
	n.mux.Handle(peer.ProtocolJournal, n.serveJournal)
	n.replica = newReplica(n.machineOptions(), n.cfg.Memory.newPages, watchedLog{n.journal, n.writes}, newAuthority(n.bootstrapParticipants()))
	n.closers = append(n.closers, closer{what: "machine", do: func(context.Context) error { n.replica.close(); return nil }, after: "consensus"})
	n.replica.venue = n.venue
	n.failovers = openFailovers(n.world.Files, n.cfg.path(failoversFile))
	n.replica.newTerm = n.failovers.opened
	n.replica.applied = n.applied
	begin := consensus.Config{
		NodeID: cluster.NodeID(n.cfg.NodeID), World: n.world, Dir: n.cfg.path("raft"),
		Stream: n.mux.StreamLayer(peer.ProtocolRaft), Address: n.addresses.Peer,
		Machine: n.replica, Fatal: n.fail, Watch: n.writes, Refuse: n.room.refuseEntries, Wait: n.room.mayGrow, Logger: n.log.With("part", "consensus"),
		InitialMembers: initial,
		SegmentBytes:   n.bounds.LogSegmentBytes,
		LogStore:       logstore.Kind(n.cfg.Consensus.LogStore), ArchiveDir: n.cfg.path("archive"),
		Timeouts:    consensus.Timeouts{Heartbeat: n.cfg.raftTimeout(), Commit: n.cfg.Consensus.CommitTimeout},
		Snapshots:   n.snapshots(),
		CacheBytes:  n.cfg.Memory.LogCacheBytes,
		Incarnation: n.identity.Load().Incarnation, Birth: n.isBirth(),
		Opened: n.admitFolder, RosterChanged: n.takeRoster, Stand: n.mayStand,
		Gate: n.gate, Build: n.version,
	}
	if a := n.ownAdmission(); a != nil {
		begin.Roster, begin.Term = &a.roster, a.term
	}
	c, err := consensus.Open(ctx, begin)
	if err != nil {
		if errors.Is(err, ErrForgotten) {
			err = fmt.Errorf("%w; %s", err, n.wayBack())
		}
		return err
	}
	n.consensus = c
	n.onClose("consensus", c.Close)
	n.background.Go(func() { n.fillJournal(background) })
	n.background.Go(func() { n.replica.finishHashes(background) })
	n.background.Go(func() { n.watchMemory(background) })
	n.background.Go(func() { n.easeJournal(background) })
	n.background.Go(func() { n.mendJournal(background) })
	n.background.Go(func() { n.scrubJournal(background) })
	n.background.Go(func() { n.lookAgain(background) })
	n.background.Go(func() { n.meetNeighbours(background) })
	return nil
}

// snapshots says when one is due.
func (n *Node) snapshots() consensus.Snapshots {
	return consensus.Snapshots{
		Replay: n.cfg.Consensus.SnapshotReplay, Entries: n.bounds.SnapshotEntries,
		Bytes: uint64(n.cfg.Consensus.SnapshotBytes), TrailingEntries: cmp.Or(n.bounds.TrailingEntries, n.cfg.Consensus.TrailingEntries),
	}
}

// machine are the options of the machine.
func (c Config) machine() fsm.Options {
	return fsm.Options{
		Cluster: clusterNumber(c.ClusterID),
		Bounds:  fsm.Bounds{DedupCapacity: c.Commands.DedupCapacity},
	}
}

// machineOptions are those of this node's machine.
func (n *Node) machineOptions() fsm.Options {
	o := n.cfg.machine()
	o.Bounds.DedupCapacity = cmp.Or(n.bounds.DedupCapacity, o.Bounds.DedupCapacity)
	return o
}

func (n *Node) openSequencer(_, background context.Context) error {
	history, err := n.firstHistory()
	if err != nil {
		return err
	}
	n.sequencer = sequencer.Open(sequencer.Config{
		Node:     cluster.NodeID(n.cfg.NodeID),
		Proposer: countingProposer{next: n.consensus, replica: n.replica, took: func(d time.Duration) { n.commitTimes.Observe(d.Seconds()) }},
		Sealer: &sealer{
			cluster: clusterNumber(n.cfg.ClusterID), newHistory: history,
			history: func() uint64 { return n.replica.state.Load().history },
			level:   n.sealingLevel,
			won:     n.failovers.cause,
		},
		Schedule: n.replica,
		Clock:    n.clocks,
		InFlight: entriesInFlight,
	})
	n.onClose("sequencer", n.closeSequencer)
	n.openClocks(background)
	n.leaders = newLeadership(n.sequencer, n.clocks.read)
	n.leaders.told = n.tellLeadership
	states, stopWatching := n.consensus.WatchLeadership()
	done := make(chan struct{})
	n.background.Go(func() { n.leaders.follow(states, done) })
	n.onClose("leadership", func(context.Context) error { close(done); stopWatching(); return nil })

	brief := forward.NewServer(n.sequencer, firstHand{n.leaders}).Checked(n.checkForwarded)
	n.mux.Handle(peer.ProtocolForwardBrief, brief.Serve)
	// Earlier builds, and relays that may serve one, want groups in outcomes.
	server := brief.Through(n.wholeOutcomes)
	n.mux.Handle(peer.ProtocolForward, server.Serve)
	n.openRelays(server)
	n.forward = forward.Open(forward.Config{
		Node: cluster.NodeID(n.cfg.NodeID), Leadership: n.leaders, Sequencer: n.sequencer,
		Dial: n.dialLeader, Budget: n.cfg.Commands.RetryBudget,
	})
	n.background.Go(func() { n.goAround(background) })
	n.background.Go(func() { n.comeBack(background) })
	n.onClose("forwarding", func(context.Context) error { n.forward.Close(); return nil })
	answered := &watermark{}
	n.commands = &commands{
		level: n.sealingLevel,
		order: n.forward, journal: n.journal, deadline: n.cfg.Commands.Deadline,
		venue: n.venue, answered: answered, takes: n.takes,
		slow: n.slowly(room.NewPace(n.cfg.Room.SlowOrdersPerSecond)), fetch: n.fetchBlock, fetches: newFetches(),
	}
	n.reads = newReads(n, answered)
	return nil
}

// closeSequencer waits for what is under way, unless consensus stands still:
// then it is consensus's own closing, which comes next, that ends the wait.
func (n *Node) closeSequencer(ctx context.Context) error {
	if n.waits.Load() != nil {
		n.background.Go(n.sequencer.Close) // nothing is answered before the entry that waits
		return nil
	}
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

// entriesInFlight is how many entries the sequencer keeps under way: one on
// its way to the disks while the next one fills. A third makes entries
// smaller and their fixed cost more frequent: with three nodes on two cores
// and 2,000 commands a second offered it lengthened p99 in two of three
// interleaved rounds, and gained no throughput.
const entriesInFlight = 2

// firstHistory names the past of a venue whose log has no entry yet: as its
// founders have agreed. The log of an adopted folder names it already, unless
// its venue never took an entry; then the first leader does.
func (n *Node) firstHistory() (uint64, error) {
	if h := n.identity.Load().History; h != 0 {
		return uint64(h), nil
	}
	h, err := newHistory(n.world.Random)
	return uint64(h), err
}

func historyText(history uint64) string { return fmt.Sprintf("%016x", history) }

// openGossip begins to be found and to find: a newcomer does so before it
// belongs anywhere.
func (n *Node) openGossip(_, background context.Context) error {
	role := cluster.RoleFollower
	if n.cfg.Role == "reader" {
		role = cluster.RoleReader
	}
	n.words = membership.Meta{
		ID: cluster.NodeID(n.cfg.NodeID), HTTPAddress: n.addresses.HTTP, FIXAddress: n.addresses.FIX,
		PeerAddress: n.addresses.Peer, Version: n.version, Role: role, PID: os.Getpid(), History: n.identity.Load().History,
	}
	settings := membership.Config{
		ClusterID: n.cfg.ClusterID, Network: n.world.Network,
		BindAddress: n.cfg.GossipAddress, AdvertiseAddress: n.addresses.Gossip,
		Meta:   n.words,
		Logger: n.log.With("part", "gossip"),
	}
	if err := n.cfg.secureGossip(n.world.Files, &settings); err != nil {
		return err
	}
	settings.Sockets = n.gossipSockets() // membership owns them from here on
	var err error
	if n.gossip, err = membership.Open(settings); err != nil {
		return err
	}
	n.onClose("gossip", func(ctx context.Context) error { n.leaveGossip(ctx); return nil })
	n.background.Go(func() { n.keepCredentials(background, settings.Secrets) })
	return nil
}

// tellHistory says in gossip which history this node belongs to, once it does.
func (n *Node) tellHistory() {
	history := n.identity.Load().History
	if history == n.words.History {
		return
	}
	n.words.History = history
	if err := n.gossip.Update(n.words); err != nil {
		n.log.Debug("nobody heard the history at once", "error", err) // it spreads even so
	}
}

// leaveGossip says goodbye, once.
func (n *Node) leaveGossip(ctx context.Context) {
	n.goodbye.Do(func() {
		leaving, cancel := context.WithTimeout(ctx, goodbye)
		defer cancel()
		if err := n.gossip.Leave(leaving); err != nil {
			n.log.Warn("nobody heard the goodbye", "error", err) // they will see for themselves
		}
	})
}

// openTwin begins to look at the others and to answer them.
func (n *Node) openTwin(_, background context.Context) error {
	// The others are told first of all that this node goes.
	n.onClose("goodbye", func(ctx context.Context) error { n.leaveGossip(ctx); return nil })
	n.twin = newTwin(n)
	n.registerCalls()
	n.tellHistory()
	n.background.Go(func() { n.findPeers(background) })
	n.background.Go(func() { n.twin.run(background) })
	n.background.Go(func() { n.chronicle(background) })
	n.background.Go(func() { n.watchWrites(background) })
	n.background.Go(func() { n.leaveForRoom(background) })
	n.background.Go(func() { n.watchStalls(background) })
	n.background.Go(func() { n.passWithheld(background) })
	n.background.Go(func() { n.flee(background) })
	n.background.Go(func() { n.keepIdentity(background) })
	close(n.up)
	n.openAutopilot(background)
	n.background.Go(func() { n.raiseLevels(background) })
	return nil
}
