package node

import (
	"context"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

// A leader whose disk hangs keeps its heartbeats and so freezes the venue, and
// Raft's main loop, which waits for the disk, can't step down. So past a
// deadline the node goes mute: it shuts the sockets of its peers and of its
// clients, to Raft it is cut off, and the others elect. When the write returns
// it speaks again and follows.
//
// Only who leads goes mute: a follower that hangs holds nobody up, and its
// clients' commands go on through the leader. It says that it is not ready.
//
// The clients' listener is closed meanwhile and opened again after: a process
// whose thread hangs in a page fault (Badger writes through mapped files) may
// be stopped as a whole by the next garbage collection, and would keep callers
// waiting that the kernel had let in.

// lookEvery is how often a node with a write that hangs looks whether it leads
// and whether it is to end.
const lookEvery = 50 * time.Millisecond

// watchWrites follows the writes until ctx ends.
func (n *Node) watchWrites(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var look <-chan time.Time // nil while all is well
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.stalls:
		case <-look:
		}
		if look = nil; n.lookAtWrites() {
			look = ticker.C
		}
	}
}

// lookAtWrites mutes or unmutes the node, and reports whether to look again
// soon.
func (n *Node) lookAtWrites() bool {
	stalled := n.writes.Stalled()
	if stalled == 0 {
		return !n.unmute()
	}
	if n.mutedSince.Load() == nil && n.consensus.Status().Role == cluster.RoleLeader {
		n.mute(stalled)
	}
	n.endIfHung()
	return true
}

func (n *Node) mute(stalled time.Duration) {
	now := time.Now()
	// mark: a leader goes mute
	n.mutedSince.Store(&now)
	n.sayFarewell(cluster.CauseMute)
	n.mux.Mute()
	n.shutDoors()
	n.log.Error("a write hangs while this node leads: it is mute, so that the others elect", "stalled", stalled)
}

// unmute opens what was shut. A door that does not open yet is tried again.
func (n *Node) unmute() (done bool) {
	since := n.mutedSince.Load()
	if since == nil && !n.doorsPending {
		return true
	}
	var err error
	if n.doorsPending, err = n.reopenDoors(); err != nil {
		n.log.Warn("this node is mute no more, but for its clients", "error", err)
		return false
	}
	if since == nil {
		return !n.doorsPending
	}
	n.mux.Unmute()
	// mark: a node is mute no more
	n.mutedSince.Store(nil)
	n.log.Warn("the write has returned: this node is mute no more", "after", time.Since(*since))
	return !n.doorsPending
}

// endIfHung ends a node that has been mute for very long, if the others do
// well without it: then a supervisor may find it a better disk. When all disks
// stall nobody ends.
func (n *Node) endIfHung() {
	since := n.mutedSince.Load()
	if since == nil || time.Since(*since) < n.cfg.Consensus.ExitAfter {
		return
	}
	picture := n.twin.picture.Load()
	if picture == nil || !healthyWithout(n.cfg.NodeID, picture.Nodes, voters(n.consensus.Members())) {
		return
	}
	// The thread that hangs in the kernel may keep the process, and with it
	// what is open: nobody is to wait at a door that nobody opens.
	_ = n.mux.StopListening()
	n.fail(&cluster.SickMachine{Err: fmt.Errorf("%w, for %v", cluster.ErrHung, time.Since(*since).Round(time.Second))})
}

// healthyWithout reports whether the voters beside this node are a majority
// that is well and has a leader.
func healthyWithout(self string, nodes []gateways.TwinNode, voters int) bool {
	well, led := 0, false
	for _, n := range nodes {
		if n.ID == self || n.State != stateAlive || n.Role == string(cluster.RoleReader) || n.WriteStalledMs > 0 {
			continue
		}
		well++
		led = led || n.Role == string(cluster.RoleLeader)
	}
	return led && well > voters/2
}

// watchedLog watches the writes of the event journal: one that hangs holds up
// every answer as one of the log does.
type watchedLog struct {
	eventLog
	watch *logstore.Watch
}

// AppendEncoded implements eventLog.
func (l watchedLog) AppendEncoded(b *event.Block, encoded []byte) error {
	return l.watch.Do(func() error { return l.eventLog.AppendEncoded(b, encoded) })
}
