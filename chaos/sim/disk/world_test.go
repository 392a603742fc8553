package disk_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// TestFiles shows that a mount does what every world's files do.
func TestFiles(t *testing.T) {
	worldtest.Files(t, func(t *testing.T) (world.Files, string) {
		m := disk.New().Mount()
		if err := m.MkdirAll("/n1/data", 0o755); err != nil {
			t.Fatal(err)
		}
		return m, "/n1/data"
	})
}
