package disk

import (
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// PowerCut ends every process that has the disk, and leaves what a machine would
// find on it after its power went: all that was synced, and of the rest what r
// draws.
func (d *Disk) PowerCut(r *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unmount()
	lost := &loss{random: r, survives: drawShare(r), acts: map[int]bool{}, seen: map[*inode]bool{}}
	lost.folder(d.root)
	d.recount()
}

// drawShare is how likely one unsynced thing survives: often nothing does, or
// everything but a little.
func drawShare(r *rand.Rand) float64 {
	return []float64{0, 0, 0.1, 0.5, 0.9, 1}[r.IntN(6)]
}

// loss is one power cut.
type loss struct {
	random   *rand.Rand
	survives float64
	acts     map[int]bool // what was drawn of the calls that changed several names
	seen     map[*inode]bool
}

func (l *loss) draw() bool { return l.random.Float64() < l.survives }

func (l *loss) drawAct(act int) bool {
	kept, drawn := l.acts[act]
	if !drawn {
		kept = l.draw()
		l.acts[act] = kept
	}
	return kept
}

// folder leaves of a folder and what is below it what survives.
func (l *loss) folder(f *inode) {
	if l.seen[f] {
		return
	}
	l.seen[f] = true
	for _, c := range f.NameChanges {
		switch {
		case !l.drawAct(c.Act):
		case c.Node == nil:
			delete(f.SafeNames, c.Name)
		default:
			f.SafeNames[c.Name] = c.Node
		}
	}
	f.NameChanges = nil
	f.Names = maps.Clone(f.SafeNames)
	for _, name := range slices.Sorted(maps.Keys(f.Names)) { // in an order, for the draws
		if n := f.Names[name]; n.Folder {
			l.folder(n)
		} else {
			l.file(n)
		}
	}
}

// file leaves of a file what survives. The length is one that it has had since
// its last sync; so is the content of each sector.
func (l *loss) file(f *inode) {
	if l.seen[f] {
		return
	}
	l.seen[f] = true
	if len(f.Changes) > 0 {
		f.Safe = l.torn(f)
	}
	f.Changes = nil
	f.Live = f.Safe.clone()
}

func (l *loss) torn(f *inode) content {
	// Version 0 is what is safe, version n what it was after n changes.
	ordered := l.random.IntN(3) == 0 // what some file systems promise, and most do by chance
	last := len(f.Changes)
	upTo := func() int {
		if l.draw() {
			return last
		}
		return l.random.IntN(last + 1)
	}
	if l.survives == 0 {
		upTo = func() int { return 0 }
	}
	prefix := upTo()
	version := map[int64]int{} // of each sector that was touched
	for _, at := range touched(f) {
		version[at] = prefix
		if !ordered {
			version[at] = upTo()
		}
	}
	length := prefix
	if !ordered {
		length = upTo()
	}
	return replayed(f, version, length)
}

// touched are the sectors that changed since the last sync, in order. A length
// that was cut touches none: what lay beyond it is cut off, or is not.
func touched(f *inode) []int64 {
	found := map[int64]bool{}
	for _, c := range f.Changes {
		for at := range sectors(c) {
			found[at] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// replayed is the file with each sector in its version, and the length after the
// first so many changes.
func replayed(f *inode, version map[int64]int, length int) content {
	out, now := f.Safe.clone(), f.Safe
	size, sector := now.Size, make([]byte, SectorSize)
	for n, c := range f.Changes {
		c.apply(&now) // f.Safe itself is used up by this
		if n < length {
			size = now.Size
		}
		if c.Data == nil {
			if n < length {
				out.truncate(c.At) // what was beyond is given back, and is zero if the file grows again
			}
			continue
		}
		for at := range sectors(c) {
			if n < version[at] {
				clear(sector)
				now.readAt(sector, at*SectorSize)
				out.put(sector, at*SectorSize)
			}
		}
	}
	out.Size = math.MaxInt64 // what was put beyond the length, too, is cut off
	out.truncate(size)
	return out
}

// sectors are those that a write touches.
func sectors(c change) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for at := c.At / SectorSize; at*SectorSize < c.At+int64(len(c.Data)); at++ {
			if !yield(at) {
				return
			}
		}
	}
}
