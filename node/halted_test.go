package node_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// poison has a leader commit an entry that no machine can execute, and waits
// until so many nodes must not go on because of it.
func (c *trio) poison(enough int) {
	c.t.Helper()
	leader := c.agreedLeader()
	c.nodes[leader].ProposeRaw([]byte("no machine can execute this"))
	c.until("they must not go on", func() bool {
		failed := 0
		for _, n := range c.nodes {
			if n != nil && n.Failed() {
				failed++
			}
		}
		return failed >= enough
	})
	for i := range c.nodes {
		c.stop(i)
	}
}

func (c *trio) waits(i int) *gateways.TwinWait {
	for _, n := range c.nodes[i].Operations().Twin().Nodes {
		if n.ID == c.configs[i].NodeID {
			return n.Waits
		}
	}
	return nil
}

// TestPanicInApply shows that an entry which makes the machine panic ends each
// node once, and not again: started anew they agree on a leader, serve what was
// before the entry, take nothing, and say what to do. Voided on all of them it
// leaves an event, the same state on each, and a venue that goes on.
func TestPanicInApply(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	out := c.fund(0, "alice", "100")
	c.catchUp(0, 1)
	c.catchUp(0, 2)
	c.poison(2)
	for i := range c.nodes {
		c.start(i)
	}
	c.until("two of them wait before the entry", func() bool {
		waiting := 0
		for i := range c.nodes {
			if c.nodes[i].Failed() { // the third one, which had not come to the entry before
				c.stop(i)
				c.start(i)
			}
			if c.waits(i) != nil {
				waiting++
			}
		}
		return waiting >= 2
	})
	at := -1
	for i := range c.nodes {
		if c.waits(i) != nil {
			at = i
		}
	}
	wait := c.waits(at)
	if wait.Voided || !strings.Contains(wait.Panic, "undecodable entry") {
		t.Errorf("it waits because of %+v", wait)
	}
	c.until("it serves what was before", func() bool { return c.nodes[at].Operations().ReadyForReads() == nil })
	if got := c.total(at, "alice", out.Sequence); got != 100_000_000 {
		t.Errorf("alice has %d", got)
	}
	if err := c.nodes[at].Operations().Ready(); err == nil || !strings.Contains(err.Error(), "recover --void") {
		t.Errorf("ready: %v", err)
	}
	c.until("it takes nothing", func() bool {
		_, err := c.send(at, "refused", &command.CancelAll{Account: "alice"})
		return errors.Is(err, gateways.ErrDegraded)
	})
	void := fmt.Sprintf("%d:%s", wait.Index, wait.SHA256)
	log := slog.New(slog.DiscardHandler)
	for i := range c.nodes {
		c.stop(i)
		// The entry that opens the new leader's term waits behind it.
		if s := survey(t, c.configs[i]); s.Applied.Index >= wait.Index {
			t.Fatalf("node %d has executed entry %d behind entry %d", i, s.Applied.Index, wait.Index)
		}
	}
	if err := node.VoidEntry(c.configs[0], fmt.Sprintf("%d:%s", wait.Index-1, wait.SHA256), log); err == nil {
		t.Error("an entry that was executed was voided")
	}
	if err := node.VoidEntry(c.configs[0], fmt.Sprintf("%d:%064x", wait.Index, 1), log); err == nil {
		t.Error("another entry than the one that is there was voided")
	}
	for i := range 2 { // of three: the third one is told later
		for range 2 {
			if err := node.VoidEntry(c.configs[i], void, log); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.start(0)
	c.until("one alone waits for the others", func() bool { w := c.waits(0); return w != nil || c.nodes[0].Operations().Twin().Leader == "" })
	c.start(1)
	c.until("they wait for the word of the third", func() bool {
		w := c.waits(0)
		return w != nil && slices.Equal(w.Unasked, []string{c.configs[2].NodeID}) && len(w.Untold) == 0
	})
	if err := c.nodes[0].Operations().Ready(); err == nil || !strings.Contains(err.Error(), "--risk-acknowledged-by "+c.configs[2].NodeID) {
		t.Errorf("ready: %v", err)
	}
	for i := range 2 {
		c.stop(i)
		if err := node.VoidEntry(c.configs[i], void, log, c.configs[i].NodeID); err == nil {
			t.Error("a node was told not to wait for its own word")
		}
		if err := node.VoidEntry(c.configs[i], void, log, c.configs[2].NodeID); err != nil {
			t.Fatal(err)
		}
	}
	c.start(0)
	c.start(1)
	c.until("two of three go on", func() bool {
		return c.nodes[0].Operations().Ready() == nil && c.nodes[1].Operations().Ready() == nil
	})
	next := c.fund(0, "alice", "1")
	if got := c.total(1, "alice", next.Sequence); got != 101_000_000 {
		t.Errorf("alice has %d", got)
	}
	if known, sum := c.nodes[1].BecameOf(wait.Index); !known || sum != wait.SHA256 {
		t.Errorf("of the entry it says that it knows %t and voided %q", known, sum)
	}
	if known, sum := c.nodes[1].BecameOf(wait.Index + 1<<20); known || sum != "" {
		t.Errorf("of an entry to come it says that it knows %t and voided %q", known, sum)
	}
	voided := false
	reads := c.nodes[1].Reads()
	list, err := reads.Events(t.Context(), reads.Now(), gateways.EventFilter{Type: event.TypeEntryVoided}, event.Page{Limit: 10})
	for _, e := range list.Items {
		r, ok := e.Record.(*event.EntryVoided)
		voided = ok && r.Index == wait.Index
	}
	if err != nil || !voided {
		t.Errorf("no event says that entry %d was voided: %v", wait.Index, err)
	}
	if err := node.VoidEntry(c.configs[2], void, log); err != nil {
		t.Fatal(err)
	}
	c.start(2)
	c.until("the third one is level", func() bool { return c.nodes[2].Operations().Ready() == nil })
	if got := c.total(2, "alice", next.Sequence); got != 101_000_000 {
		t.Errorf("there alice has %d", got)
	}
	c.stop(1)
	c.start(1)
	c.until("one that starts again goes on", func() bool { return c.nodes[1].Operations().Ready() == nil })
	c.stop(1)
	if err := node.VoidEntry(c.configs[1], void, log); !errors.Is(err, node.ErrExecuted) {
		t.Errorf("voided once more where it is done: %v", err)
	}
}
