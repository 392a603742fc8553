package memory

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Bound holds Go's runtime to a number of bytes, by collecting more often
// beyond it. It belongs to the whole process: only who owns the process makes
// one.
//
// A limit below what is alive would have the collector run all the time. So
// the bound gives way: at least a third of what is alive is left between two
// collections. Who needs more memory than he allowed has more, and no venue
// stands still for it.
type Bound struct {
	wanted  int64
	percent int
	samples []metrics.Sample

	mu      sync.Mutex
	inForce int64
	before  struct {
		limit   int64
		percent int
	}
}

// Begin bounds the runtime to limit bytes, and has it collect when the heap
// has grown by percent since the last time. Either is 0 for what the runtime
// does by itself, and is left alone if GOMEMLIMIT or GOGC say otherwise.
func Begin(limit int64, percent int) *Bound {
	if os.Getenv("GOMEMLIMIT") != "" {
		limit = 0
	}
	if os.Getenv("GOGC") != "" {
		percent = 0
	}
	b := &Bound{wanted: limit, percent: percent, samples: samples()}
	b.before.limit, b.before.percent = math.MinInt64, math.MinInt
	if percent > 0 {
		b.before.percent = debug.SetGCPercent(percent)
	}
	if limit > 0 {
		b.before.limit = debug.SetMemoryLimit(limit)
		b.inForce = limit
	}
	return b
}

// End puts back what was before.
func (b *Bound) End() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.before.percent != math.MinInt {
		debug.SetGCPercent(b.before.percent)
	}
	if b.before.limit != math.MinInt64 {
		debug.SetMemoryLimit(b.before.limit)
	}
	b.wanted, b.inForce = 0, 0
}

// Look moves the bound to where it belongs now, and returns it; 0 = there is
// none. It is to be called every second or so, and costs some microseconds.
func (b *Bound) Look() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wanted == 0 {
		return 0
	}
	metrics.Read(b.samples)
	if limit := Give(b.wanted, runtimeOf(b.samples)); limit != b.inForce {
		debug.SetMemoryLimit(limit)
		b.inForce = limit
	}
	return b.inForce
}

// Runtime is what Go's runtime has, in bytes.
type Runtime struct {
	// Alive was alive at the last collection; Objects are those there are,
	// garbage included.
	Alive, Objects uint64
	// Unused is heap that no object is in, and that the system has not got back.
	Unused uint64
	// Stacks are those of goroutines, Tables all the rest.
	Stacks, Tables uint64
}

// OfRuntime reads what Go's runtime has.
func OfRuntime() Runtime {
	s := samples()
	metrics.Read(s)
	return runtimeOf(s)
}

func samples() []metrics.Sample {
	names := []string{
		"/gc/heap/live:bytes", "/memory/classes/heap/objects:bytes",
		"/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes",
		"/memory/classes/heap/stacks:bytes", "/memory/classes/heap/released:bytes", "/memory/classes/total:bytes",
	}
	out := make([]metrics.Sample, len(names))
	for i, name := range names {
		out[i].Name = name
	}
	return out
}

func runtimeOf(s []metrics.Sample) Runtime {
	value := func(i int) uint64 { return s[i].Value.Uint64() }
	r := Runtime{Alive: value(0), Objects: value(1), Unused: value(2) + value(3), Stacks: value(4)}
	r.Tables = value(6) - value(5) - r.Objects - r.Unused - r.Stacks
	return r
}

// Give returns the limit that a runtime gets that was to be bounded to wanted
// bytes.
func Give(wanted int64, r Runtime) int64 {
	return max(wanted, int64(r.Alive+r.Alive/3+r.Stacks+r.Tables))
}
