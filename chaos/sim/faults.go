package sim

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
	"github.com/rialto-exchange/rialto/chaos/sim/network"
)

// fault is one row: something that goes wrong, for a while.
type fault struct {
	name string
	// weight is how often it is drawn, against the others'.
	weight int
	// corrupts: it takes or garbles what was safe, which fewer than a majority
	// may suffer.
	corrupts bool
	// do puts it in, waits while it lasts, and takes it away. It returns how it
	// has bitten; "" = it has not, and the fault does not count.
	do func(ctx context.Context, r *run, random *rand.Rand) (bitten string)
}

// faults is the list.
func faults() []fault {
	return []fault{
		{name: "kill the leader", weight: 6, do: killLeader},
		{name: "kill a node", weight: 3, do: killAny},
		{name: "kill all", weight: 2, do: killAll},
		{name: "cut the power of a node", weight: 4, do: cutAny},
		{name: "cut the power of the leader", weight: 4, do: cutLeader},
		{name: "cut the power of all", weight: 4, do: cutAll},
		{name: "cut the power at a write", weight: 6, do: cutAtWrite},
		{name: "cut the power at a write of a start", weight: 6, do: cutAtStart},
		{name: "kill at a write", weight: 3, do: killAtWrite},
		{name: "a call fails", weight: 4, do: failCall},
		{name: "the disk is full", weight: 2, do: fillDisk},
		{name: "the log's disk stalls", weight: 3, do: stallDisk},
		{name: "a node alone", weight: 4, do: isolate},
		{name: "the leader alone", weight: 5, do: isolateLeader},
		{name: "a majority split from the rest", weight: 3, do: split},
		{name: "one wire cut one way", weight: 4, do: oneWay},
		{name: "a ring", weight: 2, do: ring},
		{name: "wires that flap", weight: 3, do: flap},
		{name: "a bad network", weight: 4, do: badNetwork},
		{name: "a clock jumps", weight: 3, do: jumpClock},
		{name: "leadership is handed over", weight: 3, do: transfer},
		{name: "snapshots", weight: 3, do: snapshots},
		{name: "a node is away and comes back", weight: 3, do: away},
		{name: "bits flip", weight: 3, corrupts: true, do: flipBits},
		{name: "synced writes are lost", weight: 3, corrupts: true, do: lie},
		{name: "a disk is rolled back", weight: 2, corrupts: true, do: rollBack},
		{name: "a disk is lost", weight: 1, corrupts: true, do: loseDisk},
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
	m.disk.SetSize(m.disk.Used() + uint64(random.IntN(64<<10)))
	sleep(ctx, between(random, time.Second, 4*time.Second))
	m.disk.SetSize(0)
	return m.id
}

// stallDisk has every write and sync of the log wait. Those of other files don't:
// some are done under a lock, and while somebody waits for a lock the time of a
// bubble stands still.
func stallDisk(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.someone(random)
	over := make(chan struct{})
	var held atomic.Int64
	m.disk.SetFaults(func(c disk.Call) error {
		if (c.Op == disk.OpSync || c.Op == disk.OpWrite) && strings.Contains(c.Name, "/raft/log") {
			held.Add(1)
			<-over
		}
		return nil
	})
	d := between(random, 50*time.Millisecond, 5*time.Second)
	sleep(ctx, d)
	m.disk.SetFaults(nil)
	close(over)
	if held.Load() == 0 {
		return ""
	}
	return fmt.Sprintf("%s for %v, %d calls waited", m.id, d, held.Load())
}

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

// flipBits turns bits around in what a machine has written, while its node is
// down.
func flipBits(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.corruptible(random)
	if m == nil {
		return ""
	}
	m.kill()
	m.hold(true)
	files := m.disk.Files(m.folder())
	flipped := ""
	for range 1 + random.IntN(3) {
		f := pick(random, files...)
		if len(f.Written) == 0 || f.Size == 0 {
			continue
		}
		at := min(pick(random, f.Written...)*4096+random.Int64N(4096), f.Size-1)
		if m.disk.Flip(f.Name, at, 1<<random.IntN(8)) == nil {
			flipped = fmt.Sprintf("%s of %s at %d", f.Name, m.id, at)
		}
	}
	m.corrupt("bits flipped: " + flipped)
	sleep(ctx, back(random))
	m.hold(false)
	m.start()
	return flipped
}

// lie has a disk lose or misplace some of what was synced, until its power is
// cut.
func lie(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.corruptible(random)
	if m == nil {
		return ""
	}
	m.corrupt("synced writes were lost")
	m.disk.Lie(random, pick(random, 0.01, 0.1))
	sleep(ctx, between(random, time.Second, 3*time.Second))
	lies := m.disk.Lies()
	m.disk.Lie(random, 0)
	m.cut(random)
	sleep(ctx, back(random))
	m.start()
	if lies == 0 {
		return ""
	}
	return fmt.Sprintf("%s lost or misplaced %d writes", m.id, lies)
}

// rollBack puts a copy of a disk from a while before in its place.
func rollBack(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.corruptible(random)
	if m == nil {
		return ""
	}
	var image bytes.Buffer
	if err := m.disk.Save(&image); err != nil {
		return ""
	}
	d := between(random, time.Second, 5*time.Second)
	sleep(ctx, d)
	old, err := disk.Load(&image)
	if err != nil {
		r.fail("simulator", "a disk can't be loaded: %v", err)
		return ""
	}
	m.corrupt("its disk was rolled back")
	m.kill()
	m.disk.RollBack(old)
	m.start()
	return fmt.Sprintf("%s by %v", m.id, d)
}

// loseDisk takes all that a machine has written.
func loseDisk(ctx context.Context, r *run, random *rand.Rand) string {
	m := r.corruptible(random)
	if m == nil {
		return ""
	}
	m.corrupt("its disk was lost")
	m.kill()
	m.disk.RollBack(disk.New())
	m.layOut()
	m.start()
	return m.id
}
