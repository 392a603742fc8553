package sim

import (
	"context"
	"math/rand/v2"
	"time"
)

// fault is one row: something that goes wrong, for a while.
type fault struct {
	name string
	// weight is how often it is drawn, against the others'.
	weight int
	// corrupts: it takes or garbles what was safe, which fewer than a majority
	// may suffer.
	corrupts bool
	// one: it is of one machine, without which the others go on.
	one bool
	// do puts it in, waits while it lasts, and takes it away. It returns how it
	// has bitten; "" = it has not, and the fault does not count.
	do func(ctx context.Context, r *run, random *rand.Rand) (bitten string)
}

// faults is the list.
func faults() []fault {
	return []fault{
		{name: "kill the leader", weight: 6, one: true, do: killLeader},
		{name: "kill a node", weight: 3, one: true, do: killAny},
		{name: "kill all", weight: 2, do: killAll},
		{name: "cut the power of a node", weight: 4, one: true, do: cutAny},
		{name: "cut the power of the leader", weight: 4, one: true, do: cutLeader},
		{name: "cut the power of all", weight: 4, do: cutAll},
		{name: "cut the power at a write", weight: 6, one: true, do: cutAtWrite},
		{name: "cut the power at a write of a start", weight: 6, one: true, do: cutAtStart},
		{name: "kill at a write", weight: 3, one: true, do: killAtWrite},
		{name: "a call fails", weight: 4, one: true, do: failCall},
		{name: "the disk is full", weight: 2, do: fillDisk},
		{name: "the log's disk stalls", weight: 3, one: true, do: stallDisk},
		{name: "a node alone", weight: 4, one: true, do: isolate},
		{name: "the leader alone", weight: 5, one: true, do: isolateLeader},
		{name: "a majority split from the rest", weight: 3, do: split},
		{name: "one wire cut one way", weight: 4, do: oneWay},
		{name: "a ring", weight: 2, do: ring},
		{name: "wires that flap", weight: 3, do: flap},
		{name: "a bad network", weight: 4, do: badNetwork},
		{name: "a clock jumps", weight: 3, one: true, do: jumpClock},
		{name: "leadership is handed over", weight: 3, do: transfer},
		{name: "snapshots", weight: 3, do: snapshots},
		{name: "a node is away and comes back", weight: 3, one: true, do: away},
		{name: "bits flip", weight: 3, corrupts: true, one: true, do: flipBits},
		{name: "synced writes are lost", weight: 3, corrupts: true, one: true, do: lie},
		{name: "a disk is rolled back", weight: 2, corrupts: true, one: true, do: rollBack},
		{name: "a disk is lost", weight: 1, corrupts: true, one: true, do: loseDisk},
	}
}

// draw returns a fault by the weights, and the machines that may be corrupted
// allow for it.
func draw(random *rand.Rand, mayCorrupt bool) fault {
	all, sum := faults(), 0
	for _, f := range all {
		if !f.corrupts || mayCorrupt {
			sum += f.weight
		}
	}
	n := random.IntN(sum)
	for _, f := range all {
		if f.corrupts && !mayCorrupt {
			continue
		}
		if n -= f.weight; n < 0 {
			return f
		}
	}
	panic("sim: the weights do not add up")
}

// back is how long a machine stays down.
func back(random *rand.Rand) time.Duration {
	return between(random, 50*time.Millisecond, pick(random, 200*time.Millisecond, time.Second, 4*time.Second))
}
