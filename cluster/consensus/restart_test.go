package consensus_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// All nodes die and come back: the machines are as they were, and go on.
func TestSurvivesAllAtOnce(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 3, set)
		for i := range 20 {
			g.propose(fmt.Sprintf("before %d", i))
		}
		for _, p := range g.peers {
			g.kill(p)
		}
		for _, p := range g.peers {
			g.start(p)
		}
		g.propose("after")
		g.converge(21)
	})
}

// A log knows whether a command was ever in it, also after a restart.
func TestHasCommands(t *testing.T) {
	g := newGroup(t, 1, nil)
	for _, want := range []bool{false, true} {
		if got, err := g.leader().HasCommands(); err != nil || got != want {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
		g.propose("a command")
	}
	g.kill(g.peers[0])
	g.start(g.peers[0])
	if got, err := g.leader().HasCommands(); err != nil || !got {
		t.Fatalf("after a restart: got %v, %v", got, err)
	}
}

// many proposes count entries, a few hundred under way at a time, and waits
// for all of them.
func (g *group) many(count int, data string) {
	g.t.Helper()
	leader := g.leader()
	var waiting []cluster.Proposal
	for i := range count {
		waiting = append(waiting, leader.Propose(fmt.Appendf(nil, "%s %d", data, i)))
		if len(waiting) == 256 || i == count-1 {
			for _, p := range waiting {
				if _, _, err := p.Wait(); err != nil {
					g.t.Fatal(err)
				}
			}
			waiting = waiting[:0]
		}
	}
}

// small makes snapshots only when asked and keeps little log behind them. Its
// leader is patient: these tests count on one that stays.
func small(set func(*consensus.Config)) func(*consensus.Config) {
	return func(c *consensus.Config) {
		set(c)
		c.Timeouts.Heartbeat = 1500 * time.Millisecond
		c.Snapshots = consensus.Snapshots{Replay: time.Hour, Bytes: 1 << 60, TrailingEntries: 10}
	}
}

// A node that comes back restores its snapshot and applies only what follows;
// what the log dropped is in the archive, each entry once.
func TestRestoresSnapshot(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 1, small(set))
		g.many(9000, "entry")
		if err := g.leader().Snapshot(context.Background()); err != nil {
			t.Fatal(err)
		}
		g.propose("after the snapshot")
		p := g.peers[0]
		g.kill(p)
		g.start(p)
		g.propose("after the restart")
		g.converge(9002)
		wantArchived(t, p, 8192)
	})
}

// A stopped node's past is read from one end to the other, over archive and log,
// and from its snapshot; an entry that neither holds is a gap.
func TestPastOfAStoppedNode(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 1, small(set))
		g.many(9000, "entry")
		if err := g.leader().Snapshot(context.Background()); err != nil {
			t.Fatal(err)
		}
		last, _ := g.propose("after the snapshot")
		p := g.peers[0]
		g.kill(p)
		dir := filepath.Join(p.config.Dir, "archive")
		past, err := consensus.OpenPast(world.System().Files, p.config.Dir, dir, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer past.Close()
		got := newChain()
		for entry, err := range past.Entries(1, last) {
			if err != nil {
				t.Fatal(err)
			}
			got.Apply([]cluster.Entry{entry})
		}
		if _, want, _ := p.machine.state(); got.sum != want {
			t.Errorf("checksum of the past = %08x, want %08x", got.sum, want)
		}
		snapshots, err := past.Snapshots()
		if err != nil || len(snapshots) != 1 {
			t.Fatalf("snapshots %v, %v", snapshots, err)
		}
		restored := newChain()
		if err := past.Restore(snapshots[0], restored.Restore); err != nil || restored.count != 9000 {
			t.Errorf("restored %d entries, %v", restored.count, err)
		}
		for _, missing := range []struct{ first, last cluster.Index }{{last, last + 1}, {1, last + 100_000}} {
			var end error
			for _, end = range past.Entries(missing.first, missing.last) {
			}
			if !errors.Is(end, archive.ErrGap) {
				t.Errorf("entries %d to %d end with %v, want a gap", missing.first, missing.last, end)
			}
		}
	})
}

func wantArchived(t *testing.T, p *peer, through cluster.Index) {
	t.Helper()
	a, err := archive.Open(world.System().Files, filepath.Join(p.config.Dir, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Last() != through {
		t.Errorf("archive ends at %d, want %d", a.Last(), through)
	}
	i := 0
	for entry, err := range a.Entries(1) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("entry %d", i); string(entry.Data) != want {
			t.Fatalf("archived %q, want %q", entry.Data, want)
		}
		i++
	}
	if i == 0 {
		t.Error("archive is empty")
	}
}

// A follower that missed more than the log still holds is given a snapshot,
// goes on from it, and comes back from it after a restart. What it had applied
// before is archived.
func TestInstallsSnapshot(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 3, small(set))
		g.many(100, "entry")
		g.converge(100)
		behind := g.follower()
		behind.network.isolate(true)
		g.many(9000, "missed")
		for _, p := range g.running() {
			if p == behind {
				continue
			}
			p.machine.await(t, 9100)
			if err := p.Snapshot(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		behind.network.isolate(false)
		g.converge(9100)
		g.eventually("install of a snapshot", func() bool {
			total, _ := behind.Installs()
			return total > 0
		})
		g.propose("after the install")
		g.converge(9101)
		g.eventually("archive of what was applied", func() bool {
			a, err := archive.Open(world.System().Files, filepath.Join(behind.config.Dir, "archive"))
			return err == nil && a.Last() >= 100
		})
		g.kill(behind)
		g.start(behind)
		g.converge(9101)
	})
}

// A snapshot becomes due by itself, by what a restart would take or by bytes.
func TestSnapshotsByItself(t *testing.T) {
	for name, limit := range map[string]consensus.Snapshots{
		"replay": {Replay: 5000 * 20 * time.Microsecond, TrailingEntries: 10},
		"bytes":  {Bytes: 5000 * 8, TrailingEntries: 10},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t, 1, func(c *consensus.Config) { c.Snapshots = limit })
			g.many(10000, "entry")
			g.eventually("archived block", func() bool {
				a, err := archive.Open(world.System().Files, filepath.Join(g.peers[0].config.Dir, "archive"))
				return err == nil && a.Last() >= archive.BlockIndexes
			})
		})
	}
}

// A node that lost its log does not come back under its name.
func TestRefusesShorterLog(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 3, set)
		g.many(10, "entry")
		g.converge(10)
		p := g.follower()
		g.kill(p)
		for _, name := range []string{"log.wal", "log.bolt"} {
			if err := os.RemoveAll(filepath.Join(p.config.Dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.open(p); !errors.Is(err, logstore.ErrTruncated) {
			t.Errorf("open = %v, want %v", err, logstore.ErrTruncated)
		}
	})
}

// A snapshot with a bad bit is not restored, and the node does not start
// without it when the log no longer holds what it holds.
func TestRefusesDamagedSnapshot(t *testing.T) {
	g := newGroup(t, 1, small(func(*consensus.Config) {}))
	g.many(9000, "entry")
	p := g.peers[0]
	if err := p.Snapshot(context.Background()); err != nil {
		t.Fatal(err)
	}
	g.kill(p)
	files, err := filepath.Glob(filepath.Join(p.config.Dir, "snapshots", "*", "state.bin"))
	if err != nil || len(files) != 1 {
		t.Fatalf("snapshots %v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(files[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := g.open(p); !errors.Is(err, consensus.ErrDamaged) {
		t.Errorf("a node opened over a damaged snapshot: %v, want %v", err, consensus.ErrDamaged)
	}
	// The log begins after it: nothing can stand for it, and nothing is touched.
	r, err := consensus.Repair(world.System().Files, p.config.Dir, t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil || r.Lost == nil || len(r.SetAside) != 0 {
		t.Errorf("repair = %+v, %v, want that it can't be", r, err)
	}
	if _, err := os.Stat(files[0]); err != nil {
		t.Errorf("the damaged snapshot is gone: %v", err)
	}
}

// A damaged snapshot goes if an older one and the log hold all of it; the node
// is then what it was.
func TestRepairsWithOlderSnapshot(t *testing.T) {
	g := newGroup(t, 1, nil)
	p := g.peers[0]
	for range 2 {
		g.many(100, "entry")
		if err := p.Snapshot(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	g.many(10, "entry")
	g.kill(p)
	files, err := filepath.Glob(filepath.Join(p.config.Dir, "snapshots", "*", "meta.json"))
	if err != nil || len(files) != 2 {
		t.Fatalf("snapshots %v, %v", files, err)
	}
	b, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	// An address in the configuration: it is still JSON, and the library would
	// believe it.
	b = bytes.Replace(b, []byte(`"Configuration":`), []byte(`"configuration":`), 1)
	if err := os.WriteFile(files[1], b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := g.open(p); !errors.Is(err, consensus.ErrDamaged) {
		t.Fatalf("open = %v, want %v", err, consensus.ErrDamaged)
	}
	aside := t.TempDir()
	r, err := consensus.Repair(world.System().Files, p.config.Dir, aside, slog.New(slog.DiscardHandler))
	if err != nil || r.Lost != nil || len(r.SetAside) != 1 {
		t.Fatalf("repair = %+v, %v", r, err)
	}
	g.start(p)
	g.converge(210)
}

// A folder that lies among the snapshots and is none by its name is nobody's
// business: a copy that an operator has made of one, damaged or not. It is not
// restored from, not removed when snapshots are, and a repair names it and judges
// without it.
func TestStrangeFolderAmongSnapshots(t *testing.T) {
	g := newGroup(t, 1, nil)
	p := g.peers[0]
	g.many(100, "entry")
	if err := p.Snapshot(context.Background()); err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join(p.config.Dir, "snapshots", "*-*-*"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("snapshots %v, %v", folders, err)
	}
	names := []string{filepath.Base(folders[0]) + "-copy", "saved", "lost+found", "99999-x-1", "mine.tmp"}
	for _, name := range names {
		if err := os.CopyFS(filepath.Join(p.config.Dir, "snapshots", name), os.DirFS(folders[0])); err != nil {
			t.Fatal(err)
		}
	}
	bad := filepath.Join(p.config.Dir, "snapshots", "saved", "meta.json")
	if err := os.WriteFile(bad, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	g.kill(p)
	r, err := consensus.Repair(world.System().Files, p.config.Dir, t.TempDir(), slog.New(slog.DiscardHandler))
	if slices.Sort(names); err != nil || r.Lost != nil || len(r.SetAside) != 0 || !slices.Equal(r.Strange, names) {
		t.Errorf("repair = %+v, %v", r, err)
	}
	g.start(p)
	for range 3 { // by then none of the first ones is kept
		g.many(100, "entry")
		if err := p.Snapshot(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(p.config.Dir, "snapshots", name, "state.bin")); err != nil {
			t.Errorf("it was not left alone: %v", err)
		}
	}
	g.kill(p)
	g.start(p)
	g.converge(400)
}

// An entry that the machine panics on ends the node and leaves a record of
// it; nobody who waits is told that it was executed.
func TestRecordsCrash(t *testing.T) {
	g := newGroup(t, 1, nil)
	p := g.peers[0]
	g.propose("good")
	p.machine.mu.Lock()
	p.machine.poison = "poison"
	p.machine.mu.Unlock()
	wait := make(chan error, 1)
	proposal := p.Propose([]byte("poison"))
	go func() {
		_, _, err := proposal.Wait()
		wait <- err
	}()
	if err := <-p.fatal; !errors.Is(err, consensus.ErrApplyPanicked) {
		t.Errorf("fatal = %v, want %v", err, consensus.ErrApplyPanicked)
	}
	g.kill(p)
	if err := <-wait; !errors.Is(err, cluster.ErrUnknownOutcome) {
		t.Errorf("proposal = %v, want %v", err, cluster.ErrUnknownOutcome)
	}
	record, ok, err := consensus.ReadCrashRecord(world.System().Files, p.config.Dir)
	if err != nil || !ok || len(record.Entries) != 1 || !strings.Contains(record.Panic, "poisoned") ||
		!strings.Contains(record.Stack, "Apply") {
		t.Errorf("record %+v, %v, %v", record, ok, err)
	}
}

// When Apply panics on one of many entries, the second crash names the one.
func TestSecondCrashNamesTheEntry(t *testing.T) {
	g := newGroup(t, 1, nil)
	p := g.peers[0]
	g.many(20, "entry")
	p.poison = "entry 13"
	var records [2]consensus.CrashRecord
	for i := range records {
		g.kill(p)
		g.start(p)
		<-p.fatal
		var err error
		if records[i], _, err = consensus.ReadCrashRecord(world.System().Files, p.config.Dir); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(records[0].Entries); n < 2 {
		t.Skipf("the first crash already named %d entry", n)
	}
	want := fmt.Sprintf("%x", sha256.Sum256([]byte(p.poison)))
	if e := records[1].Entries; len(e) != 1 || e[0].SHA256 != want {
		t.Errorf("second record names %+v, want one with hash %s", e, want)
	}
}

// A second process on a node's directory is refused, and the first goes on.
func TestOneProcess(t *testing.T) {
	g := newGroup(t, 1, nil)
	p := g.peers[0]
	second := p.config
	second.Stream = listen(t, "127.0.0.1:0")
	if _, err := consensus.Open(context.Background(), second); !errors.Is(err, logstore.ErrLocked) {
		t.Errorf("open = %v, want %v", err, logstore.ErrLocked)
	}
	g.propose("still there")
}
