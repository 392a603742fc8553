package netns

import (
	"container/heap"
	"os"
	"sync"
	"time"
)

// lateFrames is how many frames may be late at once; more are lost.
const lateFrames = 1 << 16

// late holds frames until their time.
type late struct {
	mu     sync.Mutex
	frames frames
	count  uint64
	wake   chan struct{} // capacity 1: there is something to look at
	ended  chan struct{}
	once   sync.Once
}

type lateFrame struct {
	at    time.Time
	count uint64 // of equal times the first comes first
	bytes []byte
	to    *os.File
}

func newLate() *late {
	return &late{wake: make(chan struct{}, 1), ended: make(chan struct{})}
}

// put keeps a copy of a frame, and reports whether there was room for it.
func (l *late) put(at time.Time, frame []byte, to *os.File) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.frames) >= lateFrames {
		return false
	}
	l.count++
	heap.Push(&l.frames, lateFrame{at, l.count, append([]byte(nil), frame...), to})
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return true
}

// run hands frames on when they are due.
func (l *late) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(l.due())
		select {
		case <-l.ended:
			return
		case <-l.wake:
		case <-timer.C:
		}
	}
}

// due hands on what is due and returns how long the next one has.
func (l *late) due() time.Duration {
	for {
		l.mu.Lock()
		if len(l.frames) == 0 {
			l.mu.Unlock()
			return time.Hour
		}
		if wait := time.Until(l.frames[0].at); wait > 0 {
			l.mu.Unlock()
			return wait
		}
		f := heap.Pop(&l.frames).(lateFrame)
		l.mu.Unlock()
		_, _ = f.to.Write(f.bytes) // a full queue loses it, as cables do
	}
}

func (l *late) stop() { l.once.Do(func() { close(l.ended) }) }

// frames is a heap by time.
type frames []lateFrame

func (f frames) Len() int { return len(f) }
func (f frames) Less(i, j int) bool {
	return f[i].at.Before(f[j].at) || f[i].at.Equal(f[j].at) && f[i].count < f[j].count
}
func (f frames) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frames) Push(x any)   { *f = append(*f, x.(lateFrame)) }
func (f *frames) Pop() any {
	old := *f
	last := old[len(old)-1]
	*f = old[:len(old)-1]
	return last
}
