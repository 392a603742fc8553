package store_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// TestSickDiskTakeOver shows a disk that fails a checkpoint which is taken over: it
// is said, nothing of it is kept, and the store takes one, or is folded, when the
// disk is well. What Badger writes goes past the node's files; the marks do not.
func TestSickDiskTakeOver(t *testing.T) { eachDisk(t, testSickDiskTakeOver) }

func testSickDiskTakeOver(t *testing.T, files world.Files) {
	wire := shipped(t, 600)
	for _, f := range worldtest.Faults() {
		disk := &worldtest.SickDisk{Files: files}
		o := store.Options{Files: disk, Dir: t.TempDir()}
		s := open(t, o)
		disk.Sicken(o.Dir, f)
		err := s.Load(bytes.NewReader(wire), func(market.Sequence) error { return nil })
		if disk.Bitten() == 0 {
			t.Fatalf("%s: nothing was written", f.Name)
		}
		disk.Heal()
		if err == nil {
			t.Errorf("%s: it was taken over all the same", f.Name)
		} else if !errors.Is(err, f.Cause) {
			t.Errorf("%s: it says %v", f.Name, err)
		}
		if err := s.Load(bytes.NewReader(wire), agrees); err != nil {
			t.Fatalf("%s: when the disk is well: %v", f.Name, err)
		}
		s.Serve()
		check(t, s, 600)
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", f.Name, err)
		}
		s = open(t, o)
		check(t, s, s.Cursor())
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", f.Name, err)
		}
	}
}
