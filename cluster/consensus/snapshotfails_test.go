package consensus

import (
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestSnapshotThatFailsLeavesNothing has each write, sync and rename of a
// snapshot fail once, with the disk as good as ever afterwards: the one that was
// there stays, whoever made the new one is told, and nothing of it takes room
// until the next start.
func TestSnapshotThatFailsLeavesNothing(t *testing.T) {
	log := newLibraryLogger(slog.New(slog.DiscardHandler))
	for failing := uint64(1); ; failing++ {
		d := disk.New()
		m := d.Mount()
		if err := m.MkdirAll("/raft/snapshots", 0o755); err != nil {
			t.Fatal(err)
		}
		s, err := openSnapshotFiles(world.World{Files: m}.Or(world.System()), "/raft", 2, log)
		if err == nil {
			err = snapshotOf(s, 10)
		}
		if err != nil {
			t.Fatal(err)
		}
		before, at := d.Calls(), ""
		d.SetFaults(func(c disk.Call) error {
			if c.Number != before+failing {
				return nil
			}
			at = string(c.Op) + " of " + c.Name
			return syscall.EIO
		})
		err = snapshotOf(s, 20)
		d.SetFaults(nil)
		if at == "" {
			if failing < 8 {
				t.Fatalf("only %d calls were there to fail", failing-1)
			}
			return
		}
		entries, listed := m.ReadDir("/raft/snapshots")
		if listed != nil {
			t.Fatal(listed)
		}
		counts := 0
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), unfinished) {
				counts++
			} else {
				t.Errorf("%s failed, and %s is left", at, e.Name())
			}
		}
		if !errors.Is(err, syscall.EIO) || counts == 0 {
			t.Errorf("%s failed: %v, and %d snapshots are there", at, err, counts)
		}
	}
}
