package fault

import "slices"

// Faults are all there are. To add one is a file and a row.
func Faults() []Fault {
	return slices.Concat(
		kills(),
		pauses(),
		partitions(),
		networks(),
		disks(),
		powers(),
		straced(),
		ownDisks(),
		starved(),
		memberships(),
		lostDisks(),
		rollings(),
		flips(),
		tagged(),
	)
}

// Find returns a fault by its name.
func Find(name string) (Fault, bool) {
	for _, f := range Faults() {
		if f.Name == name {
			return f, true
		}
	}
	return Fault{}, false
}
