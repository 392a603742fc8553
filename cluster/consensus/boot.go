package consensus

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// ErrSnapshotGap: the log begins after the newest snapshot ends. Entries
// between are missing, and nobody can apply the rest.
var ErrSnapshotGap = errors.New("entries between snapshot and log are missing")

// boot opens everything and starts Raft.
func (n *Node) boot() error {
	c := n.config
	if err := c.World.Files.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	if err := n.nothingMissing(); err != nil {
		return err
	}
	var err error
	if n.stable, err = logstore.OpenStable(c.World.Files, c.Dir, n.halt.stop); err != nil {
		return err
	}
	if err := n.claim(); err != nil {
		return err
	}
	proven, anchor := &logstore.Proven{}, &logstore.Anchor{}
	if n.logs, err = n.openLog(proven, anchor); err != nil {
		return err
	}
	files, err := openSnapshotFiles(c.World, c.Dir, c.Snapshots.Retain, newLibraryLogger(c.Logger))
	if err != nil {
		return fmt.Errorf("open snapshots: %w", err)
	}
	snapshots := pacedStore{snapshotFiles: files, anchor: anchor}
	snapshots.received = &receiver{machine: c.Machine, store: files, finish: snapshots.complete}
	n.snapshots = snapshots
	if err := checkDescriptions(c.World.Files, c.Dir); err != nil {
		return err
	}
	if err := reconcile(n.logs, snapshots, proven, anchor); err != nil {
		return err
	}
	if err := n.knowsItsTerm(); err != nil {
		return err
	}
	if n.fsm, err = n.newFSM(proven); err != nil {
		return err
	}
	if err := n.restore(snapshots); err != nil {
		return err
	}
	if err := n.replay(); err != nil {
		return err
	}
	return n.startRaft(snapshots)
}

func (n *Node) openLog(proven *logstore.Proven, anchor *logstore.Anchor) (*logstore.Log, error) {
	writer, err := archive.NewWriter(n.config.World.Files, n.config.ArchiveDir)
	if err != nil {
		return nil, err
	}
	return logstore.Open(logstore.Options{
		Files: n.config.World.Files,
		Dir:   n.config.Dir,
		Kind:  n.config.LogStore,

		SegmentBytes: n.config.SegmentBytes,
		CacheBytes:   n.config.CacheBytes,
		Archive:      writer,
		Proven:       proven,
		Anchor:       anchor,
		Halt:         n.halt.stop,
		Watch:        n.config.Watch,

		Incarnation: n.config.Incarnation,
		Birth:       n.config.Birth,
		Logger:      newLibraryLogger(n.config.Logger),
	})
}

func (n *Node) newFSM(proven *logstore.Proven) (*fsm, error) {
	record, _, err := ReadCrashRecord(n.config.World.Files, n.config.Dir)
	if err != nil {
		return nil, err
	}
	return &fsm{
		machine:  n.config.Machine,
		roster:   n.roster,
		halt:     n.halt,
		proven:   proven,
		due:      newSnapshotMeter(n.config.Snapshots),
		closing:  make(chan struct{}),
		files:    n.config.World.Files,
		crashDir: n.config.Dir,
		crashed:  crashedRange(record),
		gates:    n.gates(record),
		voids:    n.logs.Voids(),
		build:    n.config.Build,
		pass:     n.config.Gate,
		restores: restoreMeter{log: n.config.Logger},
	}, nil
}

// startRaft begins a new cluster if that is what this is, and starts. Raft
// panics on some of what it finds in its stores; here that is an error.
func (n *Node) startRaft(snapshots pacedStore) (err error) {
	limit, stored := &commitLimit{applied: &n.fsm.applied}, uint64(n.storedTerm())
	n.contacts = newContacts(n.roster)
	n.trans = newTransport(n.stream, n.config.Timeouts.RPC, newLibraryLogger(n.config.Logger), limit, n.contacts, func() uint64 {
		if r := limit.raft.Load(); r != nil {
			return r.CurrentTerm()
		}
		return stored // Raft is just starting
	}, n.config.Refuse, n.config.Stand, n.reasons, snapshots.received)
	n.trans.withhold = n.logs.Voids().Open
	n.fsm.received = snapshots.received.restored
	n.fsm.committed = n.trans.nudges.commit
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("start raft: %v", p)
		}
		if err != nil {
			err = errors.Join(err, n.trans.Close())
		}
	}()
	library, stable := n.config.raftConfig(), promises{logstore.WatchStable(n.stable, n.config.Watch), n.halt}
	library.Logger = n.raftLogger()
	if len(n.config.InitialMembers) > 0 {
		err := raft.BootstrapCluster(library, n.logs, stable, snapshots, n.trans, configuration(n.config.InitialMembers))
		if err != nil && !errors.Is(err, raft.ErrCantBootstrap) {
			return fmt.Errorf("begin cluster: %w", err)
		}
	}
	if err := n.opened(); err != nil {
		return err
	}
	n.halt.arm()
	n.raft, err = n.orHalted(func() (*raft.Raft, error) {
		return raft.NewRaft(library, n.fsm, appliedLog{n.logs, n.fsm, n.halt}, stable, snapshots, n.trans)
	})
	if err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	limit.raft.Store(n.raft)
	return nil
}

// orHalted starts Raft, whose goroutines may meet an error that halts the node
// before this has returned, and so may the start itself: it is held then, as
// whoever meets one is, and would be for ever, for nobody could close the node. It
// is let go, and the error is why nothing was opened.
func (n *Node) orHalted(start func() (*raft.Raft, error)) (r *raft.Raft, err error) {
	over := make(chan struct{})
	go func() {
		defer close(over) // by its end, a panic or because its goroutine was ended
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%v", p)
			}
		}()
		r, err = start()
	}()
	select {
	case <-over:
		return r, err
	case <-n.halt.halted:
	}
	n.halt.release()
	<-over
	if r != nil {
		down := r.Shutdown()
		_ = n.trans.Close() // ends the requests that Raft waits for
		_ = down.Error()    // what it can no longer do is told by the cause
	}
	return nil, n.halt.cause
}

// restore brings the machine to the newest snapshot. The library would do it,
// but falls back on an older one when that is damaged, beside a log that goes
// on from the newest, and restores into a machine that already failed once.
func (n *Node) restore(snapshots raft.SnapshotStore) error {
	metas, err := snapshots.List()
	if err != nil {
		return fmt.Errorf("list snapshots: %w", err)
	}
	if len(metas) == 0 {
		return nil
	}
	newest := metas[0]
	if err := checkSnapshot(n.config.World.Files, n.config.Dir, newest.ID); err != nil {
		return err
	}
	_, source, err := snapshots.Open(newest.ID)
	if err != nil {
		return fmt.Errorf("open snapshot %s: %w", newest.ID, err)
	}
	if err := errors.Join(n.fsm.load(source), source.Close()); err != nil {
		return fmt.Errorf("snapshot %s: %w", newest.ID, err)
	}
	return n.roster.configured(metas[0])
}

func configuration(members []cluster.Member) raft.Configuration {
	var c raft.Configuration
	for _, m := range members {
		c.Servers = append(c.Servers, raft.Server{
			ID:       raft.ServerID(m.ID),
			Address:  raft.ServerAddress(m.Address),
			Suffrage: raft.Voter,
		})
	}
	return c
}

// reconcile makes log and newest snapshot agree before Raft sees them, and
// tells proven what of the log is committed. A crash in the middle of an
// install leaves the new snapshot beside the old log. That log goes, as it
// would have: none of it that the snapshot does not hold was committed.
func reconcile(logs *logstore.Log, snapshots raft.SnapshotStore, proven *logstore.Proven, anchor *logstore.Anchor) error {
	metas, err := snapshots.List()
	if err != nil {
		return fmt.Errorf("list snapshots: %w", err)
	}
	first, last, err := bounds(logs)
	if err != nil {
		return err
	}
	if len(metas) == 0 {
		if first > 1 {
			return fmt.Errorf("%w: no snapshot, and the log begins at %d", ErrSnapshotGap, first)
		}
		proven.Began(1, 0)
		return nil
	}
	newest := metas[0]
	defer anchor.Set(newest.Index, newest.Term) // not before agree: it would answer
	switch agrees, err := agree(logs, first, last, newest); {
	case err != nil:
		return err
	case last != 0 && first > newest.Index+1:
		return fmt.Errorf("%w: snapshot ends at %d, log begins at %d", ErrSnapshotGap, newest.Index, first)
	case agrees && last != 0:
		// mark: log and snapshot fit at a start
		proven.Began(cluster.Index(first), cluster.Index(newest.Index))
		return nil
	case last != 0:
		// mark: an install that was cut short is finished
		if err := logs.DeleteRange(first, last); err != nil {
			return fmt.Errorf("finish snapshot install: %w", err)
		}
	}
	proven.Began(cluster.Index(newest.Index)+1, cluster.Index(newest.Index))
	return nil
}

// agree reports whether the log goes on from the snapshot: by Raft's log
// matching, an entry at its index with its term makes all before it the same.
func agree(logs *logstore.Log, first, last uint64, snapshot *raft.SnapshotMeta) (bool, error) {
	switch {
	case first == snapshot.Index+1:
		return true, nil
	case snapshot.Index < first || snapshot.Index > last:
		return false, nil
	}
	var entry raft.Log
	if err := logs.GetLog(snapshot.Index, &entry); err != nil {
		return false, fmt.Errorf("read log: %w", err)
	}
	return entry.Term == snapshot.Term, nil
}

func bounds(logs *logstore.Log) (first, last uint64, err error) {
	if first, err = logs.FirstIndex(); err != nil {
		return 0, 0, fmt.Errorf("read log: %w", err)
	}
	if last, err = logs.LastIndex(); err != nil {
		return 0, 0, fmt.Errorf("read log: %w", err)
	}
	return first, last, nil
}
