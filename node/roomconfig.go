package node

import (
	"errors"

	"github.com/rialto-exchange/rialto/node/internal/room"
)

// RoomConfig says at how much room a node and the venue do less: what is left
// when each mark begins. 0 is a default by what there is: of the data folder's
// file system a tenth (512 MiB to 8 GiB), a twentieth (320 MiB to 4 GiB) and a
// fortieth (192 MiB to 1 GiB); of its inodes the same parts (128 to 100,000, 64
// to 50,000, 32 to 25,000); of the descriptors that connections leave to
// the data a quarter, an eighth and a sixteenth.
type RoomConfig struct {
	// LowBytes, LowInodes and LowDescriptors: a finding, and slower intake.
	LowBytes       uint64 `yaml:"low_bytes" koanf:"low_bytes"`
	LowInodes      uint64 `yaml:"low_inodes" koanf:"low_inodes"`
	LowDescriptors uint64 `yaml:"low_descriptors" koanf:"low_descriptors"`
	// CancelsBytes, CancelsInodes and CancelsDescriptors: no new orders. The
	// node's own views, snapshots and archive wait.
	CancelsBytes       uint64 `yaml:"cancels_bytes" koanf:"cancels_bytes"`
	CancelsInodes      uint64 `yaml:"cancels_inodes" koanf:"cancels_inodes"`
	CancelsDescriptors uint64 `yaml:"cancels_descriptors" koanf:"cancels_descriptors"`
	// ReadOnlyBytes, ReadOnlyInodes and ReadOnlyDescriptors: nothing is taken.
	// At half of ReadOnlyBytes or ReadOnlyInodes the node takes no entries of
	// the log any more, nor starts.
	ReadOnlyBytes       uint64 `yaml:"read_only_bytes" koanf:"read_only_bytes"`
	ReadOnlyInodes      uint64 `yaml:"read_only_inodes" koanf:"read_only_inodes"`
	ReadOnlyDescriptors uint64 `yaml:"read_only_descriptors" koanf:"read_only_descriptors"`
	// SlowOrdersPerSecond is how many new orders this node's doors take while
	// intake is slow; the others wait as long as for a leader, then 429.
	SlowOrdersPerSecond uint64 `yaml:"slow_orders_per_second" koanf:"slow_orders_per_second"`
}

// leastReadOnlyBytes: half of it holds a segment of the log, which takes 64
// MiB at once.
const leastReadOnlyBytes = 128 << 20

// leastReadOnlyInodes: half of them are what a start and the next segments of
// log and journal need.
const leastReadOnlyInodes = 16

func (c *RoomConfig) validate() error {
	var errs []error
	if c.ReadOnlyBytes != 0 && c.ReadOnlyBytes < leastReadOnlyBytes {
		errs = append(errs, setting("room.read_only_bytes", "%d is below %d: half of it must hold a segment of the log", c.ReadOnlyBytes, leastReadOnlyBytes))
	}
	if c.ReadOnlyInodes != 0 && c.ReadOnlyInodes < leastReadOnlyInodes {
		errs = append(errs, setting("room.read_only_inodes", "%d is below %d: half of them must do for the next segments", c.ReadOnlyInodes, leastReadOnlyInodes))
	}
	for _, m := range []struct {
		unit                   string
		low, cancels, readOnly uint64
	}{
		{"bytes", c.LowBytes, c.CancelsBytes, c.ReadOnlyBytes},
		{"inodes", c.LowInodes, c.CancelsInodes, c.ReadOnlyInodes},
		{"descriptors", c.LowDescriptors, c.CancelsDescriptors, c.ReadOnlyDescriptors},
	} {
		if set := m.low != 0 || m.cancels != 0 || m.readOnly != 0; set && (m.readOnly == 0 || m.cancels < m.readOnly || m.low < m.cancels) {
			errs = append(errs, setting("room.low_"+m.unit, "set all three or none, with low (%d) >= cancels (%d) >= read_only (%d)", m.low, m.cancels, m.readOnly))
		}
	}
	if c.SlowOrdersPerSecond < 1 {
		errs = append(errs, setting("room.slow_orders_per_second", "is below 1"))
	}
	return errors.Join(errs...)
}

func (c *RoomConfig) spaceMarks(size uint64) room.Marks {
	if c.ReadOnlyBytes == 0 {
		return room.ForSpace(size)
	}
	return room.Marks{Low: c.LowBytes, Cancels: c.CancelsBytes, ReadOnly: c.ReadOnlyBytes}
}

func (c *RoomConfig) inodeMarks(count uint64) room.Marks {
	if c.ReadOnlyInodes == 0 || count == 0 {
		return room.ForInodes(count)
	}
	return room.Marks{Low: c.LowInodes, Cancels: c.CancelsInodes, ReadOnly: c.ReadOnlyInodes}
}

func (c *RoomConfig) descriptorMarks(limit uint64) room.Marks {
	if c.ReadOnlyDescriptors == 0 {
		return room.ForDescriptors(max(dataDescriptors, limit/4))
	}
	return room.Marks{Low: c.LowDescriptors, Cancels: c.CancelsDescriptors, ReadOnly: c.ReadOnlyDescriptors}
}
