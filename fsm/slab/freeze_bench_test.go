package slab_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// BenchmarkGiB shows what a hash of 1 GiB, all of it written, costs at once, and
// what it costs an entry at most: its beginning, a share of 64 pages, a first
// write to a page that waits, and a capture while it is under way.
func BenchmarkGiB(b *testing.B) {
	const pages = 1 << 16
	s := slab.New[[1 << 14]byte](nil)
	s.Grow(pages)
	most := func(name string, times int, f func(i uint32)) {
		took := make([]time.Duration, times)
		for i := range times {
			from := time.Now()
			f(uint32(i))
			took[i] = time.Since(from)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[times/2].Microseconds()), name+"-median")
		b.ReportMetric(float64(took[times-1].Microseconds()), name)
	}
	for range b.N {
		most("µs-at-once", 1, func(uint32) { s.Hash() })
		for i := range uint32(pages) {
			s.Mut(i)[5]++
		}
		most("µs-freeze", 1, func(uint32) { s.Freeze() })
		most("µs-share", 100, func(uint32) { s.Advance(64) })
		most("µs-write", 100, func(i uint32) { s.Mut(pages - 1 - i)[5]++ })
		most("µs-capture", 3, func(uint32) { s.Capture().Release() })
		s.Advance(s.Waiting())
	}
}
