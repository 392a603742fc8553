package node_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// smallViews is a disk whose folder of read models is a file system of its own.
type smallViews struct {
	world.Files
	left atomic.Uint64
}

func (d *smallViews) Native() bool { return world.Native(d.Files) }

func (d *smallViews) Room(dir string) (world.Room, error) {
	r, err := d.Files.Room(dir)
	if strings.HasSuffix(dir, "/views") {
		r.BytesLeft, r.Bytes = d.left.Load(), 1<<30
	}
	return r, err
}

// TestViewsWithoutRoom shows read models on a file system of their own that fills:
// they stop, readable, with a finding that says where room is wanted; the node
// takes commands all the while, and they go on by themselves when there is room. A
// node that is started where not even their stores could be opened says so, in
// one sentence, and does not end in the middle of Badger.
func TestViewsWithoutRoom(t *testing.T) {
	t.Parallel()
	disk := &smallViews{Files: world.System().Files}
	disk.left.Store(1 << 30)
	cfg, inWorld := unbound(t, "n1"), node.WithWorld(world.World{Files: disk})
	n := openNode(t, cfg, inWorld, node.WithFounding())
	ready(t, n)
	admin(t, n, "usd", &command.DefineAsset{Asset: "USD", Scale: 6})
	findings(t, n, "view_not_live", "catalogue", false)

	disk.left.Store(90 << 20)
	admin(t, n, "eur", &command.DefineAsset{Asset: "EUR", Scale: 6})
	findings(t, n, "view_not_live", "catalogue", true)
	for _, f := range n.Operations().Twin().Findings {
		if f.About == "catalogue" && (!strings.Contains(f.Text, "paused") || !strings.Contains(f.Text, cfg.DataDir+"/views has 94371840 bytes left")) {
			t.Errorf("the finding says: %s", f.Text)
		}
	}
	last := admin(t, n, "gbp", &command.DefineAsset{Asset: "GBP", Scale: 6})
	select {
	case err := <-n.Fatal():
		t.Fatalf("the node ends: %v", err)
	default:
	}

	disk.left.Store(1 << 30)
	findings(t, n, "view_not_live", "catalogue", false)
	if _, err := n.Reads().Wait(t.Context(), last); err != nil {
		t.Errorf("they do not go on: %v", err)
	}
	closeNode(t, n)

	disk.left.Store(10 << 20)
	n, err := node.Open(context.Background(), cfg, inWorld)
	if err == nil {
		closeNode(t, n)
		t.Fatal("it starts without room for its read models")
	}
	if says := fmt.Sprint(err); cluster.KindOf(err) != cluster.KindSickMachine || !strings.Contains(says, "/views has 10485760 bytes left") || !strings.Contains(says, "make room") {
		t.Errorf("it says: %s: %s", cluster.KindOf(err), says)
	}
}
