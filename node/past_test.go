package node_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// A venue of one node whose event journal has a bad byte in what its snapshot
// covers has nobody to ask: a repair makes the block anew, from the first entry
// or from an older snapshot, with the bytes that it had, and every answer of
// every point is right again. Where the log does not reach, the repair says so
// and changes nothing.
func TestLoneJournalRepaired(t *testing.T) {
	t.Parallel()
	c := newSolo(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "erin"})
	var paid []market.Sequence
	for i := range 60 {
		paid = append(paid, c.fund(0, "erin", "1").Sequence)
		if i == 20 || i == 50 {
			if err := c.nodes[0].Operations().Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.stop(0)
	segments, err := filepath.Glob(filepath.Join(c.configs[0].DataDir, "journal", "*.journal"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments %v, %v", segments, err)
	}
	good, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{200, len(good) / 2, len(good) * 7 / 10} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			bad := bytes.Clone(good)
			bad[at] ^= 0x10
			if err := os.WriteFile(segments[0], bad, 0o600); err != nil {
				t.Fatal(err)
			}
			r := c.repair(0)
			if len(r.Done) != 1 || len(r.Noted) != 0 || !strings.Contains(r.Done[0], "made anew from the log") {
				t.Fatalf("repair: %+v", r)
			}
			if now, err := os.ReadFile(segments[0]); err != nil || !bytes.Equal(now, good) {
				t.Errorf("the journal has other bytes than it had, %v", err)
			}
		})
	}
	c.outOfReach(0, segments[0], good)
	if err := os.RemoveAll(filepath.Join(c.configs[0].DataDir, "views")); err != nil {
		t.Fatal(err)
	}
	c.start(0) // and folds all of it anew
	c.until("it is ready", func() bool { return c.nodes[0].Operations().Ready() == nil })
	for i, at := range paid {
		if got, want := c.total(0, "erin", at), market.Amount(i+1)*1_000_000; got != want {
			t.Errorf("at %d: got %d, want %d", at, got, want)
		}
	}
}

// outOfReach shows that a repair says what archive and log lack to make a block
// anew, and leaves the journal as it is. Here the archive seems to begin late.
func (c *trio) outOfReach(i int, segment string, good []byte) {
	c.t.Helper()
	bad := bytes.Clone(good)
	bad[len(bad)/2] ^= 0x10
	if err := os.WriteFile(segment, bad, 0o600); err != nil {
		c.t.Fatal(err)
	}
	dir := filepath.Join(c.configs[i].DataDir, "archive")
	w, err := archive.NewWriter(world.System().Files, dir)
	if err != nil {
		c.t.Fatal(err)
	}
	late := archive.Range{First: archive.BlockIndexes + 1, Last: 2 * archive.BlockIndexes}
	err = w.Write(late, func(archive.Range) iter.Seq2[cluster.Entry, error] {
		return func(func(cluster.Entry, error) bool) {}
	})
	if err != nil {
		c.t.Fatal(err)
	}
	r := c.repair(i)
	if len(r.Done) != 0 || len(r.Noted) != 1 || !strings.Contains(r.Noted[0], "archive and log do not reach") ||
		!strings.Contains(r.Noted[0], "no file covers 1 to 4096") {
		c.t.Errorf("repair: %+v, want that it says what is missing", r)
	}
	if now, err := os.ReadFile(segment); err != nil || !bytes.Equal(now, bad) {
		c.t.Errorf("the journal was changed, %v", err)
	}
	if err := os.Remove(filepath.Join(dir, late.Name())); err != nil {
		c.t.Fatal(err)
	}
	if r := c.repair(i); len(r.Done) != 1 {
		c.t.Errorf("repair with all files: %+v", r)
	}
}

// repair repairs a stopped node's folder, which must not be lost.
func (c *trio) repair(i int) node.Repair {
	c.t.Helper()
	r, err := node.RepairFolder(c.t.Context(), c.configs[i], slog.New(slog.DiscardHandler))
	if err = errors.Join(err, r.Lost); err != nil {
		c.t.Fatal(err)
	}
	return r
}
