package sim

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
)

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
	if random.IntN(2) == 0 {
		m.foundAgain()
	}
	m.start()
	return m.id
}
