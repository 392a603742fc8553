package consensus

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// errPower: the machine has no power any more.
var errPower = errors.New("power is cut")

// snapshotOf puts a snapshot of an index into the folder, as the node does.
func snapshotOf(s *snapshotFiles, index uint64) error {
	p := pacedStore{snapshotFiles: s, anchor: &logstore.Anchor{}}
	sink, err := p.Create(1, index, 2, raft.Configuration{}, 1, nil)
	if err != nil {
		return err
	}
	if err := SnapshotStream(sink, index, 2, strings.NewReader(strings.Repeat("state ", 500))); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}

// TestPowerCutAroundSnapshots cuts the power before every write, sync and rename
// of snapshots that are made and of old ones that go, and loses what was not
// synced in many ways: every snapshot that counts afterwards is whole, and none
// is older than one that was complete before.
func TestPowerCutAroundSnapshots(t *testing.T) {
	log := newLibraryLogger(slog.New(slog.DiscardHandler))
	for cut := uint64(1); ; cut++ {
		reached := false
		for seed := range uint64(20) {
			d := disk.New()
			random := rand.New(rand.NewPCG(seed, cut))
			m := d.Mount()
			if err := errors.Join(m.MkdirAll("/raft/snapshots", 0o755), m.SyncDir("/"), m.SyncDir("/raft")); err != nil {
				t.Fatal(err)
			}
			before := d.Calls()
			d.SetFaults(func(c disk.Call) error {
				if c.Number == before+cut {
					reached = true
					d.PowerCut(random)
					return errPower
				}
				return nil
			})
			complete := uint64(0)
			w := world.World{Files: m}.Or(world.System())
			if s, err := openSnapshotFiles(w, "/raft", 2, log); err == nil {
				for index := uint64(10); index <= 40 && snapshotOf(s, index) == nil; index += 10 {
					complete = index
				}
			}
			d.SetFaults(nil)
			if err := wholeSnapshots(d, complete); err != nil {
				t.Fatalf("power was cut at write %d, drawn from %d, after snapshot %d: %v", cut, seed, complete, err)
			}
		}
		if !reached {
			if cut < 40 {
				t.Fatalf("only %d writes were there to cut at", cut)
			}
			return
		}
	}
}

// wholeSnapshots looks at the folder as a start does.
func wholeSnapshots(d *disk.Disk, atLeast uint64) error {
	good, bad, err := sortSnapshots(d.Mount(), "/raft")
	switch {
	case err != nil:
		return err
	case len(bad) > 0:
		return bad[0].err
	}
	newest := uint64(0)
	for _, s := range good {
		newest = max(newest, s.index)
	}
	if newest < atLeast {
		return fmt.Errorf("the newest is %d", newest)
	}
	return nil
}
