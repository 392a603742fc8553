package node_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// TestSickDiskAtBirthAndStart shows a disk that fails a node while its folder is
// made, or when a start is written down: the node does not open and says what
// failed, and it is the same node, with all that was acknowledged, when the disk
// is well.
func TestSickDiskAtBirthAndStart(t *testing.T) {
	t.Parallel()
	disk := &worldtest.SickDisk{Files: world.System().Files}
	cfg, inWorld := unbound(t, "n1"), node.WithWorld(world.World{Files: disk})
	fails := func(where string, f worldtest.Fault, options ...node.Option) {
		t.Helper()
		disk.Sicken(where, f)
		defer disk.Heal()
		n, err := node.Open(context.Background(), cfg, append(options, inWorld)...)
		if err == nil {
			closeNode(t, n)
			t.Fatalf("%s, %s: it opens", where, f.Name)
		}
		if cluster.KindOf(err) != cluster.KindSickMachine || !errors.Is(err, f.Cause) || !strings.Contains(err.Error(), where) {
			t.Errorf("%s, %s: it says: %s: %v", where, f.Name, cluster.KindOf(err), err)
		}
	}
	faults := worldtest.Faults()
	for i, where := range []string{"/identity", "journal/incarnation", "archive/incarnation", "raft/snapshots/incarnation"} {
		fails(where, faults[i], node.WithFounding()) // each fault of each: cluster/identity
	}
	n := openNode(t, cfg, inWorld, node.WithFounding())
	ready(t, n)
	last := admin(t, n, "usd", &command.DefineAsset{Asset: "USD", Scale: 6})
	closeNode(t, n)
	born, _, err := identity.Read(disk, cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		fails("/identity", f)
	}
	n = openNode(t, cfg, inWorld)
	defer closeNode(t, n)
	ready(t, n)
	if now, _, err := identity.Read(disk, cfg.DataDir); err != nil || now.Incarnation != born.Incarnation || n.Reads().Now().Sequence < last {
		t.Errorf("it is another one: %+v, %v; at %d of %d", now, err, n.Reads().Now().Sequence, last)
	}
}
