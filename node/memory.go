package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/internal/memory"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// How often memory is looked after: the runtime's bound, what is mapped of the
// read models' tables, and the count of what is resident, which costs the most.
const (
	boundEvery    = time.Second
	giveBackEvery = time.Second
	countEvery    = 5 * time.Second
)

// A venue that applied fewer than idleEntries between two counts, restAfter
// times in a row, is at rest: what it needed while it was busy is given back,
// once.
const (
	idleEntries = 25
	restAfter   = 6
)

// startedAfter is after how many looks a process has done what it only does
// when it starts.
const startedAfter = 20

// memoryWatch is what a node knows of its process's memory.
type memoryWatch struct {
	bound *memory.Bound // nil: the process is not the node's own
	last  atomic.Pointer[gateways.TwinMemory]
	// applied is the index at the last count, quiet how many of them in a row
	// saw next to nothing come, rested that memory was given back since.
	applied uint64
	quiet   int
	rested  bool
}

// watchMemory looks after the process's memory until ctx ends.
func (n *Node) watchMemory(ctx context.Context) {
	n.resident.bound = n.cfg.Memory.begin(n.ownProcess)
	if n.resident.bound != nil {
		defer n.resident.bound.End()
	}
	places := n.memoryPlaces()
	var looks int
	every(ctx, boundEvery, func() bool {
		if n.resident.bound != nil {
			n.resident.bound.Look()
		}
		if looks%int(giveBackEvery/boundEvery) == 0 {
			store.GiveBack(n.views.stores.list())
		}
		if looks%int(countEvery/boundEvery) == 0 {
			if err := n.countMemory(places); err != nil && !errors.Is(err, memory.ErrUnknown) {
				n.log.Warn("resident memory is not counted", "error", err)
			}
			n.restMemory(places)
		}
		if looks == startedAfter {
			n.giveBackProgram(places)
		}
		looks++
		return true
	})
}

// memoryPlaces says where the node's files lie, by their absolute paths.
func (n *Node) memoryPlaces() memory.Places {
	var p memory.Places
	// What is not known is counted among the other parts.
	p.Executable, _ = os.Executable()
	p.Views, _ = filepath.Abs(n.cfg.path("views"))
	p.Log, _ = filepath.Abs(n.cfg.path("raft"))
	return p
}

// restMemory gives back what a venue at rest does not need. It collects, which
// nobody waits for then.
func (n *Node) restMemory(places memory.Places) {
	if n.resident.rests(uint64(n.consensus.Status().AppliedIndex)) && n.resident.bound != nil {
		debug.FreeOSMemory()
		n.giveBackProgram(places)
	}
}

// rests takes in what was applied by now, and reports whether the venue has
// come to rest.
func (w *memoryWatch) rests(applied uint64) bool {
	busy := applied >= w.applied+idleEntries
	w.applied = applied
	if busy {
		w.quiet, w.rested = 0, false
		return false
	}
	w.quiet++
	if w.quiet < restAfter || w.rested {
		return false
	}
	w.rested = true
	return true
}

// giveBackProgram gives back what was needed to start.
func (n *Node) giveBackProgram(places memory.Places) {
	if n.resident.bound == nil {
		return
	}
	if err := memory.GiveBackProgram(places.Executable); err != nil {
		n.log.Warn("code that was needed once stays resident", "error", err)
	}
}

// countMemory counts what is resident.
func (n *Node) countMemory(places memory.Places) error {
	parts, err := memory.Resident(places)
	if err != nil {
		return err
	}
	sum := memory.Total(parts)
	t := &gateways.TwinMemory{ResidentBytes: sum.Small, HugeBytes: sum.Huge, PeakBytes: sum.Small}
	if last := n.resident.last.Load(); last != nil {
		t.PeakBytes = max(last.PeakBytes, sum.Small)
	}
	if n.resident.bound != nil {
		t.RuntimeLimitBytes = uint64(n.resident.bound.Look())
	}
	for _, u := range parts {
		t.Parts = append(t.Parts, gateways.TwinMemoryPart{Name: u.Part, ResidentBytes: u.Small, HugeBytes: u.Huge})
	}
	t.Inside = n.insideMemory()
	n.resident.last.Store(t)
	return nil
}

// insideMemory is what the node and the runtime account for by themselves.
func (n *Node) insideMemory() []gateways.TwinMemoryPart {
	r := memory.OfRuntime()
	used, taken := n.replica.stateBytes()
	return []gateways.TwinMemoryPart{
		{Name: "runtime: alive at the last collection", ResidentBytes: r.Alive},
		{Name: "runtime: objects with garbage", ResidentBytes: r.Objects},
		{Name: "runtime: unused", ResidentBytes: r.Unused},
		{Name: "runtime: stacks", ResidentBytes: r.Stacks},
		{Name: "runtime: tables", ResidentBytes: r.Tables},
		{Name: "log cache", ResidentBytes: uint64(n.consensus.LogInMemory())},
		{Name: "state: in use", ResidentBytes: uint64(used)},
		{Name: "state: taken", ResidentBytes: uint64(taken)},
	}
}
