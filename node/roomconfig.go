package node

import (
	"errors"

	"github.com/rialto-exchange/rialto/node/room"
)

// RoomConfig says at how much room a node and the venue do less: what is left
// when each mark begins. 0 is a default by what there is: of the data folder's
// file system a tenth (512 MiB to 8 GiB), a twentieth (320 MiB to 4 GiB) and a
// fortieth (192 MiB to 1 GiB); of the descriptors that connections leave to
// the data a quarter, an eighth and a sixteenth.
type RoomConfig struct {
	// LowBytes and LowDescriptors: a finding, and slower intake.
	LowBytes       uint64 `yaml:"low_bytes" koanf:"low_bytes"`
	LowDescriptors uint64 `yaml:"low_descriptors" koanf:"low_descriptors"`
	// CancelsBytes and CancelsDescriptors: no new orders. The node's own
	// views, snapshots and archive wait.
	CancelsBytes       uint64 `yaml:"cancels_bytes" koanf:"cancels_bytes"`
	CancelsDescriptors uint64 `yaml:"cancels_descriptors" koanf:"cancels_descriptors"`
	// ReadOnlyBytes and ReadOnlyDescriptors: nothing is taken. At half of
	// ReadOnlyBytes the node takes no entries of the log any more, nor starts.
	ReadOnlyBytes       uint64 `yaml:"read_only_bytes" koanf:"read_only_bytes"`
	ReadOnlyDescriptors uint64 `yaml:"read_only_descriptors" koanf:"read_only_descriptors"`
	// SlowOrdersPerSecond is how many new orders this node's doors take while
	// intake is slow; the others wait as long as for a leader, then 429.
	SlowOrdersPerSecond uint64 `yaml:"slow_orders_per_second" koanf:"slow_orders_per_second"`
}

// leastReadOnlyBytes: half of it holds a segment of the log, which takes 64
// MiB at once.
const leastReadOnlyBytes = 128 << 20

func (c *RoomConfig) validate() error {
	var errs []error
	if c.ReadOnlyBytes != 0 && c.ReadOnlyBytes < leastReadOnlyBytes {
		errs = append(errs, setting("room.read_only_bytes", "%d is below %d: half of it must hold a segment of the log", c.ReadOnlyBytes, leastReadOnlyBytes))
	}
	for _, m := range []struct {
		unit                   string
		low, cancels, readOnly uint64
	}{
		{"bytes", c.LowBytes, c.CancelsBytes, c.ReadOnlyBytes},
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

func (c *RoomConfig) descriptorMarks(limit uint64) room.Marks {
	if c.ReadOnlyDescriptors == 0 {
		return room.ForDescriptors(max(dataDescriptors, limit/4))
	}
	return room.Marks{Low: c.LowDescriptors, Cancels: c.CancelsDescriptors, ReadOnly: c.ReadOnlyDescriptors}
}
