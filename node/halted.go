package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// dispute closes the venue's way in while the voters' states differ and no
// majority can be made out: to go on would be to guess which of them is the
// venue's. Reads go on. When a majority can be told, the others are quarantined
// and the way in opens again. It is closed too while this node waits before an
// entry.
func (n *Node) dispute(index uint64, undecided bool) {
	var why *string
	if w := n.waits.Load(); w != nil {
		text := waitText(*w)
		why = &text
	}
	if undecided {
		text := fmt.Sprintf("the states of the voters differ at index %d and no majority has the same: the venue takes nothing until there is one", index)
		why = &text
	}
	switch before := n.closed.Swap(why); {
	case why != nil && (before == nil || *before != *why):
		n.log.Error("the venue is halted", "reason", *why)
	case why == nil && before != nil:
		n.log.Warn("the venue is halted no more")
	}
}

// gateInterval is how often a node that waits before an entry looks whether it
// may go on.
const gateInterval = 500 * time.Millisecond

// retries is how often an entry is tried that others have applied.
const retries = 2

// gate waits before an entry at which the machine panicked, or that was voided.
// The node takes part in Raft and serves what was before that entry; see mayPass
// for when it goes on. It runs on consensus's apply goroutine.
func (n *Node) gate(closing <-chan struct{}, g consensus.Gated) bool {
	wait := gateways.TwinWait{Index: uint64(g.Index), SHA256: g.SHA256, Voided: g.Voided, Panic: g.Panic}
	n.waits.Store(&wait)
	select {
	case <-closing:
		return false
	case <-n.up:
	}
	n.log.Error("this node waits before an entry", "reason", waitText(wait))
	look := time.NewTicker(gateInterval)
	defer look.Stop()
	for !mayPass(wait, g.Times, n.cfg.NodeID, n.twin.current().Nodes, n.voterIDs()) {
		n.level.Store(true) // all before the entry is applied, and nobody can have more
		select {
		case <-closing:
			return false
		case <-look.C:
		}
	}
	n.log.Warn("this node goes on", "at", g.Index, "voided", g.Voided)
	n.waits.Store(nil)
	return true
}

// mayPass says when a node goes on at the entry before which it waits. A void
// counts once a majority of the voters knows of it: with fewer, the rest might
// execute the entry by another build, and be the majority. What others have
// applied is not the entry's fault: it is tried again, but not for ever.
func mayPass(wait gateways.TwinWait, times int, self string, nodes []gateways.TwinNode, voters []string) bool {
	know, beyond := 0, 0
	for _, v := range voters {
		if v == self {
			know++
			continue
		}
		for _, t := range nodes {
			switch {
			case t.ID != v || t.State == stateDead:
			case slices.Contains(t.Voids, voidName(wait.Index, wait.SHA256)):
				know++
			case t.AppliedIndex >= wait.Index:
				beyond++
			}
		}
	}
	if wait.Voided {
		return know > len(voters)/2
	}
	return beyond > 0 && times < retries
}

// voidName is how a void is told of: its index and the entry's SHA-256.
func voidName(index uint64, sum string) string { return fmt.Sprintf("%d:%s", index, sum) }

// readVoids reads which entries are voided here.
func (n *Node) readVoids() error {
	voids, err := logstore.ReadVoids(n.cfg.path("raft"))
	for _, v := range voids {
		n.voids = append(n.voids, voidName(v.Index, v.Digest))
	}
	return err
}

func waitText(w gateways.TwinWait) string {
	if w.Voided {
		return fmt.Sprintf("entry %d is voided here, and a majority does not know of it yet: the venue is read-only before it; "+
			"on each node, stopped: rialto recover --void %d:%s", w.Index, w.Index, w.SHA256)
	}
	return fmt.Sprintf("the machine panicked at entry %d (%s): the venue is read-only before it; run a build that can execute it, "+
		"or void it on every node, stopped: rialto recover --void %d:%s", w.Index, w.Panic, w.Index, w.SHA256)
}

// waitFindings names the nodes that wait before an entry.
func waitFindings(nodes []gateways.TwinNode) (out []gateways.Finding) {
	for _, t := range nodes {
		if t.Waits != nil {
			out = append(out, finding.New(finding.EntryWaits, t.ID, "node %s: %s", t.ID, waitText(*t.Waits)))
		}
	}
	return out
}
