package memory_test

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/rialto-exchange/rialto/node/internal/memory"
)

// The bound stands as long as a third of what is alive fits below it, and gives
// way from there on: the collector never runs all the time.
func TestBoundGivesWay(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name         string
		wanted, want int64
		alive, other uint64
	}{
		{"little is alive", 96 * mib, 96 * mib, 30 * mib, 10 * mib},
		{"a third is left", 96 * mib, 96 * mib, 60 * mib, 16 * mib},
		{"less than a third would be", 96 * mib, 101 * mib, 63 * mib, 17 * mib},
		{"more is alive than allowed", 96 * mib, 410 * mib, 300 * mib, 10 * mib},
	} {
		if got := memory.Give(c.wanted, memory.Runtime{Alive: c.alive, Stacks: c.other / 2, Tables: c.other - c.other/2}); got != c.want {
			t.Errorf("%s: %d MiB, want %d", c.name, got/mib, c.want/mib)
		}
	}
}

// The process has the bound while there is one, and gets back what was before.
func TestBoundOfTheProcess(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	t.Setenv("GOGC", "")
	limit, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100)
	defer debug.SetGCPercent(percent)
	b := memory.Begin(200<<20, 70)
	if got := debug.SetMemoryLimit(-1); got != 200<<20 {
		t.Errorf("limit %d", got)
	}
	held := make([]byte, 400<<20)
	runtime.GC()
	if got := b.Look(); got < 500<<20 || got > 700<<20 || debug.SetMemoryLimit(-1) != got {
		t.Errorf("limit %d MiB with 400 MiB alive", got>>20)
	}
	runtime.KeepAlive(held)
	held = nil
	runtime.GC()
	if got := b.Look(); got != 200<<20 {
		t.Errorf("limit %d MiB when they are gone", got>>20)
	}
	b.End()
	if got, gc := debug.SetMemoryLimit(-1), debug.SetGCPercent(100); got != limit || gc != 100 {
		t.Errorf("limit %d and %d %% are left behind", got, gc)
	}
}

// Who sets the runtime's own variables is heard, and without a setting the
// runtime is left alone.
func TestBoundLeavesAlone(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "4GiB")
	t.Setenv("GOGC", "300")
	before := debug.SetMemoryLimit(-1)
	b := memory.Begin(200<<20, 70)
	defer b.End()
	if got := debug.SetMemoryLimit(-1); got != before || b.Look() != 0 {
		t.Errorf("limit %d, was %d", got, before)
	}
	t.Setenv("GOMEMLIMIT", "")
	if none := memory.Begin(0, 0); none.Look() != 0 || debug.SetMemoryLimit(-1) != before {
		t.Error("a bound that nobody set")
	}
	if r := memory.OfRuntime(); r.Objects == 0 || r.Tables == 0 || r.Tables > math.MaxInt64 {
		t.Errorf("runtime %+v", r)
	}
}
