package consensus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// covered is what was applied since a snapshot, and how long that took.
type covered struct {
	entries, bytes uint64
	took           time.Duration
}

// entryCost is what an entry costs a restart beside being applied: the log is
// verified, and Raft reads it again and hands it over.
const entryCost = 20 * time.Microsecond

// replay is how long a restart would take to apply it again.
func (c covered) replay() time.Duration { return c.took + time.Duration(c.entries)*entryCost }

// snapshotMeter says when a snapshot is due: by the time that a restart would
// take to replay what came since the last one, and by bytes. The library
// counts entries, and one of ours is between 100 bytes and 256 KiB. It is safe
// for use by several goroutines.
type snapshotMeter struct {
	limit Snapshots
	wake  chan struct{} // capacity 1: a snapshot is due

	mu    sync.Mutex
	since covered
}

func newSnapshotMeter(s Snapshots) *snapshotMeter {
	return &snapshotMeter{limit: s, wake: make(chan struct{}, 1)}
}

func (m *snapshotMeter) applied(entries, bytes uint64) {
	m.mu.Lock()
	m.since.entries += entries
	m.since.bytes += bytes
	due := m.since.replay() >= m.limit.Replay || m.since.bytes >= m.limit.Bytes ||
		m.limit.Entries != 0 && m.since.entries >= m.limit.Entries
	m.mu.Unlock()
	if due {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
}

// took adds the time that the machine took to apply.
func (m *snapshotMeter) took(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since.took += d
}

// captured begins anew and returns what the snapshot covers.
func (m *snapshotMeter) captured() covered {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.since
	m.since = covered{}
	return c
}

// failed takes back what a snapshot would have covered.
func (m *snapshotMeter) failed(c covered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since.entries += c.entries
	m.since.bytes += c.bytes
	m.since.took += c.took
}

func (m *snapshotMeter) reset() { m.captured() }

func (m *snapshotMeter) now() covered {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since
}

// snapshotRetry is the pause after a snapshot that failed.
const snapshotRetry = 10 * time.Second

// takeSnapshots makes a snapshot whenever one is due, until ctx ends.
func (n *Node) takeSnapshots(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.fsm.due.wake:
		}
		err := n.Snapshot(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		n.log.Warn("snapshot failed", "error", err, "retry_in", snapshotRetry)
		select {
		case <-ctx.Done():
		case <-time.After(snapshotRetry):
		}
	}
}

// Snapshot makes a snapshot now and compacts the log, and returns when both
// are done. A node that has nothing new to put in one has nothing to do.
func (n *Node) Snapshot(ctx context.Context) error {
	if err := n.config.Wait(); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	err := n.snapshot(ctx)
	if ctx.Err() == nil {
		n.failures.note(err)
	}
	return err
}

// snapshotFailures counts the snapshots that failed since the last one that held.
// Those that were put off, for want of room, are none of them.
type snapshotFailures struct {
	mu    sync.Mutex
	count uint64
	last  error
}

func (f *snapshotFailures) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last = err; err == nil {
		f.count = 0
	} else {
		f.count++
	}
}

// SnapshotFailures returns how many snapshots failed in a row, and why the last
// one did; nil after one that held.
func (n *Node) SnapshotFailures() (inRow uint64, last error) {
	n.failures.mu.Lock()
	defer n.failures.mu.Unlock()
	return n.failures.count, n.failures.last
}

func (n *Node) snapshot(ctx context.Context) error {
	if err := n.raft.ReloadConfig(n.reloadable(n.fsm.due.now())); err != nil {
		return fmt.Errorf("set trailing log: %w", err)
	}
	err := n.wait(ctx, n.raft.Snapshot())
	if errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// reloadable sets how many entries stay behind a snapshot: the library knows
// no bytes, so what was applied of late gives the size of one.
func (n *Node) reloadable(since covered) raft.ReloadableConfig {
	c := n.raft.ReloadableConfig()
	c.TrailingLogs = n.config.Snapshots.TrailingEntries
	if since.entries > 0 && since.bytes > 0 {
		perEntry := max(since.bytes/since.entries, 1)
		c.TrailingLogs = max(1, min(c.TrailingLogs, n.config.Snapshots.TrailingBytes/perEntry))
	}
	c.SnapshotThreshold = math.MaxUint64
	return c
}
