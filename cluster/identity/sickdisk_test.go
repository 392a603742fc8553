package identity_test

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// TestSickDisk shows that a disk which fails the identity of a folder, or the mark
// of a room in it, leaves what was there before, whole, and that it is said.
func TestSickDisk(t *testing.T) {
	for _, f := range worldtest.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			disk, dir := &worldtest.SickDisk{Files: world.System().Files}, t.TempDir()
			room := filepath.Join(dir, "journal")
			before := identity.New(rand.Reader, "test", "n1", identity.Member)
			if err := errors.Join(before.Write(disk, dir), identity.Mark(disk, room, before.Incarnation)); err != nil {
				t.Fatal(err)
			}
			after := before.Started(rand.Reader)
			disk.Sicken("/identity", f)
			if err := after.Write(disk, dir); !errors.Is(err, f.Cause) {
				t.Errorf("a start that was not written down: %v", err)
			}
			disk.Sicken("/incarnation", f)
			if err := identity.Mark(disk, room, before.Incarnation); !errors.Is(err, f.Cause) {
				t.Errorf("a mark that was not made: %v", err)
			}
			disk.Heal()
			if got, ok, err := identity.Read(disk, dir); err != nil || !ok || !reflect.DeepEqual(got, before) {
				t.Errorf("the folder is %+v, %t, %v", got, ok, err)
			}
			if err := identity.Check(disk, room, before.Incarnation, false); err != nil {
				t.Errorf("the room is %v", err)
			}
			if err := after.Write(disk, dir); err != nil {
				t.Errorf("when it is well: %v", err)
			}
		})
	}
}
