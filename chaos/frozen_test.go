package chaos_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// diskMegabytes is the size of a node's own disk. The marks of room are 512,
// 320 and 192 MiB then, and at 96 the node takes no entries.
const diskMegabytes = 4096

// startOnDisks starts three processes, each on a disk of its own.
func startOnDisks(t *testing.T) (*venue.Venue, []string) {
	t.Helper()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	var disks, data []string
	for range 3 {
		mount := disk(t, diskMegabytes)
		disks, data = append(disks, mount), append(data, filepath.Join(mount, "data"))
	}
	return startVenueWith(t, venue.Options{Binary: buildRialto(t), Nodes: 3, Data: data}), disks
}

// failover is what a client of the venue may miss when the leader's disk
// hangs, and what a busy machine is allowed beyond that.
const (
	failover   = 1500 * time.Millisecond
	busyBeyond = 1500 * time.Millisecond
)

// TestLeaderDiskFrozen shows that a leader whose disk hangs while commands flow
// loses its place, at once says that it is not ready, and takes part again when
// the disk is back; and that nothing acknowledged is lost.
func TestLeaderDiskFrozen(t *testing.T) {
	v, disks := startOnDisks(t)
	r := trade(v, "z")
	reach(t, v, r, 300)
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	thaw := freeze(t, disks[leader])
	before := r.Done()
	other := (leader + 1) % v.Size()
	err = v.Until(t.Context(), "another node leads", func(ctx context.Context) bool {
		twin, err := v.Twin(ctx, other)
		return err == nil && twin.Leader != "" && v.Number(twin.Leader) != leader
	})
	if err != nil {
		t.Fatal(err)
	}
	led := time.Since(begin)
	if v.Ready(t.Context(), leader) {
		t.Error("the node whose disk hangs says that it is ready")
	}
	reach(t, v, r, before+200)
	t.Logf("another node led %v after the disk froze; longest gap at a client %v", led, r.LongestGap())
	if gap := r.LongestGap(); gap > failover+busyBeyond {
		t.Errorf("a client waited %v, want %v (%v on a quiet machine)", gap, failover+busyBeyond, failover)
	}
	if !v.Running(leader) {
		t.Error("the node whose disk hangs ended, and could not even do so")
	}
	thaw()
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	reach(t, v, r, r.Done()+100)
	prove(t, v, r, "z-")
}

// TestFollowerDiskFrozen shows that the venue goes on when a follower's disk
// hangs, that the follower says that it is not ready and does not end, and that
// it catches up by itself.
func TestFollowerDiskFrozen(t *testing.T) {
	v, disks := startOnDisks(t)
	r := trade(v, "y")
	reach(t, v, r, 300)
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	follower := (leader + 1) % v.Size()
	thaw := freeze(t, disks[follower])
	err = v.Until(t.Context(), "the follower says that it is not ready", func(ctx context.Context) bool {
		return !v.Ready(ctx, follower)
	})
	if err != nil {
		t.Fatal(err)
	}
	reach(t, v, r, r.Done()+300)
	if now, err := v.Leader(t.Context()); err != nil || now != leader {
		t.Errorf("leader is node %d, want %d as before: %v", now+1, leader+1, err)
	}
	if !v.Running(follower) {
		t.Error("the follower ended")
	}
	thaw()
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	prove(t, v, r, "y-")
}

// TestAllDisksFrozen shows that nobody ends when all disks hang, that nobody
// says that it is ready, and that the venue goes on by itself when they are
// back, with nothing acknowledged lost.
func TestAllDisksFrozen(t *testing.T) {
	v, disks := startOnDisks(t)
	r := trade(v, "x")
	reach(t, v, r, 300)
	var thaws []func()
	for _, d := range disks {
		thaws = append(thaws, freeze(t, d))
	}
	err := v.Until(t.Context(), "nobody is ready", func(ctx context.Context) bool {
		return !v.Ready(ctx, 0) && !v.Ready(ctx, 1) && !v.Ready(ctx, 2)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range v.Size() {
		if !v.Running(i) {
			t.Errorf("node %d ended", i+1)
		}
	}
	for _, thaw := range thaws {
		thaw()
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	reach(t, v, r, r.Done()+100)
	prove(t, v, r, "x-")
}
