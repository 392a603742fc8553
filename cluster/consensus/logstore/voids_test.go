package logstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestVoids shows that what was voided is kept, once, at most 64 entries, and
// that a damaged list is damage and not an empty one.
func TestVoids(t *testing.T) {
	dir := t.TempDir()
	add := func(index uint64, sum byte) error {
		return logstore.AddVoid(world.System().Files, dir, logstore.Void{Index: index, SHA256: [32]byte{sum}, Data: []byte("instead")})
	}
	for i := range uint64(64) {
		for range 2 {
			if err := add(i+1, 1); err != nil {
				t.Fatalf("void %d: %v", i+1, err)
			}
		}
	}
	if err := add(65, 1); err == nil {
		t.Error("the 65th was taken")
	}
	if err := add(7, 2); err == nil {
		t.Error("another entry of the same index was taken")
	}
	voids, err := logstore.ReadVoids(world.System().Files, dir)
	if err != nil || len(voids) != 64 || voids[6].Index != 7 || voids[6].SHA256 != [32]byte{1} || string(voids[6].Data) != "instead" {
		t.Fatalf("read %d: %v", len(voids), err)
	}
	for _, id := range []string{"n3", "n2", "n3"} {
		if err := logstore.AddVoid(world.System().Files, dir, logstore.Void{Index: 7, SHA256: [32]byte{1}, Risked: []string{id}}); err != nil {
			t.Fatal(err)
		}
	}
	if voids, err = logstore.ReadVoids(world.System().Files, dir); err != nil || len(voids) != 64 || !slices.Equal(voids[6].Risked, []string{"n2", "n3"}) || string(voids[6].Data) != "instead" {
		t.Errorf("at the risk of %v: %v", voids[6].Risked, err)
	}
	path := filepath.Join(dir, "voids")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 20, len(good) / 2, len(good) - 1} {
		bad := append([]byte(nil), good...)
		bad[at] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := logstore.ReadVoids(world.System().Files, dir); !errors.Is(err, logstore.ErrCorrupt) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}
