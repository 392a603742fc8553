package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// TestSickDiskStoreByStore shows what a node does whose disk fails it in each of
// its stores: one without which nothing can be promised ends the process, which
// acknowledges nothing from then on, says what failed, where, why and what is to
// be done, and refuses to start while that lasts; what can be made again is given
// up, told, and made again. All that was acknowledged is there after it.
func TestSickDiskStoreByStore(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts nodes again some forty times")
	}
	disks := make([]*worldtest.SickDisk, 3)
	for i := range disks {
		disks[i] = &worldtest.SickDisk{Files: world.System().Files}
	}
	c := newTrioOf(t, func(cfg *node.Config) { cfg.Consensus.TrailingEntries = 1 }, func(i int) []node.Option {
		return []node.Option{node.WithWorld(world.World{Files: disks[i]})}
	})
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "erin"})
	v := &sickVenue{trio: c, disks: disks}
	for _, store := range []struct {
		name, where string
		follower    bool // else the leader is hit
		provoke     func(victim int)
		ends        bool
	}{
		{"log of the leader", "raft/log.wal/", false, v.pay, true},
		{"log of a follower", "raft/log.wal/", true, v.payElsewhere, true},
		{"term and vote", "raft/vote", true, v.elect, true},
		{"journal of the leader", "journal/0", false, v.pay, true},
		{"journal of a follower", "journal/0", true, v.payElsewhere, true},
		{"snapshots", "raft/snapshots/", true, v.snapshot, false},
		{"memory of the others", "/memory", true, v.wait, false},
	} {
		for _, f := range worldtest.Faults() {
			if f.Short && store.where == "raft/vote" {
				continue // it fits a sector; half of one is damage, and refused as that
			}
			t.Run(store.name+", "+f.Name, func(t *testing.T) {
				v.t = t
				v.pays(0)
				victim := c.agreedLeader()
				if store.follower {
					victim = (victim + 1) % 3
				}
				disks[victim].Sicken(store.where, f)
				store.provoke(victim)
				if store.ends {
					v.hasEnded(victim, store.where, f)
				} else {
					v.goesOn(victim, f)
				}
				v.disks[victim].Heal()
				if v.nodes[victim] == nil {
					v.start(victim)
				}
				v.allIsThere()
			})
		}
	}
}

// sickVenue counts what was acknowledged.
type sickVenue struct {
	*trio
	t           *testing.T
	disks       []*worldtest.SickDisk
	count       int
	sent, known int
	last        market.Sequence // of the last one that was acknowledged
}

// pays sends a deposit of a dollar through a node and reports whether it was
// acknowledged.
func (v *sickVenue) pays(i int) bool {
	patience := 20 * time.Second
	if v.nodes[i].Failed() {
		patience = time.Second
	}
	return v.paysWithin(i, patience)
}

func (v *sickVenue) paysWithin(i int, patience time.Duration) bool {
	v.count++
	v.sent++
	ctx, cancel := context.WithTimeout(v.t.Context(), patience)
	defer cancel()
	out, err := v.nodes[i].Commands().Submit(ctx, []*command.Command{{
		Header: command.Header{ID: fmt.Sprintf("pay-%d", v.count), Role: market.RoleAdmin, Source: market.SourceREST},
		Body:   &command.Deposit{Account: "erin", Money: command.Money{Asset: "USD", Value: decimal(v.t, "1")}},
	}})
	if err != nil || len(out) != 1 || out[0].Kind != event.OutcomeExecuted {
		return false
	}
	v.known++
	v.last = out[0].Sequence
	return true
}

// pay has a node write. Whether it answers is not waited for: a leader that can't
// write its log leaves the outcome open until the caller's time is over.
func (v *sickVenue) pay(i int) {
	if v.paysWithin(i, time.Second) && !v.nodes[i].Failed() {
		v.t.Log("the first was acknowledged all the same")
		v.pays(i)
	}
}

func (v *sickVenue) payElsewhere(i int) {
	for !v.pays((i + 1) % 3) {
		v.t.Log("not acknowledged")
	}
}

func (v *sickVenue) elect(i int) {
	leader := v.agreedLeader()
	third := 3 - leader - i
	if err := v.nodes[leader].Operations().TransferLeader(v.t.Context(), v.configs[third].NodeID); err != nil {
		v.t.Logf("hand-over: %v", err)
	}
}

func (v *sickVenue) snapshot(i int) {
	for range 5 {
		v.pays(i)
	}
	if err := v.nodes[i].Operations().Snapshot(v.t.Context()); err == nil {
		v.t.Error("a snapshot was taken")
	} else {
		v.t.Logf("snapshot: %v", err)
	}
}

func (v *sickVenue) wait(i int) {
	v.pays(i)
	v.until("it is written", func() bool { return v.disks[i].Bitten() > 0 })
}

// hasEnded wants a node to have ended for what is wrong with its disk.
func (v *sickVenue) hasEnded(i int, where string, f worldtest.Fault) {
	v.t.Helper()
	var err error
	select {
	case err = <-v.nodes[i].Fatal():
	case <-time.After(30 * time.Second):
		v.t.Fatalf("it goes on, bitten %d times", v.disks[i].Bitten())
	}
	v.t.Logf("it ends: %v", err)
	if cluster.KindOf(err) != cluster.KindSickMachine || !errors.Is(err, f.Cause) || !strings.Contains(err.Error(), where) {
		v.t.Errorf("ended by %s: %v, want %v in %s", cluster.KindOf(err), err, f.Cause, where)
	}
	if says := node.AfterFatal(err); !strings.Contains(says, "start it again when the cause is gone") {
		v.t.Errorf("it says to do: %s", says)
	}
	if v.pays(i) {
		v.t.Error("a node that has ended acknowledges")
	}
	v.ends(i, f)
	if f.Times == 0 {
		if err := v.open(i); err == nil {
			v.t.Log("it starts while the disk is sick")
			v.pays((i + 1) % 3)
			select {
			case err = <-v.nodes[i].Fatal():
			case <-time.After(30 * time.Second):
				v.t.Error("it goes on on a sick disk")
			}
			v.ends(i, f)
		} else if cluster.KindOf(err) != cluster.KindSickMachine || !strings.Contains(err.Error(), f.Cause.Error()) {
			v.t.Errorf("started on a sick disk: %s: %v", cluster.KindOf(err), err)
		}
	}
	v.disks[i].Heal()
	v.start(i)
}

// ends closes a node that its disk has failed. It may say that its last sync failed
// as well, of that cause and of no other.
func (v *sickVenue) ends(i int, f worldtest.Fault) {
	v.t.Helper()
	if err := v.close(i); err != nil && !errors.Is(err, f.Cause) {
		v.t.Errorf("close node %d: %v, want %v", i+1, err, f.Cause)
	}
}

// goesOn wants a node to go on, and to do what it could not once the disk is well.
func (v *sickVenue) goesOn(i int, f worldtest.Fault) {
	v.t.Helper()
	if v.disks[i].Bitten() == 0 {
		v.t.Error("nothing was written")
	}
	if !v.pays(i) || v.nodes[i].Failed() {
		v.t.Error("it acknowledges nothing any more")
	}
	v.disks[i].Heal()
	if err := v.nodes[i].Operations().Snapshot(v.t.Context()); err != nil {
		v.t.Errorf("a snapshot after it: %v", err)
	}
}

// allIsThere wants all nodes to have what was acknowledged.
func (v *sickVenue) allIsThere() {
	v.t.Helper()
	v.until("all are ready", func() bool {
		for _, n := range v.nodes {
			if n == nil || n.Operations().Ready() != nil {
				return false
			}
		}
		return true
	})
	for !v.pays(0) {
		v.t.Log("not acknowledged")
	}
	for i := range v.nodes {
		// Not where the node is: an answer may be rendered from another one's journal,
		// before the own views have come so far.
		if got := int(v.total(i, "erin", v.last) / 1_000_000); got < v.known || got > v.sent {
			v.t.Errorf("node %d: %d dollars, %d were acknowledged of %d", i+1, got, v.known, v.sent)
		}
	}
}
