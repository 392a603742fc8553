package node_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/backup"
)

// one is a trio of which there is only one node.
func one(t *testing.T, cfg node.Config, options ...node.Option) *trio {
	t.Helper()
	c := &trio{t: t, configs: []node.Config{cfg}, nodes: make([]*node.Node, 1), logged: newLogBuffer(t)}
	if err := c.open(0, options...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.stop(0) })
	c.until("the node is ready", func() bool { return c.nodes[0].Operations().Ready() == nil })
	return c
}

func alone(t *testing.T) *trio {
	t.Helper()
	cfg := testConfig(t, "n1")
	cfg.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: cfg.PeerAddress}}
	return one(t, cfg, node.WithFounding())
}

// backUp adds what is new at a node to a backup.
func (c *trio) backUp(i int, dir string) (backup.Manifest, backup.Added, error) {
	return backup.Receive(c.t.Context(), dir, func(ctx context.Context, have backup.Have) (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() {
			w.CloseWithError(c.nodes[i].Operations().Backup(ctx, gateways.BackupHave(have), w))
		}()
		return r, nil
	})
}

func (c *trio) mustBackUp(i int, dir string) (backup.Manifest, backup.Added) {
	c.t.Helper()
	m, added, err := c.backUp(i, dir)
	if err != nil {
		c.t.Fatal(err)
	}
	return m, added
}

// restored starts a node on what a backup is restored to.
func restored(t *testing.T, from string, target backup.Target) (*trio, backup.Renewed) {
	t.Helper()
	cfg := testConfig(t, "r1")
	done, err := node.Restore(t.Context(), cfg, from, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := one(t, cfg)
	c.count = 1000 // the venue remembers the ids of before
	return c, done
}

// TestBackupAndRestore shows the drill: a backup of a running venue, another one
// that adds only what is new, and new venues from it: as it was at the end, at a
// sequence, and at an instant. They have what the venue had, under another
// history, go on from there, and others join them.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2})
	c.do(0, &command.OpenAccount{Account: "alice"})
	c.fund(0, "alice", "100")
	dir := filepath.Join(t.TempDir(), "backup")
	first, _ := c.mustBackUp(0, dir)
	second := c.fund(0, "alice", "20")
	third := c.fund(0, "alice", "3")
	last, added := c.mustBackUp(0, dir)
	if added.Entries != 2 || added.Blocks != 2 || len(last.Snapshots) != 2 || last.Last.Sequence != uint64(third.Sequence) {
		t.Errorf("the second backup added %+v and ends at %+v, snapshots %v", added, last.Last, last.Snapshots)
	}
	if again, added := c.mustBackUp(0, dir); added.Entries != 0 || again.Last != last.Last {
		t.Errorf("a backup without anything new added %+v and ends at %+v", added, again.Last)
	}
	history := c.nodes[0].Operations().Twin().HistoryID
	for _, at := range []struct {
		what   string
		target backup.Target
		want   int64
		from   uint64
	}{
		{"the end", backup.Target{}, 123, uint64(last.Snapshots[0])},
		{"a sequence", backup.Target{Sequence: uint64(second.Sequence)}, 120, uint64(last.Snapshots[1])},
		{"an instant", backup.Target{At: int64(third.At) - 1}, 120, uint64(last.Snapshots[1])},
		{"an instant before", backup.Target{At: first.Last.At}, 100, uint64(last.Snapshots[1])},
	} {
		r, done := restored(t, dir, at.target)
		if done.From != at.from || done.End != last.Last {
			t.Errorf("%s: from the snapshot of entry %d, want %d; the end is %+v, want %+v", at.what, done.From, at.from, done.End, last.Last)
		}
		if got := r.total(0, "alice", market.Sequence(done.At.Sequence)); int64(got) != at.want*1_000_000 {
			t.Errorf("%s: alice has %d, want %d", at.what, got, at.want)
		}
		twin := r.nodes[0].Operations().Twin()
		if twin.HistoryID == history || twin.HistoryID != done.Began.History {
			t.Errorf("%s: history %s, the venue's was %s", at.what, twin.HistoryID, history)
		}
		out := r.fund(0, "alice", "1000")
		if got := r.total(0, "alice", out.Sequence); int64(got) != (at.want+1000)*1_000_000 {
			t.Errorf("%s: alice has %d after a deposit", at.what, got)
		}
		r.stop(0)
	}
	c.stop(0)
}

// TestOthersJoinWhatWasRestored shows that a restored venue grows as any other
// does, that its newcomers have its whole past, and that it can be backed up.
func TestOthersJoinWhatWasRestored(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	first := c.fund(0, "alice", "100")
	dir := filepath.Join(t.TempDir(), "backup")
	c.mustBackUp(0, dir)
	c.stop(0)
	r, _ := restored(t, dir, backup.Target{})
	for _, id := range []string{"r2", "r3"} {
		cfg := testConfig(t, id)
		cfg.Join = []string{r.configs[0].GossipAddress}
		r.configs, r.nodes = append(r.configs, cfg), append(r.nodes, nil)
		r.start(len(r.configs) - 1)
		i := len(r.nodes) - 1
		t.Cleanup(func() { r.stop(i) })
	}
	r.until("all three vote", func() bool { return r.role(0, "r2") == "follower" && r.role(0, "r3") == "follower" })
	out := r.fund(2, "alice", "1")
	if got := r.total(1, "alice", out.Sequence); got != 101_000_000 {
		t.Errorf("a newcomer shows %d", got)
	}
	r.until("the newcomers have the past", func() bool {
		b, err := r.nodes[1].Reads().Balance(event.Pin{Sequence: first.Sequence, At: first.At}, "alice", "USD")
		return err == nil && b.Value.Total == 100_000_000
	})
	r.mustBackUp(2, filepath.Join(t.TempDir(), "next"))
	if _, _, err := r.backUp(0, dir); !errors.Is(err, backup.ErrOther) {
		t.Errorf("added to the backup of the history before: %v", err)
	}
}

// TestRebuiltFromTheArchive shows that the archive of compacted entries alone is
// enough: the machine makes state and events anew, and they are the same.
func TestRebuiltFromTheArchive(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	mid := c.fund(0, "alice", "100")
	c.fund(0, "alice", "11")
	dir := filepath.Join(t.TempDir(), "backup")
	last, _ := c.mustBackUp(0, dir)
	c.stop(0)
	bare := t.TempDir()
	if err := os.Rename(filepath.Join(dir, "archive"), filepath.Join(bare, "archive")); err != nil {
		t.Fatal(err)
	}
	r, done := restored(t, bare, backup.Target{})
	if done.At != last.Last || done.From != 0 {
		t.Errorf("it came to %+v from %d, want %+v", done.At, done.From, last.Last)
	}
	if got := r.total(0, "alice", market.Sequence(done.At.Sequence)); got != 111_000_000 {
		t.Errorf("alice has %d", got)
	}
	r.stop(0)
	r, done = restored(t, bare, backup.Target{Sequence: uint64(mid.Sequence)})
	if got := r.total(0, "alice", market.Sequence(done.At.Sequence)); got != 100_000_000 {
		t.Errorf("as it was before, alice has %d", got)
	}
}

// TestRestoreRefuses shows what a restore does not do: write over anything, go
// beyond the end or before the beginning, take another venue's backup, or one of
// which any byte is not what it was.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	dir := filepath.Join(t.TempDir(), "backup")
	last, _ := c.mustBackUp(0, dir)
	own := c.configs[0]
	c.stop(0)
	refuse := func(what string, cfg node.Config, target backup.Target, want error) {
		t.Helper()
		if _, err := node.Restore(t.Context(), cfg, dir, target, nil); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
		if cfg.NodeID != own.NodeID {
			if _, err := os.Stat(filepath.Join(cfg.DataDir, "identity")); err == nil {
				t.Errorf("%s: a node could start", what)
			}
		}
	}
	refuse("over a node's folder", own, backup.Target{}, node.ErrNotEmpty)
	refuse("beyond the end", testConfig(t, "r"), backup.Target{Sequence: last.Last.Sequence + 1}, backup.ErrBeyond)
	refuse("beyond the last instant", testConfig(t, "r"), backup.Target{At: last.Last.At + 1}, backup.ErrBeyond)
	refuse("before the beginning", testConfig(t, "r"), backup.Target{At: 1}, backup.ErrUnreachable)
	other := testConfig(t, "r")
	other.ClusterID = "other"
	refuse("another venue's", other, backup.Target{}, nil)
	said := errors.New("no")
	if _, err := node.Restore(t.Context(), testConfig(t, "r"), dir, backup.Target{}, func(backup.Renewed) error { return said }); !errors.Is(err, said) {
		t.Errorf("told no: %v", err)
	}
	for _, file := range last.Files {
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int64{0, file.Size / 2, file.Size - 1} {
			bad := append([]byte(nil), good...)
			bad[at] ^= 0x10
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			refuse("a changed "+file.Name, testConfig(t, "r"), backup.Target{}, backup.ErrChanged)
		}
		if err := os.WriteFile(path, good[:len(good)-1], 0o600); err != nil {
			t.Fatal(err)
		}
		refuse("a cut "+file.Name, testConfig(t, "r"), backup.Target{}, backup.ErrChanged)
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := node.Restore(t.Context(), testConfig(t, "r"), dir, backup.Target{}, nil); err != nil {
		t.Errorf("as it was: %v", err)
	}
}
