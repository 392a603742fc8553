package node_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
)

// TestJournalMended shows that a node whose event journal has a bad byte in
// what a snapshot already covers starts, fetches the block from another node,
// and has the bytes that it had; nobody else notices.
func TestJournalMended(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "erin"})
	last := c.fund(0, "erin", "1")
	for range 20 {
		last = c.fund(0, "erin", "1")
	}
	damaged := (c.agreedLeader() + 1) % 3
	c.until("it has all", func() bool {
		return c.nodes[damaged].Operations().Ready() == nil && c.total(damaged, "erin", last.Sequence) > 0
	})
	if err := c.nodes[damaged].Operations().Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.stop(damaged)
	segments, err := filepath.Glob(filepath.Join(c.configs[damaged].DataDir, "journal", "*.journal"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments %v, %v", segments, err)
	}
	good, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	bad[len(bad)/2] ^= 0x10
	if err := os.WriteFile(segments[0], bad, 0o600); err != nil {
		t.Fatal(err)
	}
	c.start(damaged)
	c.until("it is mended", func() bool {
		for _, n := range c.nodes[damaged].Operations().Twin().Nodes {
			if n.ID == c.configs[damaged].NodeID {
				return n.Journal.Mended == 1 && n.Journal.Damaged == 0
			}
		}
		return false
	})
	now, err := os.ReadFile(segments[0])
	if err != nil || !bytes.HasPrefix(now, good) {
		t.Errorf("the journal has other bytes after mending, %v", err)
	}
	c.until("it is ready", func() bool { return c.nodes[damaged].Operations().Ready() == nil })
}
