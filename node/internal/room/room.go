// Package room says how much room a node has left, of space and of inodes for
// its data and of file descriptors, in marks: what a node does less of at each, and what a
// majority of nodes has, are decided by them.
package room

import "slices"

// Mark is how short a node is of room. A higher one is worse.
type Mark uint8

// The marks.
const (
	// Enough: nothing is amiss.
	Enough Mark = iota
	// Low: it is time that somebody looks. Intake is slower.
	Low
	// Cancels: no new orders; cancels and administrators are taken. A node's
	// views, snapshots and archive stop growing.
	Cancels
	// ReadOnly: nothing is taken.
	ReadOnly
	// Full: the node takes no entries of the log any more, so that its disk
	// never is full: it stops acknowledging, and the others go on without it.
	Full
)

// String returns the mark's word.
func (m Mark) String() string {
	words := []string{"enough", "low", "cancels_only", "read_only", "full"}
	if int(m) < len(words) {
		return words[m]
	}
	return "unknown"
}

// Parse returns the mark of a word, and whether it is one.
func Parse(word string) (Mark, bool) {
	for m := Enough; m <= Full; m++ {
		if m.String() == word {
			return m, true
		}
	}
	return Enough, false
}

// Marks are what is left when each mark begins, in bytes, inodes or descriptors:
// Low >= Cancels >= ReadOnly. Full begins at half of ReadOnly.
type Marks struct{ Low, Cancels, ReadOnly uint64 }

// Full is where the mark Full begins.
func (m Marks) Full() uint64 { return m.ReadOnly / 2 }

// Judge returns the mark for what is left. A mark begins below its bound and
// ends a tenth above it, so that it does not flicker.
func (m Marks) Judge(before Mark, left uint64) Mark {
	now := Enough
	for mark, bound := range map[Mark]uint64{Low: m.Low, Cancels: m.Cancels, ReadOnly: m.ReadOnly, Full: m.Full()} {
		if before >= mark {
			bound += bound / 10
		}
		if left < bound {
			now = max(now, mark)
		}
	}
	return now
}

// Spaces of the default marks. A segment of the log takes 64 MiB at once when
// it is begun: half of the smallest ReadOnly, where Full begins, holds one.
const (
	mebibyte = 1 << 20
	gibibyte = 1 << 30

	leastLow, mostLow           = 512 * mebibyte, 8 * gibibyte
	leastCancels, mostCancels   = 320 * mebibyte, 4 * gibibyte
	leastReadOnly, mostReadOnly = 192 * mebibyte, 1 * gibibyte
)

// ForSpace returns the marks for a file system of size bytes: a tenth, a
// twentieth and a fortieth of it, within bounds.
func ForSpace(size uint64) Marks {
	return Marks{
		Low:      min(max(size/10, leastLow), mostLow),
		Cancels:  min(max(size/20, leastCancels), mostCancels),
		ReadOnly: min(max(size/40, leastReadOnly), mostReadOnly),
	}
}

// Inodes of the default marks. A node makes a file for each segment of log and
// journal, for each block of the archive and for what its views write: some
// dozens between one look of its operator and the next.
const (
	leastLowInodes, mostLowInodes           = 128, 100_000
	leastCancelsInodes, mostCancelsInodes   = 64, 50_000
	leastReadOnlyInodes, mostReadOnlyInodes = 32, 25_000
)

// ForInodes returns the marks for a file system of count inodes: a tenth, a
// twentieth and a fortieth of them, within bounds; none where it has none to run
// out of.
func ForInodes(count uint64) Marks {
	if count == 0 {
		return Marks{}
	}
	return Marks{
		Low:      min(max(count/10, leastLowInodes), mostLowInodes),
		Cancels:  min(max(count/20, leastCancelsInodes), mostCancelsInodes),
		ReadOnly: min(max(count/40, leastReadOnlyInodes), mostReadOnlyInodes),
	}
}

// ForDescriptors returns the marks for descriptors of which kept are held back
// from connections, for the data: a quarter, an eighth and a sixteenth of
// those.
func ForDescriptors(kept uint64) Marks {
	return Marks{Low: kept / 4, Cancels: kept / 8, ReadOnly: kept / 16}
}

// BestMajority returns the mark of the worst node in the best majority of the
// voters: with two of three that have enough, the third may be full.
func BestMajority(voters []Mark) Mark {
	if len(voters) == 0 {
		return Enough
	}
	sorted := slices.Clone(voters)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
