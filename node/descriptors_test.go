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

// TestFIXPlaces shows how many FIX connections there are: what is set, and at
// most a quarter of what the descriptors leave for doors.
func TestFIXPlaces(t *testing.T) {
	for _, c := range []struct {
		name        string
		most        int
		descriptors uint64
		want        int
	}{
		{"as many as are set", 2000, 20_000, 2000},
		{"at what the descriptors allow", 2000, 10_667, 2000},
		{"one past it", 2000, 10_664, 1999},
		{"a shell's limit", 2000, 1024, 128},
		{"hardly any", 2000, 8, 1},
		{"without a limit", 2000, 1<<64 - 1, 2000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fixPlaces(&FIXConfig{MaxConnections: c.most}, c.descriptors); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
