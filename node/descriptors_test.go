package node

import "testing"

// The door gets what the setting says or what the descriptors leave, whichever
// is less, and the data keep their share.
func TestHTTPPlaces(t *testing.T) {
	for _, c := range []struct {
		name               string
		most, reserve      int
		descriptors        uint64
		ordinary, reserved int
	}{
		{"as many as are set", 10_000, 64, 20_000, 10_000, 64},
		{"at what the descriptors allow", 10_000, 64, 13_419, 10_000, 64},
		{"one past it", 10_000, 64, 13_417, 9_999, 64},
		{"a shell's limit", 10_000, 64, 1024, 448, 64},
		{"few", 10_000, 64, 256, 56, 8},
		{"hardly any", 10_000, 64, 8, 1, 1},
		{"a small setting", 4, 2, 20_000, 4, 2},
		{"without a limit", 10_000, 64, 1<<64 - 1, 10_000, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			ordinary, reserved := httpPlaces(&CommandsConfig{MaxConnections: c.most, ReservedConnections: c.reserve}, c.descriptors)
			if ordinary != c.ordinary || reserved != c.reserved {
				t.Errorf("%d and %d, want %d and %d", ordinary, reserved, c.ordinary, c.reserved)
			}
		})
	}
}
