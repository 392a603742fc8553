package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// Drain makes the node say that it is not ready, so that nobody sends it new
// clients, and hands leadership over. It stands for none any more.
func (n *Node) Drain(ctx context.Context) error {
	n.draining.Store(true)
	defer n.farewell(ctx)
	if n.consensus == nil || n.sequencer == nil || n.consensus.Status().Role != cluster.RoleLeader {
		return nil
	}
	if voters(n.consensus.Members()) < 2 || n.waits.Load() != nil { // what is under way is answered by nobody
		return nil
	}
	return n.handOver(ctx, "")
}

// drainPatience bounds each try to hand leadership over to one node.
const drainPatience = 2 * time.Second

// farewell has clients go elsewhere, once the leader has moved: what FIX clients
// are told goes through the log.
func (n *Node) farewell(ctx context.Context) {
	if !n.hasFailed() {
		n.drainDoors(ctx)
	}
}

// farewellTime is how long a node that leaves waits for clients to log out.
const farewellTime = 3 * time.Second

func voters(members []cluster.Member) int {
	count := 0
	for _, m := range members {
		if m.Voter {
			count++
		}
	}
	return count
}

// Close drains the node and stops it. ctx bounds how long it waits for what is
// under way.
func (n *Node) Close(ctx context.Context) error {
	n.closing.Do(func() {
		if !n.hasFailed() {
			if err := n.Drain(ctx); err != nil {
				n.log.Warn("leadership was not handed over", "error", err)
				n.sayFarewell(cluster.CauseStopped)
			}
		}
		n.stop()
		var errs []error
		stuck := map[string]bool{}
		for i := len(n.closers) - 1; i >= 0; i-- {
			c := n.closers[i]
			if c.after != "" && stuck[c.after] {
				continue // that part still works with this one
			}
			if err := within(ctx, c.do); err != nil {
				stuck[c.what] = true
				errs = append(errs, fmt.Errorf("close %s: %w", c.what, err))
			}
		}
		if err := within(ctx, func(context.Context) error { n.background.Wait(); return nil }); err != nil {
			errs = append(errs, fmt.Errorf("wait for the background: %w", err))
		}
		n.closeErr = errors.Join(errs...)
	})
	return n.closeErr
}

// errSlow: a part did not stop in time. Its goroutine is left behind.
var errSlow = errors.New("did not stop in time")

// within gives a part of the node until ctx ends to stop. A store whose disk
// is full or gone tries for ever to write what it holds, and must not keep a
// process that was told to stop.
func within(ctx context.Context, stop func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- stop(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(closeGrace):
		return errSlow
	}
}

// closeGrace is what each part gets when the time of all is over.
const closeGrace = 200 * time.Millisecond
