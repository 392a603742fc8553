package node_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// poisoned is a venue whose first two nodes hold an entry that no machine can
// execute, all stopped; the third was down when it was committed.
func poisoned(t *testing.T) (*trio, *gateways.TwinWait) {
	t.Helper()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	c.fund(0, "alice", "100")
	c.catchUp(0, 1)
	c.stop(2)
	c.poison(2)
	c.start(0)
	c.start(1)
	var wait *gateways.TwinWait
	c.until("they wait before the entry", func() bool {
		for i := range 2 {
			if c.nodes[i].Failed() { // it had not come to the entry before
				c.stop(i)
				c.start(i)
			}
		}
		wait = c.waits(0)
		return wait != nil && c.waits(1) != nil
	})
	c.stop(0)
	c.stop(1)
	return c, wait
}

func (c *trio) void(i int, wait *gateways.TwinWait, risked ...string) {
	c.t.Helper()
	if err := node.VoidEntry(c.configs[i], fmt.Sprintf("%d:%s", wait.Index, wait.SHA256), slog.New(slog.DiscardHandler), risked...); err != nil {
		c.t.Fatal(err)
	}
}

// holds reports whether the log of a stopped node has the entry of an index.
func (c *trio) holds(i int, index uint64) bool {
	c.t.Helper()
	dir := c.configs[i].DataDir
	past, err := consensus.OpenPast(world.System().Files, dir+"/raft", dir+"/archive", slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	defer past.Close()
	return past.Last() >= cluster.Index(index)
}

// TestUnpassedVoidIsNotShipped shows that a leader which was told of a void, and
// waits until enough of the others know of it, sends them neither the entry nor
// what is to stand in its place: else who was told nothing would apply what was
// never agreed, and be taken for one that agreed. Told as well, they go on.
func TestUnpassedVoidIsNotShipped(t *testing.T) {
	t.Parallel()
	c, wait := poisoned(t)
	c.void(0, wait)
	c.start(0)
	c.start(2)
	c.until("the first one leads, and waits for the word of the others", func() bool {
		w := c.waits(0)
		return c.nodes[0].Operations().Twin().Leader == "n1" && w != nil && slices.Equal(w.Untold, []string{"n3"}) && slices.Equal(w.Unasked, []string{"n2"})
	})
	c.until("it has come to where it would be sent", func() bool { return strings.Contains(c.logged.String(), "a voided entry is kept back") })
	if c.nodes[0].Operations().Ready() == nil || c.waits(0) == nil {
		t.Error("it waits no more")
	}
	c.stop(0)
	c.stop(2)
	if c.holds(2, wait.Index) {
		t.Errorf("the third node, which was told nothing, was sent entry %d", wait.Index)
	}
	for _, i := range []int{1, 2} {
		c.void(i, wait)
	}
	for i := range c.nodes {
		c.start(i)
	}
	c.goesOn()
}

// TestVoidOfWhatOneAloneHolds shows that a void counts also where its entry is on
// one of the nodes that are left only, which sends it to nobody until then and
// so can't know that it was committed.
func TestVoidOfWhatOneAloneHolds(t *testing.T) {
	t.Parallel()
	c, wait := poisoned(t)
	c.void(0, wait, "n2")
	c.void(2, wait, "n2")
	c.start(0)
	c.start(2)
	c.until("they go on without the one that is lost", func() bool {
		return c.nodes[0].Operations().Ready() == nil && c.nodes[2].Operations().Ready() == nil
	})
	c.void(1, wait)
	c.start(1)
	c.goesOn()
	// A build that did not write down that a void counts has left its event.
	c.stop(0)
	c.forgetPassed(0)
	c.start(0)
	c.goesOn()
}

// goesOn wants all nodes to have the void and to take commands.
func (c *trio) goesOn() {
	c.t.Helper()
	c.until("all go on", func() bool {
		return !slices.ContainsFunc(c.nodes, func(n *node.Node) bool { return n.Operations().Ready() != nil })
	})
	out := c.fund(0, "alice", "1")
	first := c.total(0, "alice", out.Sequence)
	for i := range c.nodes {
		if got := c.total(i, "alice", out.Sequence); got != first {
			c.t.Errorf("node %d: alice has %d, not %d", i+1, got, first)
		}
	}
}

// forgetPassed leaves a stopped node's list of voids as an earlier build does.
func (c *trio) forgetPassed(i int) {
	c.t.Helper()
	files, dir := world.System().Files, c.configs[i].DataDir+"/raft"
	voids, err := logstore.ReadVoids(files, dir)
	if err != nil || len(voids) != 1 || !voids[0].Passed {
		c.t.Fatalf("voids %+v: %v", voids, err)
	}
	if err := files.Remove(dir + "/voids"); err != nil {
		c.t.Fatal(err)
	}
	voids[0].Passed = false
	if err := logstore.AddVoid(files, dir, voids[0]); err != nil {
		c.t.Fatal(err)
	}
}
