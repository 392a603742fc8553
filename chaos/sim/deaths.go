package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
)

func killOne(ctx context.Context, m *machine, random *rand.Rand) string {
	if !m.kill() {
		return ""
	}
	d := back(random)
	sleep(ctx, d)
	m.start()
	return fmt.Sprintf("%s for %v", m.id, d)
}

func killLeader(ctx context.Context, r *run, random *rand.Rand) string {
	return killOne(ctx, r.leader(random), random)
}

func killAny(ctx context.Context, r *run, random *rand.Rand) string {
	return killOne(ctx, r.any(random), random)
}

func killAll(ctx context.Context, r *run, random *rand.Rand) string {
	n := 0
	for _, m := range r.machines {
		if m.kill() {
			n++
		}
	}
	d := back(random)
	sleep(ctx, d)
	r.startAll()
	return fmt.Sprintf("%d nodes for %v", n, d)
}

func cutOne(ctx context.Context, m *machine, random *rand.Rand) string {
	ran := m.cut(random)
	d := back(random)
	sleep(ctx, d)
	m.start()
	if !ran {
		return ""
	}
	return fmt.Sprintf("%s for %v", m.id, d)
}

func cutLeader(ctx context.Context, r *run, random *rand.Rand) string {
	return cutOne(ctx, r.leader(random), random)
}

func cutAny(ctx context.Context, r *run, random *rand.Rand) string {
	return cutOne(ctx, r.any(random), random)
}

func cutAll(ctx context.Context, r *run, random *rand.Rand) string {
	n := 0
	for _, m := range r.machines {
		if m.cut(random) {
			n++
		}
	}
	d := back(random)
	sleep(ctx, d)
	r.startAll()
	return fmt.Sprintf("%d nodes for %v", n, d)
}

// within waits until done is closed, a while at most.
func within(ctx context.Context, done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

// atWrite does something to a machine just before one of its next calls that
// change its disk, which then fails as all later ones do.
func atWrite(ctx context.Context, m *machine, random *rand.Rand, most int, do func()) string {
	left := atomic.Int64{}
	left.Store(int64(1 + random.IntN(most)))
	done := make(chan struct{})
	var at string
	m.disk.SetFaults(func(c disk.Call) error {
		if c.Number == 0 || left.Add(-1) != 0 {
			return nil
		}
		at = fmt.Sprintf("%s before %s of %s", m.id, c.Op, c.Name)
		do()
		close(done)
		return nil
	})
	bitten := within(ctx, done, 5*time.Second)
	m.disk.SetFaults(nil)
	if !bitten {
		return ""
	}
	sleep(ctx, back(random))
	m.start()
	return at
}

func cutAtWrite(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.someone(random)
	return atWrite(ctx, m, random, 200, func() { m.cut(random) })
}

func killAtWrite(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.someone(random)
	return atWrite(ctx, m, random, 200, func() { m.kill() })
}

// cutAtStart takes the power away among the first writes of a start, again and
// again.
func cutAtStart(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.someone(random)
	m.cut(random)
	m.hold(true)
	defer m.hold(false)
	at := ""
	for range 1 + random.IntN(4) {
		go func() {
			sleep(ctx, time.Millisecond)
			m.start()
		}()
		if next := atWrite(ctx, m, random, 40, func() { m.cut(random) }); next != "" {
			at = next
		}
	}
	m.hold(false)
	m.start()
	return at
}

// away leaves a node down for so long that its log is compacted elsewhere, and
// the leader installs a snapshot; which is then cut short as often as not.
func away(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.any(random)
	m.kill()
	sleep(ctx, between(random, 4*time.Second, 8*time.Second))
	m.start()
	if random.IntN(2) == 0 {
		return m.id + " for a while"
	}
	if at := atWrite(ctx, m, random, 300, func() { m.cut(random) }); at != "" {
		return at
	}
	return m.id + " for a while"
}
