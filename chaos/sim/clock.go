package sim

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// clock is a machine's clock on the wall: right, but for what a fault sets it
// off by. It implements cluster.Clock and world.Clock.
type clock struct{ off atomic.Int64 }

// Now is the wall time that the machine shows. As on real machines, a clock that
// is set does not move the monotonic time that is read with it.
func (c *clock) Now() time.Time {
	now := time.Now()
	return withMonotonic(now.Add(time.Duration(c.off.Load())), now.Sub(bigBang()))
}

// NewTimer implements cluster.Clock: timers go by monotonic time.
func (*clock) NewTimer(d time.Duration) (<-chan time.Time, func() bool) {
	t := time.NewTimer(d)
	return t.C, t.Stop
}

// jump sets the clock off by so much more.
func (c *clock) jump(by time.Duration) { c.off.Add(int64(by)) }

// right sets the clock right.
func (c *clock) right() { c.off.Store(0) }

// bigBang is before all times of a bubble.
func bigBang() time.Time { return time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) }

// withMonotonic gives a wall time a monotonic reading: in a bubble times have
// none, and the package time gives nobody one. It relies on the layout of
// time.Time, which TestClockJumpsTheWallAlone holds.
func withMonotonic(wall time.Time, reading time.Duration) time.Time {
	type layout struct {
		wall uint64 // 1 bit: there is a reading; 33: seconds since 1885; 30: nanoseconds
		ext  int64  // the reading
		loc  unsafe.Pointer
	}
	since1885 := wall.Unix() - time.Date(1885, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	out := wall
	l := (*layout)(unsafe.Pointer(&out))
	l.wall = 1<<63 | uint64(since1885)<<30 | uint64(wall.Nanosecond())
	l.ext = int64(reading)
	return out
}
