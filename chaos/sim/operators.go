package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

func jumpClock(ctx context.Context, r *run, random *rand.Rand) string {
	m := pick(random, r.leader(random), r.any(random))
	by := pick(random, time.Hour, -time.Hour, 2*time.Second, -2*time.Second, 200*time.Millisecond, 24*time.Hour)
	m.clock.jump(by)
	d := between(random, 500*time.Millisecond, 8*time.Second)
	sleep(ctx, d)
	m.clock.right()
	return fmt.Sprintf("%s by %v for %v", m.id, by, d)
}

func transfer(ctx context.Context, r *run, random *rand.Rand) string {
	n := r.any(random).running()
	if n == nil {
		return ""
	}
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := n.Operations().TransferLeader(asking, ""); err != nil {
		return ""
	}
	return "handed over"
}

func snapshots(ctx context.Context, r *run, random *rand.Rand) string {
	taken := 0
	for _, m := range r.shuffled(random)[:1+random.IntN(len(r.machines))] {
		n := m.running()
		if n == nil {
			continue
		}
		asking, cancel := context.WithTimeout(ctx, 3*time.Second)
		if n.Operations().Snapshot(asking) == nil {
			taken++
		}
		cancel()
	}
	if taken == 0 {
		return ""
	}
	return fmt.Sprintf("%d nodes", taken)
}
