package node_test

import (
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestEveryFileDamaged turns bytes in every file of a stopped node, one after
// the other. Each time the node is back with all data: because it starts and
// mends itself, or because RepairFolder mends it, or by what that says: removed
// and joined anew. The others go on all the while.
func TestEveryFileDamaged(t *testing.T) {
	t.Parallel()
	c := newTrioWith(t, func(cfg *node.Config) { cfg.Consensus.TrailingEntries = 4 })
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "erin"})
	paid := 0
	kinds := []string{
		"journal/*.journal", "journal/durable.json", "raft/snapshots/*/state.bin", "raft/snapshots/*/meta.json",
		"views/*/badger/*", "views/*/state.json",
		"raft/log.wal/*.wal", "raft/log.wal/*.db", "raft/log.synced", "raft/vote", "raft/roster", "raft/stable.bolt",
	}
	if testing.Short() {
		kinds = []string{"raft/snapshots/*/state.bin", "raft/log.wal/*.wal"}
	}
	for _, kind := range kinds {
		damaged := (c.agreedLeader() + 1) % 3
		other := (damaged + 1) % 3
		c.until("it is level", func() bool { return c.nodes[damaged].Operations().Ready() == nil })
		var last market.Sequence
		for i := range 30 {
			last = c.pay(other)
			if paid++; i%15 == 10 { // two snapshots, and entries after the last one
				if err := c.nodes[damaged].Operations().Snapshot(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.stop(damaged)
		spoilAll(t, filepath.Join(c.configs[damaged].DataDir, kind))
		how := c.bringBack(damaged, other)
		c.until(kind+" is level again", func() bool { return c.nodes[damaged].Operations().Ready() == nil })
		if got := c.total(damaged, "erin", last); got != market.Amount(paid)*1_000_000 {
			t.Errorf("%s: the node shows %d, want %d", kind, got, paid)
		}
		t.Logf("%s: %s", kind, how)
	}
	c.damagedArchive((c.agreedLeader() + 1) % 3)
}

// damagedArchive shows that a bad file of the archive keeps no node from
// starting, and is moved away by a repair.
func (c *trio) damagedArchive(i int) {
	c.t.Helper()
	c.stop(i)
	dir := filepath.Join(c.configs[i].DataDir, "archive")
	w, err := archive.NewWriter(world.System().Files, dir)
	if err != nil {
		c.t.Fatal(err)
	}
	file := archive.Range{First: 1, Last: archive.BlockIndexes}
	err = w.Write(file, func(archive.Range) iter.Seq2[cluster.Entry, error] {
		return func(yield func(cluster.Entry, error) bool) {
			yield(cluster.Entry{Index: 7, Term: 1, Data: []byte("entry")}, nil)
		}
	})
	if err != nil {
		c.t.Fatal(err)
	}
	spoilAll(c.t, filepath.Join(dir, file.Name()))
	r, err := node.RepairFolder(c.t.Context(), c.configs[i], slog.New(slog.DiscardHandler))
	if err != nil || r.Lost != nil || len(r.Done) != 1 || !strings.Contains(r.Done[0], file.Name()) {
		c.t.Errorf("repair: %+v, %v, want that the archive's file is gone", r, err)
	}
	if _, err := os.Stat(filepath.Join(dir, file.Name())); !os.IsNotExist(err) {
		c.t.Errorf("the damaged file is still there: %v", err)
	}
	c.start(i)
}

// pay deposits a dollar and returns the sequence at which it shows. Leadership
// may move meanwhile, and the command be sent again.
func (c *trio) pay(i int) market.Sequence {
	c.t.Helper()
	c.count++
	out, err := c.send(i, fmt.Sprintf("pay-%d", c.count),
		&command.Deposit{Account: "erin", Money: command.Money{Asset: "USD", Value: decimal(c.t, "1")}})
	if err != nil || out.Kind != event.OutcomeExecuted && out.Kind != event.OutcomeRepeat {
		c.t.Fatalf("pay: %+v, %v", out, err)
	}
	return out.Sequence
}

// bringBack starts a node whose folder was damaged, by the means that it takes,
// and says which.
func (c *trio) bringBack(i, other int) string {
	c.t.Helper()
	err := c.open(i)
	if err == nil {
		return "starts and mends itself"
	}
	if !node.IsDamaged(err) {
		c.t.Fatalf("open: %v, want that it is damaged", err)
	}
	r, err := node.RepairFolder(c.t.Context(), c.configs[i], slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	if r.Lost == nil {
		c.start(i)
		return "repaired: " + strings.Join(r.Done, "; ")
	}
	if err := c.nodes[c.agreedLeader()].Operations().RemoveNode(c.t.Context(), c.configs[i].NodeID); err != nil {
		c.t.Fatal(err)
	}
	if _, err := node.SetFolderAside(c.configs[i]); err != nil {
		c.t.Fatal(err)
	}
	c.configs[i].InitialCluster, c.configs[i].Join = nil, []string{c.configs[other].GossipAddress}
	c.start(i)
	return "a newcomer, for " + r.Lost.Error()
}

// spoilAll turns bytes in the newest of the files of a kind; of the views, in
// all.
func spoilAll(t *testing.T, pattern string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	if !strings.Contains(pattern, "views") {
		paths = paths[len(paths)-1:]
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		used := len(strings.TrimRight(string(b), "\x00"))
		places := []int{used / 3, used / 2, used - 2}
		if strings.HasSuffix(path, ".bolt") || strings.HasSuffix(path, ".db") {
			places = nil // most of such a file is not in use: turn many
			for at := 40; at < used; at += 16 {
				places = append(places, at)
			}
		}
		for _, at := range places {
			if at >= 0 && at < len(b) {
				b[at] ^= 0x21
			}
		}
		if err := os.WriteFile(path, b, fs.FileMode(0o600)); err != nil {
			t.Fatal(err)
		}
	}
}
