package consensus_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// ballast is how much a snapshot of these tests holds beside the state.
const ballast = 16 << 20

// missesMuch returns a cluster whose logs have dropped what one of its
// followers lacks, who is cut off, and whose snapshots are of a size.
func missesMuch(t *testing.T, size int) (*group, *peer) {
	t.Helper()
	g := newGroup(t, 3, small(func(*consensus.Config) {}))
	for _, p := range g.peers {
		p.machine.ballast = size
	}
	g.many(100, "entry")
	g.converge(100)
	behind := g.follower()
	behind.network.isolate(true)
	g.many(9000, "missed")
	for _, p := range g.running() {
		if p != behind {
			p.machine.await(t, 9100)
			if err := p.Snapshot(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return g, behind
}

// TestSilenceOfAnInstall logs for how long a follower answers nothing while a
// snapshot of RIALTO_INSTALL_BYTES is installed on it.
func TestSilenceOfAnInstall(t *testing.T) {
	size, err := strconv.Atoi(os.Getenv("RIALTO_INSTALL_BYTES"))
	if err != nil {
		t.Skip("it takes RIALTO_INSTALL_BYTES, such as 1073741824")
	}
	g, behind := missesMuch(t, size)
	leader := g.leader()
	behind.network.isolate(false)
	begun, heard, longest := time.Now(), time.Now(), time.Duration(0)
	g.eventually("a snapshot is installed", func() bool {
		now := time.Now()
		if leader.Hears(behind.config.NodeID, 20*time.Millisecond) {
			heard = now
		}
		longest = max(longest, now.Sub(heard))
		total, _ := behind.Installs()
		return total > 0 && now.Sub(heard) < 20*time.Millisecond
	})
	t.Logf("%d MiB were installed in %v; the follower's longest silence was %v", size>>20, time.Since(begun), longest)
}

// TestSnapshotComesBesideTheMainLoop shows that a follower which is sent a large
// snapshot answers its leader meanwhile, though the sender hangs in the middle
// of it for longer than any timeout; and takes it in when it goes on.
func TestSnapshotComesBesideTheMainLoop(t *testing.T) {
	g, behind := missesMuch(t, ballast)
	stalls := make(chan struct{})
	behind.network.mu.Lock()
	behind.network.stalls = stalls
	behind.network.mu.Unlock()
	behind.network.isolate(false)
	leader := g.leader()
	g.eventually("the follower is heard, and has installed nothing", func() bool {
		total, _ := behind.Installs()
		return total == 0 && leader.Hears(behind.config.NodeID, 100*time.Millisecond)
	})
	look, enough := time.NewTicker(50*time.Millisecond), time.After(2*time.Second)
	defer look.Stop()
	for over := false; !over; {
		select {
		case <-look.C:
		case <-enough:
			over = true
		}
		if !leader.Hears(behind.config.NodeID, time.Second) {
			t.Fatal("the follower has not answered for a second while it is sent a snapshot")
		}
	}
	if total, _ := behind.Installs(); total != 0 {
		t.Fatal("the snapshot did not stall: the test shows nothing")
	}
	behind.network.mu.Lock()
	behind.network.stalls = nil
	behind.network.mu.Unlock()
	close(stalls)
	g.converge(9100)
	if total, _ := behind.Installs(); total != 1 {
		t.Errorf("%d snapshots were installed, want 1", total)
	}
	g.kill(behind)
	g.start(behind)
	g.converge(9100)
}
