package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
)

// failCall has one call, or all calls from one on for a while, fail.
func failCall(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.someone(random)
	number := m.disk.Calls() + 1 + random.Uint64N(100)
	errno := pick(random, syscall.EIO, syscall.EIO, syscall.EROFS)
	forever := random.IntN(2) == 0
	done := make(chan struct{})
	var at string
	m.disk.SetFaults(func(c disk.Call) error {
		if c.Number < number || c.Number > number && !forever {
			return nil
		}
		if c.Number == number {
			at = fmt.Sprintf("%v on %s of %s of %s", errno, c.Op, c.Name, m.id)
			close(done)
		}
		if isVote(c.Name) {
			m.dies(c) // as the library has it
		}
		return errno
	})
	within(ctx, done, 3*time.Second)
	if at != "" {
		sleep(ctx, between(random, 0, 2*time.Second))
	}
	m.disk.SetFaults(nil)
	return at
}

// isVote reports whether a file holds term and vote. The library panics when they
// can't be written.
func isVote(name string) bool { return strings.Contains(name, "/raft/vote") }

func fillDisk(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.someone(random)
	m.disk.SetSize(m.disk.Used() + uint64(random.IntN(pick(random, 64<<10, 64<<10, 600<<20, 3<<30, 8<<30))))
	sleep(ctx, between(random, time.Second, 4*time.Second))
	m.disk.SetSize(0)
	return m.id
}

// stallDisk has every write and sync of the log wait, until its process has died:
// a node that closes waits for the lock of the log, and while somebody waits for a
// lock the time of a bubble stands still. Calls on other files don't wait, since
// some of them are made under a lock while the node runs.
func stallDisk(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.someone(random)
	over := make(chan struct{})
	var held atomic.Int64
	m.disk.SetFaults(func(c disk.Call) error {
		if (c.Op == disk.OpSync || c.Op == disk.OpWrite) && strings.Contains(c.Name, "/raft/log") {
			held.Add(1)
			select {
			case <-over:
			case <-m.death():
			}
		}
		return nil
	})
	d := between(random, 50*time.Millisecond, 8*time.Second)
	sleep(ctx, d)
	m.disk.SetFaults(nil)
	close(over)
	if held.Load() == 0 {
		return ""
	}
	return fmt.Sprintf("%s for %v, %d calls waited", m.id, d, held.Load())
}
