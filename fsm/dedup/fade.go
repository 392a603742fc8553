package dedup

// fade moves a ring of counts by slices of time, each at its number modulo their
// number, on from one slice to another, and returns how many of what was counted
// are older than the ring is long. Time does not go back.
func fade(counts []uint32, from, to int64) (gone uint32) {
	n := int64(len(counts))
	for s := max(from, to-n) + 1; s <= to; s++ {
		gone += counts[s%n]
		counts[s%n] = 0
	}
	return gone
}
