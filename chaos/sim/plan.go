package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/network"
	"github.com/rialto-exchange/rialto/node"
)

// What a run must have done for its seed to count.
const (
	leastTime         = 60 * time.Second
	leastAcknowledged = 1000
	leastFaults       = 5
	leastLeaders      = 1 // changes of leader
)

// healing is how long after the last fault everything that can must commit
// again.
const healing = 10 * time.Second

// Plan is what a seed draws of a run before it begins.
type Plan struct {
	Seed    uint64
	Nodes   int
	Bounds  node.Bounds
	Weather network.Weather
	// Heartbeat is Raft's timeout, and Commit how soon an idle leader tells of the
	// last commit.
	Heartbeat, Commit time.Duration
	// Clients is how many clients there are, and Think how long each waits
	// between commands at most.
	Clients int
	Think   time.Duration
	// Faults is how long faults are put in, and Pause how long it takes at most
	// from one to the next.
	Faults, Pause time.Duration
	// AuditEvery is after how many entries state and hashes are looked at.
	AuditEvery uint64
	// Corrupt is how many nodes may lose or garble what they have synced: fewer
	// than a majority.
	Corrupt int
}

// Draw draws a plan.
func Draw(seed uint64) Plan {
	r := stream(seed, "plan")
	p := Plan{
		Seed: seed, Nodes: pick(r, 3, 3, 5),
		Bounds: node.Bounds{
			SnapshotEntries: pick[uint64](r, 20, 20, 50, 200), TrailingEntries: pick[uint64](r, 1, 5, 20),
			LogSegmentBytes: pick(r, 64<<10, 256<<10, 1<<20), JournalSegmentBytes: pick[int64](r, 2<<10, 8<<10, 64<<10), DedupCapacity: pick[uint32](r, 2000, 20_000, 50_000),
		},
		Weather:   network.Weather{Latency: pick(r, 50*time.Microsecond, 200*time.Microsecond, 2*time.Millisecond), Doubled: 0.01},
		Heartbeat: pick(r, 100*time.Millisecond, 150*time.Millisecond, 300*time.Millisecond),
		Commit:    pick(r, 10*time.Millisecond, 50*time.Millisecond),
		Clients:   pick(r, 3, 6, 10), Think: pick(r, 100*time.Millisecond, 200*time.Millisecond),
		Faults: leastTime - healing/2, Pause: pick(r, 2*time.Second, 5*time.Second),
		AuditEvery: pick[uint64](r, 1, 5, 20),
	}
	p.Weather.Jitter = p.Weather.Latency
	p.Corrupt = r.IntN((p.Nodes + 1) / 2)
	return p
}

// String says what was drawn, for whoever looks at a failure.
func (p Plan) String() string {
	return fmt.Sprintf("%d nodes, a snapshot every %d entries and %d kept, segments of %d bytes in the log and %d in the journal, %d ids, latency %v, heartbeat %v, %d clients that think %v, a fault every %v, %d disks may lie",
		p.Nodes, p.Bounds.SnapshotEntries, p.Bounds.TrailingEntries, p.Bounds.LogSegmentBytes, p.Bounds.JournalSegmentBytes, p.Bounds.DedupCapacity,
		p.Weather.Latency, p.Heartbeat, p.Clients, p.Think, p.Pause, p.Corrupt)
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// stream is the seed's randomness for one purpose, so that what one part draws
// changes nothing for another.
func stream(seed uint64, purpose string) *rand.Rand {
	h := seed
	for _, c := range []byte(purpose) {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return rand.New(rand.NewPCG(seed, h))
}

// between draws a time.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}
