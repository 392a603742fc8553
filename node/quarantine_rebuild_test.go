package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
)

// TestQuarantinedNodeIsRebuilt shows that a quarantined folder refuses to start
// and to be mended, and that what `rialto repair --newcomer` does brings the node
// back, with all data, by a new incarnation.
func TestQuarantinedNodeIsRebuilt(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	out := c.fund(0, "alice", "100")
	c.stop(2)
	if err := os.WriteFile(filepath.Join(c.configs[2].DataDir, "QUARANTINED"), []byte("the state at index 4096 differs from the majority's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.open(2); !errors.Is(err, node.ErrQuarantined) {
		t.Fatalf("started: %v", err)
	}
	r, err := node.RepairFolder(t.Context(), c.configs[2], nil)
	if err != nil || !errors.Is(r.Lost, node.ErrQuarantined) {
		t.Fatalf("repaired: %+v, %v", r, err)
	}
	if err := c.nodes[0].Operations().RemoveNode(t.Context(), "n3"); err != nil {
		t.Fatal(err)
	}
	if _, err := node.SetFolderAside(c.configs[2]); err != nil {
		t.Fatal(err)
	}
	c.configs[2].Join = []string{c.configs[0].GossipAddress}
	c.start(2)
	c.until("it votes again", func() bool { return c.role(0, "n3") == "follower" })
	if got := c.total(2, "alice", out.Sequence); got != 100_000_000 {
		t.Errorf("alice has %d there", got)
	}
}
