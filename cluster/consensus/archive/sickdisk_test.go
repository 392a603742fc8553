package archive_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// A disk that fails an archive leaves no file of it that counts: what was not
// archived is archived when it is tried again, and what was is there throughout.
func TestSickDisk(t *testing.T) {
	for _, f := range worldtest.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			dir := t.TempDir()
			block := archive.Range{First: 1, Last: archive.BlockIndexes}
			write(t, dir, block)
			disk := &worldtest.SickDisk{Files: world.System().Files}
			w, err := archive.NewWriter(disk, dir)
			if err != nil {
				t.Fatal(err)
			}
			next := archive.Range{First: block.Last + 1, Last: block.Last + archive.BlockIndexes}
			disk.Sicken(filepath.Base(dir)+"/", f)
			if err := w.Write(next, commands); !errors.Is(err, f.Cause) {
				t.Errorf("it says %v, want %v", err, f.Cause)
			}
			if got, err := read(t, dir, 1); err != nil || !slices.Equal(got, want(1, block.Last)) {
				t.Errorf("%d entries are there, %v", len(got), err)
			}
			disk.Heal()
			if err := w.Write(next, commands); err != nil {
				t.Errorf("when it is well: %v", err)
			}
			if got, err := read(t, dir, 1); err != nil || !slices.Equal(got, want(1, next.Last)) {
				t.Errorf("%d entries are there after it, %v", len(got), err)
			}
		})
	}
}
