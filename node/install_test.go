package node_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// TestSnapshotInstalled shows that a node which was away until the others had
// compacted their logs gets a snapshot, fetches the events that it left out
// from a peer, and then tells the whole past as they do; and that what the
// logs dropped is in the archive.
func TestSnapshotInstalled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("thousands of entries: skipped with -short")
	}
	installed(t, nil)
}

// TestViewsTakenOver shows the same of a node that lacks so much that it takes
// its read models over from another one: each of them, and it says so.
func TestViewsTakenOver(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("thousands of entries: skipped with -short")
	}
	c := installed(t, func(int) []node.Option { return []node.Option{node.WithFarBehind(1000)} })
	log := c.logged.String()
	for _, view := range []string{"catalogue", "balances", "orders", "trades", "books", "event_index", "command_index", "sessions"} {
		if !strings.Contains(log, "read_model="+view+" from=") {
			t.Errorf("read model %s was not taken over", view)
		}
	}
}

// installed has a node be away until it needs a snapshot, and come back.
func installed(t *testing.T, options func(int) []node.Option) *trio {
	t.Helper()
	// The archive takes blocks of 4,096 indexes, and the log keeps what it has
	// not taken: only more entries than that make the others compact.
	const entries = 4200
	c := newTrioOf(t, func(cfg *node.Config) { cfg.Consensus.TrailingEntries = 4 }, options)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "erin"})
	c.fund(0, "erin", "1")
	away := (c.agreedLeader() + 1) % 3
	c.stop(away)
	stays := c.agreedLeader()
	var middle, last market.Sequence
	for i := range entries {
		last = c.fund(stays, "erin", "1").Sequence
		if i == 49 {
			middle = last
		}
	}
	for i := range c.nodes {
		if c.nodes[i] != nil {
			if err := c.nodes[i].Operations().Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	archived, err := filepath.Glob(filepath.Join(c.configs[stays].DataDir, "archive", "*"))
	if err != nil || len(archived) == 0 {
		t.Errorf("nothing was archived: %v", err)
	}
	c.start(away)
	c.until("it is ready again", func() bool { return c.nodes[away].Operations().Ready() == nil })
	if got := c.total(away, "erin", last); got != (entries+1)*1_000_000 {
		t.Errorf("now: got %d, want %d", got, entries+1)
	}
	if got := c.total(away, "erin", middle); got != 51_000_000 {
		t.Errorf("as of %d: got %d, want 51", middle, got)
	}
	// The node may be ready a moment before it says that.
	c.until("a snapshot was installed and events were fetched, else the test shows nothing", func() bool {
		log := c.logged.String()
		return strings.Contains(log, "a snapshot of the leader's is installed") && strings.Contains(log, "journal filled")
	})
	sequence := market.Sequence(0)
	for sequence < last {
		list, err := c.nodes[away].Reads().Events(t.Context(), event.Pin{Sequence: last}, gateways.EventFilter{}, event.Page{After: sequence, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list.Items {
			if e.Sequence != sequence+1 {
				t.Fatalf("after event %d comes %d", sequence, e.Sequence)
			}
			sequence = e.Sequence
		}
	}
	return c
}
