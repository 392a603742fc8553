package node

import "syscall"

// dataDescriptors is what the data of a node needs of the process's file
// descriptors at least: journal, log, read models, peers and forwarding.
const dataDescriptors = 512

// httpPlaces returns how many HTTP connections a process may have: ordinary
// ones, and reserved ones beside them. Each is the smaller of its setting and
// of what the descriptors allow, once a quarter of them, and no fewer than
// dataDescriptors, are kept for the data. Where that would leave less than a
// quarter for the door, the door gets a quarter.
func httpPlaces(c *CommandsConfig, descriptors uint64) (ordinary, reserved int) {
	keep := max(dataDescriptors, descriptors/4)
	most := descriptors / 4
	if descriptors > keep {
		most = max(most, descriptors-keep)
	}
	// A setting is far below the largest int; so is what is compared with it.
	places := int(min(most, 1<<30))
	reserved = min(c.ReservedConnections, max(1, places/8))
	return max(1, min(c.MaxConnections, places-reserved)), reserved
}

// fixPlaces returns how many FIX connections a process may have: the smaller of
// the setting and a quarter of what the descriptors leave for doors. HTTP has the
// rest.
func fixPlaces(c *FIXConfig, descriptors uint64) int {
	keep := max(dataDescriptors, descriptors/4)
	most := descriptors / 4
	if descriptors > keep {
		most = max(most, descriptors-keep)
	}
	return max(1, min(c.MaxConnections, int(min(most/4, 1<<30))))
}

// descriptorLimit returns how many descriptors the process may have open now.
func descriptorLimit() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // what a shell gives as a rule
	}
	return limit.Cur
}
