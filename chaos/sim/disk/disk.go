package disk

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// Disk is what one machine keeps. Its methods may be called from any goroutine.
type Disk struct {
	mu     sync.Mutex
	root   *inode
	inodes int
	acts   int
	used   uint64
	size   uint64 // 0 = no bound
	mounts map[*Mount]bool
	faults Faults
	liar   *liar
	calls  atomic.Uint64
}

// New returns an empty disk.
func New() *Disk {
	d := &Disk{mounts: map[*Mount]bool{}}
	d.root = d.newFolder()
	return d
}

// Faults are asked before every call; nil = none. An error is what the call
// returns, and then nothing was done. It may wait: then the disk stalls. It may
// cut the power: then the call fails as all later ones of its process do.
type Faults func(Call) error

// Call is one call of a process to its disk.
type Call struct {
	Op   Op
	Name string // of the file or folder
	// Number counts the disk's calls that change it, from 1; of others it is 0.
	Number uint64
	Bytes  int // of a write
}

// Op is what a call does.
type Op string

// The calls. Those that change the disk, or make it safe, are numbered.
const (
	OpOpen     Op = "open"
	OpCreate   Op = "create"
	OpRead     Op = "read"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpAllocate Op = "allocate"
	OpSync     Op = "sync"
	OpRename   Op = "rename"
	OpRemove   Op = "remove"
	OpMakeDir  Op = "mkdir"
	OpSyncDir  Op = "syncdir"
	OpList     Op = "list"
)

// Changes reports whether the call changes the disk or makes changes safe.
func (o Op) Changes() bool { return o != OpOpen && o != OpRead && o != OpList }

// SetFaults sets who is asked before every call; nil = nobody.
func (d *Disk) SetFaults(f Faults) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = f
}

// SetSize bounds the disk, in bytes; 0 = no bound. Beyond it, calls that need
// room fail with ENOSPC.
func (d *Disk) SetSize(bytes uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.size = bytes
}

// Used is how many bytes the files take, and Calls how many calls changed the
// disk.
func (d *Disk) Used() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// Calls is how many calls changed the disk so far.
func (d *Disk) Calls() uint64 { return d.calls.Load() }

// Kill ends every process that has the disk. What they wrote stays, synced or
// not: the machine goes on.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unmount()
}

func (d *Disk) unmount() {
	for m := range d.mounts {
		m.dead.Store(true)
	}
	clear(d.mounts)
}

// Lie makes the disk lose or misplace synced writes from now on, each with this
// probability; 0 = no more. A process sees what it wrote until the machine's
// power goes: then the disk holds what it held before, and, of a write that went
// astray, its bytes elsewhere in the same file.
func (d *Disk) Lie(r *rand.Rand, probability float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.liar = &liar{random: r, probability: probability}
}

// Lies is how many synced writes were lost or misplaced.
func (d *Disk) Lies() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.liar == nil {
		return 0
	}
	return d.liar.told
}

type liar struct {
	random      *rand.Rand
	probability float64
	told        int
}

// corrupt returns what of the changes reaches the disk, and where.
func (l *liar) corrupt(changes []change, size int64) []change {
	if l == nil {
		return changes
	}
	var out []change
	for _, c := range changes {
		if c.Data == nil || l.random.Float64() >= l.probability {
			out = append(out, c)
			continue
		}
		l.told++
		if l.random.IntN(2) == 0 && size >= SectorSize {
			c.At = l.random.Int64N(size/SectorSize) * SectorSize
			out = append(out, c)
		}
	}
	return out
}

// recount counts the room that is taken anew: after a power cut.
func (d *Disk) recount() {
	d.used = 0
	d.walk(func(_ string, n *inode) { d.used += n.Live.bytes() })
}
