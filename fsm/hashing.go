package fsm

import "github.com/rialto-exchange/rialto/fsm/slab"

// hashShare is how many pages an entry hashes at least, while a state hash is
// under way, and hashEntries after how many entries at most it is done: well
// before the next one. 64 pages take 0.1 ms; a state of 2 GiB that was written
// to everywhere takes no more.
const (
	hashShare   = 64
	hashEntries = HashInterval / 2
)

// hashing is a state hash under way: that of the machine as it was right after
// an index. It is no state: what comes of it does not depend on when.
type hashing struct {
	under bool
	index uint64
	small uint64 // hash of the small tables
	share int    // pages an entry
	// tables are what it covers; those before next are done.
	tables []slab.Table
	next   int
}

// beginHash begins the hash of the state as it is now, under an index.
func (m *Machine) beginHash(index uint64) {
	m.finishHash()
	h := &m.hashing
	*h = hashing{under: true, index: index, small: m.hashSmall(), tables: slab.Present(m.hashed())}
	waiting := 0
	for _, t := range h.tables {
		t.Freeze()
		waiting += t.Waiting()
	}
	h.share = max(hashShare, (waiting+hashEntries-1)/hashEntries)
}

// ContinueHash does a share of the state hash that is under way, and reports
// whether there was anything to do. Each entry does one; a node whose venue is
// idle calls it so that the hash does not wait for the next.
func (m *Machine) ContinueHash() bool {
	h := &m.hashing
	if !h.under {
		return false
	}
	for left := h.share; left > 0 && h.next < len(h.tables); {
		t := h.tables[h.next]
		left -= t.Advance(left)
		if t.Waiting() == 0 {
			h.next++
		}
	}
	if h.next == len(h.tables) {
		m.clock.hashIndex, m.clock.hash = h.index, slab.Mix(slab.HashOf(h.tables, slab.Table.Frozen), h.small)
		*h = hashing{}
	}
	return true
}

// finishHash does all that is left of it.
func (m *Machine) finishHash() {
	for m.ContinueHash() {
	}
}

// lastHashed is the index of the last hash that was taken or begun.
func (m *Machine) lastHashed() uint64 {
	if m.hashing.under {
		return m.hashing.index
	}
	return m.clock.hashIndex
}

// Hash returns the hash of everything that the machine knows, but for where
// it stands in the log: machines that agree have the same one. It is taken at
// once, however long that takes; LastHash is not.
func (m *Machine) Hash() uint64 {
	m.finishHash()
	return slab.Mix(slab.Hash(slab.Present(m.hashed())), m.hashSmall())
}

func (m *Machine) hashSmall() uint64 { return slab.HashBytes(m.cluster, m.encodeSmall()) }
