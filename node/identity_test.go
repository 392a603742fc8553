package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
)

// copyFolder copies a data folder as an operator would.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// TestLostFileIsForgotten shows, for each file of a member's folder, that a
// folder without it, or with that of another node in its place, is no member
// any more and says what to do. The views are folds, and may go.
func TestLostFileIsForgotten(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	for i := range c.nodes {
		c.stop(i)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	copyFolder(t, c.configs[0].DataDir, whole)
	for _, file := range []string{
		"identity", "raft", "raft/vote", "raft/roster", "raft/log.wal", "raft/log.wal/wal-meta.db", "raft/log.synced", "raft/snapshots",
		"journal", "archive",
	} {
		at := filepath.Join(c.configs[0].DataDir, file)
		t.Run("without "+file, func(t *testing.T) {
			copyFolder(t, whole, c.configs[0].DataDir)
			if err := os.RemoveAll(at); err != nil {
				t.Fatal(err)
			}
			c.forgotten(t)
		})
		t.Run("another's "+file, func(t *testing.T) {
			copyFolder(t, whole, c.configs[0].DataDir)
			if err := os.RemoveAll(at); err != nil {
				t.Fatal(err)
			}
			other := filepath.Join(c.configs[1].DataDir, file)
			if info, err := os.Stat(other); err != nil {
				t.Fatal(err)
			} else if info.IsDir() {
				copyFolder(t, other, at)
			} else if b, err := os.ReadFile(other); err != nil || os.WriteFile(at, b, 0o600) != nil {
				t.Fatal("not copied")
			}
			c.forgotten(t)
		})
	}
	copyFolder(t, whole, c.configs[0].DataDir)
	if err := os.RemoveAll(filepath.Join(c.configs[0].DataDir, "views")); err != nil {
		t.Fatal(err)
	}
	c.start(0)
}

// forgotten wants the first node to refuse to start, twice: nothing that the
// first refusal leaves behind heals it.
func (c *trio) forgotten(t *testing.T) {
	t.Helper()
	for range 2 {
		n, err := node.Open(t.Context(), c.configs[0])
		if err == nil {
			_ = n.Close(t.Context())
			t.Fatal("it started")
		}
		if !errors.Is(err, node.ErrForgotten) && !strings.Contains(err.Error(), "belongs to node n2") {
			t.Fatalf("got %v", err)
		}
		if errors.Is(err, node.ErrForgotten) && !strings.Contains(err.Error(), "rialto node remove n1") {
			t.Errorf("it does not say what to do: %v", err)
		}
	}
}

// TestForgetfulVoterComesBack shows the one way back: joining alone is
// refused, whatever the address; removed first, the same node id is admitted
// by its new incarnation, and the folder that was lost is not.
func TestForgetfulVoterComesBack(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "lena"})
	last := c.fund(0, "lena", "3")
	c.stop(1)
	lost := filepath.Join(t.TempDir(), "lost")
	copyFolder(t, c.configs[1].DataDir, lost)
	c.wipe(1)
	c.configs[1].Join = []string{c.configs[0].GossipAddress}
	joined := make(chan error, 1)
	go func() { joined <- c.open(1, node.WithReminders(time.Second)) }()
	c.until("it says what it waits for", func() bool { return strings.Contains(c.logged.String(), "this node waits to be admitted") })
	c.until("joining alone is refused", func() bool { return strings.Contains(c.logged.String(), "has forgotten what that one promised") })
	c.until("it is removed", func() bool { return c.nodes[0].Operations().RemoveNode(t.Context(), "n2") == nil })
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	if got := c.total(1, "lena", last.Sequence); got != 3_000_000 {
		t.Errorf("got %d, want 3", got)
	}
	c.until("it votes again", func() bool { return c.role(0, "n2") == "follower" })
	c.stop(1)
	copyFolder(t, lost, c.configs[1].DataDir)
	c.start(1)
	c.until("the folder that was lost learns that it was removed", func() bool {
		_, state := c.look(1, "n2")
		return state == "removed"
	})
	if err := c.nodes[1].Operations().Ready(); !errors.Is(err, node.ErrRemoved) {
		t.Errorf("readiness of a removed node: %v, want %v", err, node.ErrRemoved)
	}
	c.until("its only finding is that", func() bool {
		f := c.nodes[1].Operations().Twin().Findings
		return len(f) == 1 && f[0].Node == "n2" && f[0].Text == "this node was removed from the cluster"
	})
}

// TestJoinChangesNoAddress shows that a member is not moved by asking to join
// from elsewhere, and that a newcomer can't take a member's address.
func TestJoinChangesNoAddress(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.stop(2)
	cfg := testConfig(t, "n3") // the name of a member, an address of its own
	cfg.Join = []string{c.configs[0].GossipAddress}
	c.configs, c.nodes = append(c.configs, cfg), append(c.nodes, nil)
	joined := make(chan error, 1)
	go func() { joined <- c.open(3) }()
	c.until("it is refused", func() bool { return strings.Contains(c.logged.String(), "join refused") })
	for _, m := range c.nodes[0].Operations().Twin().Nodes {
		if m.ID == "n3" && m.PeerAddress != c.configs[2].PeerAddress {
			t.Errorf("n3 was moved from %s to %s", c.configs[2].PeerAddress, m.PeerAddress)
		}
	}
	c.start(2)
	c.until("the true one is back", func() bool { return c.nodes[2].Operations().Ready() == nil })
	c.until("it is removed", func() bool { return c.nodes[0].Operations().RemoveNode(t.Context(), "n3") == nil })
	<-joined
}

// look returns what a node shows of another.
func (c *trio) look(at int, id string) (role, state string) {
	for _, n := range c.nodes[at].Operations().Twin().Nodes {
		if n.ID == id {
			return n.Role, n.State
		}
	}
	return "unknown", "unknown"
}

func (c *trio) role(at int, id string) string {
	role, _ := c.look(at, id)
	return role
}

// TestImageIsRefused shows that a folder which was put back to how it was,
// files and incarnation and all, is refused by a member that remembers more of
// it, also when that member was started again meanwhile; and that the folder
// itself comes back without a word.
func TestImageIsRefused(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "mia"})
	c.stop(1)
	image, folder := filepath.Join(t.TempDir(), "image"), filepath.Join(t.TempDir(), "folder")
	copyFolder(t, c.configs[1].DataDir, image)
	c.start(1)
	for range 5 {
		c.total(1, "mia", c.fund(0, "mia", "1").Sequence)
	}
	c.until("all remember it", func() bool {
		for i := range c.configs {
			b, _ := os.ReadFile(filepath.Join(c.configs[i].DataDir, "memory"))
			if i != 1 && !strings.Contains(string(b), `"id":"n2"`) {
				return false
			}
		}
		return true
	})
	last := c.fund(0, "mia", "1")
	c.total(1, "mia", last.Sequence)
	c.stop(1)
	copyFolder(t, c.configs[1].DataDir, folder)
	c.stop(2)
	c.start(2) // its memory is on its disk
	copyFolder(t, image, c.configs[1].DataDir)
	c.start(1)
	select {
	case err := <-c.nodes[1].Fatal():
		if !errors.Is(err, node.ErrForgotten) || !strings.Contains(err.Error(), "the one that has gone back") {
			t.Errorf("got %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the image takes part")
	}
	c.mute(1)
	c.stop(1)
	copyFolder(t, folder, c.configs[1].DataDir)
	c.start(1)
	if got := c.total(1, "mia", last.Sequence); got != 6_000_000 {
		t.Errorf("got %d, want 6", got)
	}
}

// TestAdoptedOnce shows that a folder of the first builds gets an incarnation
// once, and its history out of its log, and that one which holds nothing is
// not adopted.
func TestAdoptedOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	golden := unpackFolder(t, "level1", dir)
	identity := func(cfg node.Config) string {
		b, err := os.ReadFile(filepath.Join(cfg.DataDir, "identity"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	n, cfg := openFolder(t, filepath.Join(dir, "data"))
	c := &trio{t: t}
	c.until("its history is on its disk", func() bool { return strings.Contains(identity(cfg), golden.History) })
	first := identity(cfg)
	if !strings.Contains(first, `"adopted": true`) || !strings.Contains(first, `"state": "member"`) {
		t.Errorf("adopted as\n%s", first)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	line := func(text, field string) string {
		_, rest, _ := strings.Cut(text, `"`+field+`": `)
		value, _, _ := strings.Cut(rest, "\n")
		return value
	}
	_, cfg = openFolder(t, filepath.Join(dir, "data"))
	for _, field := range []string{"incarnation", "history"} {
		if got, want := line(identity(cfg), field), line(first, field); got != want {
			t.Errorf("%s %s became %s", field, want, got)
		}
	}
	empty := testConfig(t, "n1")
	if err := os.MkdirAll(filepath.Join(empty.DataDir, "raft"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Open(t.Context(), empty); !errors.Is(err, node.ErrNotMember) {
		t.Errorf("an empty folder: %v", err)
	}
}

// TestCopyIsRefused shows that of two processes on copies of one folder only
// the one takes part that the others saw first.
func TestCopyIsRefused(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.stop(1)
	cfg := testConfig(t, "n2")
	cfg.InitialCluster = c.configs[1].InitialCluster
	copyFolder(t, c.configs[1].DataDir, cfg.DataDir)
	c.start(1)
	c.until("the folder's own node is back", func() bool { return c.nodes[1].Operations().Ready() == nil })
	c.configs, c.nodes = append(c.configs, cfg), append(c.nodes, nil)
	c.start(3)
	select {
	case err := <-c.nodes[3].Fatal():
		if !errors.Is(err, node.ErrForgotten) || !strings.Contains(err.Error(), "on a copy of its folder") {
			t.Errorf("got %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the copy takes part")
	}
	if err := c.nodes[1].Operations().Ready(); err != nil {
		t.Errorf("the folder's own node: %v", err)
	}
}

// TestLogInOneFile shows that the log store of one file names its incarnation
// as well: it starts again, and not without that file.
func TestLogInOneFile(t *testing.T) {
	cfg := testConfig(t, "n1")
	cfg.Consensus.LogStore = "bolt"
	cfg.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: cfg.PeerAddress}}
	c := &trio{t: t, configs: []node.Config{cfg}, nodes: make([]*node.Node, 1), logged: newLogBuffer(t)}
	c.found()
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.stop(0)
	c.start(0)
	c.stop(0)
	if err := os.Remove(filepath.Join(cfg.DataDir, "raft", "log.bolt")); err != nil {
		t.Fatal(err)
	}
	c.forgotten(t)
}
