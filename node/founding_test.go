package node_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
)

// wipe empties the folder of a node that is stopped.
func (c *trio) wipe(i int) {
	c.t.Helper()
	if err := os.RemoveAll(c.configs[i].DataDir); err != nil {
		c.t.Fatal(err)
	}
}

// refuses opens a node and wants a refusal that says what to do.
func (c *trio) refuses(i int, want error, text string, options ...node.Option) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	n, err := node.Open(ctx, c.configs[i], options...)
	if err == nil {
		_ = n.Close(ctx)
		c.t.Fatalf("node %d started", i)
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		c.t.Errorf("node %d: got %v, want %v with %q", i, err, want, text)
	}
}

// TestWipedFounderRefused shows that a founder which lost its folder neither
// takes part nor founds again, whatever it is told, and that the node that
// waited for it loses nothing.
func TestWipedFounderRefused(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "kate"})
	last := c.fund(0, "kate", "12")
	for i := range 3 {
		c.total(i, "kate", last.Sequence) // each has applied it
	}
	c.stop(0)
	c.stop(1)
	c.wipe(1)
	c.refuses(1, node.ErrNotMember, "--join")
	c.refuses(1, identity.ErrFounding, "was founded already", node.WithFounding())
	c.refuses(1, node.ErrNotMember, "--found once more") // what it left behind founds nothing either
	c.start(0)
	c.until("the other two trade", func() bool {
		return c.nodes[0].Operations().Ready() == nil && c.nodes[2].Operations().Ready() == nil
	})
	if got := c.total(2, "kate", last.Sequence); got != 12_000_000 {
		t.Errorf("got %d, want 12", got)
	}
}

// TestTwoOfThreeWiped shows that two founders without their folders found no
// second venue over the first: alone they wait for the third, and refuse once
// it is there.
func TestTwoOfThreeWiped(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	for i := range c.nodes {
		c.stop(i)
	}
	c.wipe(0)
	c.wipe(1)
	opened := make(chan error, 2)
	for i := range 2 {
		go func() { opened <- c.open(i, node.WithFounding()) }()
	}
	c.until("both wait for the third", func() bool { return strings.Count(c.logged.String(), "missing=[n3]") >= 2 })
	c.start(2)
	for range 2 {
		if err := <-opened; !errors.Is(err, identity.ErrFounding) || !strings.Contains(err.Error(), "was founded already") {
			t.Errorf("got %v", err)
		}
	}
}

// TestFoundedFolderStartsAgain shows that --found on a folder that belongs to
// a cluster founds nothing, and that the history stays what it was.
func TestFoundedFolderStartsAgain(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	history := c.nodes[0].Operations().Twin().HistoryID
	if history == "0000000000000000" || c.nodes[1].Operations().Twin().HistoryID != history {
		t.Errorf("histories %s and %s", history, c.nodes[1].Operations().Twin().HistoryID)
	}
	c.stop(0)
	if err := c.open(0, node.WithFounding()); err != nil {
		t.Fatal(err)
	}
	c.until("it is ready", func() bool { return c.nodes[0].Operations().Ready() == nil })
	if got := c.nodes[0].Operations().Twin().HistoryID; got != history {
		t.Errorf("history %s became %s", history, got)
	}
}

// TestOtherNodesFolder shows that a folder is taken by the node only that it
// belongs to.
func TestOtherNodesFolder(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.stop(0)
	c.configs[0].NodeID = "n9"
	c.configs[0].InitialCluster = nil
	if err := c.open(0); err == nil || !strings.Contains(err.Error(), "belongs to node n1") {
		t.Errorf("got %v", err)
	}
}
