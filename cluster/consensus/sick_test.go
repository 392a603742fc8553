package consensus_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// A machine that has no room, no descriptors or no memory while it applies an
// entry ends the node, and that is nothing against the entry: no crash record
// is left, and the node goes on where it was when the cause is gone.
func TestSickMachineLeavesNoCrashRecord(t *testing.T) {
	for _, cause := range []error{
		&cluster.SickMachine{Err: syscall.ENOSPC},
		fmt.Errorf("append block: %w", syscall.EMFILE),
		fmt.Errorf("page of the state: %w", syscall.ENOMEM),
	} {
		t.Run(cause.Error(), func(t *testing.T) {
			g := newGroup(t, 1, nil)
			p := g.peers[0]
			g.propose("before")
			p.machine.mu.Lock()
			p.machine.sick = cause
			p.machine.mu.Unlock()
			wait := make(chan error, 1)
			proposal := p.Propose([]byte("while it is sick"))
			go func() {
				_, _, err := proposal.Wait()
				wait <- err
			}()
			err := <-p.fatal
			if errors.Is(err, consensus.ErrApplyPanicked) || cluster.KindOf(err) != cluster.KindSickMachine {
				t.Errorf("fatal = %v, which is %s, want a sick machine", err, cluster.KindOf(err))
			}
			g.kill(p)
			if err := <-wait; !errors.Is(err, cluster.ErrUnknownOutcome) {
				t.Errorf("proposal = %v, want %v", err, cluster.ErrUnknownOutcome)
			}
			if record, found, err := consensus.ReadCrashRecord(world.System().Files, p.config.Dir); found || err != nil {
				t.Errorf("a record was left against an entry: %+v, %v", record, err)
			}
			g.start(p)
			g.propose("after")
			g.converge(3)
		})
	}
}

// A follower that takes no entries for want of room stops acknowledging: the
// others go on, it stands for no election, and it is caught up when it takes
// entries again.
func TestFollowerWithoutRoom(t *testing.T) {
	var full [3]atomic.Bool
	made := 0
	g := newGroup(t, 3, func(c *consensus.Config) {
		own := &full[made]
		made++
		c.Refuse = func() error {
			if own.Load() {
				return errors.New("no room")
			}
			return nil
		}
	})
	g.propose("before")
	g.converge(1)
	leader, follower := g.leader(), g.follower()
	at := slices.Index(g.peers, follower)
	full[at].Store(true)
	term := leader.Status().Term
	for i := range 50 {
		g.propose(fmt.Sprintf("without it %d", i))
	}
	if count, _, _ := follower.machine.state(); count != 1 {
		t.Errorf("the full follower has applied %d entries, want 1", count)
	}
	if got := g.leader(); got != leader || leader.Status().Term != term {
		t.Errorf("%s leads in term %d, want %s in %d", got.config.NodeID, got.Status().Term, leader.config.NodeID, term)
	}
	full[at].Store(false)
	g.converge(51)
}

// A node that must not grow makes no snapshot, says why, and makes it later.
func TestSnapshotWaitsForRoom(t *testing.T) {
	var full atomic.Bool
	full.Store(true)
	noRoom := errors.New("no room")
	g := newGroup(t, 1, func(c *consensus.Config) {
		c.Wait = func() error {
			if full.Load() {
				return noRoom
			}
			return nil
		}
	})
	g.propose("one")
	if err := g.peers[0].Snapshot(t.Context()); !errors.Is(err, noRoom) {
		t.Errorf("snapshot without room: %v", err)
	}
	full.Store(false)
	if err := g.peers[0].Snapshot(t.Context()); err != nil {
		t.Error(err)
	}
}

// A disk that fails the archive costs nothing but time: the snapshot says so, the
// log keeps what was to leave it, the node goes on, and what was not archived is
// when the disk is well.
func TestArchiveOnASickDisk(t *testing.T) {
	disk := &worldtest.SickDisk{Files: world.System().Files}
	g := newGroup(t, 1, func(c *consensus.Config) {
		c.World, c.Snapshots.TrailingEntries = world.World{Files: disk}, 1
	})
	p := g.peers[0]
	for i, f := range worldtest.Faults() {
		g.many(4100, fmt.Sprintf("entry of %d", i))
		disk.Sicken("/archive/", f)
		if err := p.Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), f.Cause.Error()) {
			t.Errorf("%s: the snapshot says %v", f.Name, err)
		}
		if inRow, last := p.SnapshotFailures(); inRow != 1 || last == nil {
			t.Errorf("%s: %d failed, %v", f.Name, inRow, last)
		}
		g.propose("while it is sick")
		disk.Heal()
		if err := p.Snapshot(t.Context()); err != nil {
			t.Errorf("%s: when it is well: %v", f.Name, err)
		}
		if inRow, last := p.SnapshotFailures(); inRow != 0 || last != nil {
			t.Errorf("%s: %d have failed, %v", f.Name, inRow, last)
		}
		a, err := archive.Open(world.System().Files, filepath.Join(p.config.Dir, "archive"))
		if err != nil {
			t.Fatal(err)
		}
		if want := cluster.Index(4096 * (i + 1)); a.Last() != want {
			t.Errorf("%s: archived through %d, want %d", f.Name, a.Last(), want)
		}
	}
	select {
	case err := <-p.fatal:
		t.Errorf("the node ended: %v", err)
	default:
	}
}
