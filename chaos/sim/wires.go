package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/network"
)

// cutOff separates two groups of machines, in both directions or one.
func cutOff(ctx context.Context, r *run, random *rand.Rand, from, to []*machine, both bool) string {
	before := r.network.Held()
	for _, a := range from {
		for _, b := range to {
			r.network.Cut(a.addr, b.addr)
			if both {
				r.network.Cut(b.addr, a.addr)
			}
		}
	}
	d := between(random, 100*time.Millisecond, 6*time.Second)
	sleep(ctx, d)
	r.network.MendAll()
	return r.held(before, fmt.Sprintf("%s from %s for %v", names(from), names(to), d))
}

func isolate(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.any(random)
	return cutOff(ctx, r, random, []*machine{m}, r.others(m), true)
}

func isolateLeader(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.leader(random)
	return cutOff(ctx, r, random, []*machine{m}, r.others(m), true)
}

func split(ctx context.Context, r *run, random *rand.Rand) string {
	all := r.shuffled(random)
	return cutOff(ctx, r, random, all[:len(all)/2], all[len(all)/2:], true)
}

func oneWay(ctx context.Context, r *run, random *rand.Rand) string {
	m := pick(random, r.leader(random), r.any(random))
	if others := r.others(m); random.IntN(2) == 0 {
		return cutOff(ctx, r, random, others, []*machine{m}, false)
	}
	return cutOff(ctx, r, random, []*machine{m}, r.others(m), false)
}

// ring lets each machine reach its two neighbours alone.
func ring(ctx context.Context, r *run, random *rand.Rand) string {
	all := r.shuffled(random)
	before := r.network.Held()
	for i, a := range all {
		for j, b := range all {
			if d := (j - i + len(all)) % len(all); d > 1 && d < len(all)-1 || len(all) == 3 && d == 1 {
				r.network.Cut(a.addr, b.addr)
			}
		}
	}
	d := between(random, 100*time.Millisecond, 6*time.Second)
	sleep(ctx, d)
	r.network.MendAll()
	return r.held(before, fmt.Sprintf("%s for %v", names(all), d))
}

func flap(ctx context.Context, r *run, random *rand.Rand) string {
	before, all := r.network.Held(), r.shuffled(random)
	times := 5 + random.IntN(20)
	for range times {
		a, b := pick(random, all...), pick(random, all...)
		r.network.Cut(a.addr, b.addr)
		sleep(ctx, between(random, 0, 200*time.Millisecond))
		if random.IntN(2) == 0 {
			r.network.MendAll()
		}
	}
	r.network.MendAll()
	return r.held(before, fmt.Sprintf("%d times", times))
}

func badNetwork(ctx context.Context, r *run, random *rand.Rand) string {
	w := network.Weather{
		Latency: pick(random, time.Millisecond, 10*time.Millisecond, 40*time.Millisecond),
		Jitter:  pick(random, time.Millisecond, 20*time.Millisecond, 100*time.Millisecond),
		Loss:    pick(random, 0.01, 0.05, 0.2), Doubled: 0.1,
	}
	before := r.network.Held()
	r.network.SetWeather(w)
	d := between(random, time.Second, 6*time.Second)
	sleep(ctx, d)
	r.network.SetWeather(r.plan.Weather)
	return r.held(before, fmt.Sprintf("%+v for %v", w, d))
}
