package node_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// TestSnapshotsFail shows that snapshots which fail again and again are a finding
// that says why, and that it goes with the first one that holds.
func TestSnapshotsFail(t *testing.T) {
	t.Parallel()
	disk := &worldtest.SickDisk{Files: world.System().Files}
	n := openNode(t, unbound(t, "n1"), node.WithWorld(world.World{Files: disk}), node.WithFounding())
	defer closeNode(t, n)
	ready(t, n)
	admin(t, n, "usd", &command.DefineAsset{Asset: "USD", Scale: 6})
	disk.Sicken("raft/snapshots/", worldtest.Fault{Cause: syscall.EIO})
	for i := range 3 {
		findings(t, n, "snapshots_fail", "", false)
		if err := n.Operations().Snapshot(t.Context()); err == nil {
			t.Fatalf("snapshot %d was made", i+1)
		}
	}
	findings(t, n, "snapshots_fail", "", true)
	for _, f := range n.Operations().Twin().Findings {
		if f.Code == "snapshots_fail" && (!strings.Contains(f.Text, "3 times in a row") || !strings.Contains(f.Text, "input/output error")) {
			t.Errorf("the finding says: %s", f.Text)
		}
	}
	disk.Heal()
	if err := n.Operations().Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	findings(t, n, "snapshots_fail", "", false)
}
