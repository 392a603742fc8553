package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
// The node takes part in Raft and serves what was before that entry; see passes
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
	for !n.passes(g, wait, n.waits.Store) {
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

// voidName is how a void is told of: its index and the entry's SHA-256.
func voidName(index uint64, sum string) string { return fmt.Sprintf("%d:%s", index, sum) }

// readVoids reads which entries are voided here. One that this node's journal
// shows to have been passed counts, whether that was written down or not.
func (n *Node) readVoids() error {
	voids, err := logstore.ReadVoids(n.world.Files, n.cfg.path("raft"))
	for _, v := range voids {
		n.voids = append(n.voids, voidName(v.Index, v.Digest))
		if own, bad := n.becameOf(v.Index); bad == nil && own.Known && own.Voided == v.Digest {
			err = errors.Join(err, logstore.PassVoid(n.world.Files, n.cfg.path("raft"), v.Index))
		}
	}
	return err
}

// passWithheld looks, until ctx ends, whether a void may count on a leader that
// keeps the entry from the others: while they lack it nothing can be committed,
// so that its machine may never come to it.
func (n *Node) passWithheld(ctx context.Context) {
	var told *gateways.TwinWait // what was said of it
	look := time.NewTicker(gateInterval)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		g, ok := n.consensus.Withheld()
		wait := gateways.TwinWait{Index: uint64(g.Index), SHA256: g.SHA256, Voided: true}
		if ok && !n.passes(g, wait, func(w *gateways.TwinWait) {
			if n.waits.CompareAndSwap(told, w) {
				told = w
			}
		}) {
			continue
		}
		if told != nil {
			n.waits.CompareAndSwap(told, nil)
			told = nil
		}
		if !ok {
			continue
		}
		if err := n.consensus.Pass(g); err != nil {
			n.log.Error("a void can't be noted, and does not count yet", "at", g.Index, "error", err)
			continue
		}
		n.log.Warn("a void counts", "at", g.Index)
	}
}

// waitText says why a node waits, and what is to be done. What a voter has
// executed may have been acknowledged: nobody is told to void that.
func waitText(w gateways.TwinWait) string {
	entry := fmt.Sprintf("the machine panicked at entry %d (%s)", w.Index, w.Panic)
	if w.Voided {
		entry = fmt.Sprintf("entry %d is voided here", w.Index)
	}
	if len(w.Executed) > 0 {
		return fmt.Sprintf("%s, and %s executed it, so that its outcome may have been acknowledged: the venue is read-only before it here; do not void it: "+
			"run the build that executed it or, with %s alive, bring this node back as a newcomer: rialto repair --newcomer",
			entry, strings.Join(w.Executed, ", "), strings.Join(w.Executed, ", "))
	}
	void := fmt.Sprintf("on every node, stopped: rialto recover --void %d:%s", w.Index, w.SHA256)
	switch {
	case !w.Voided:
		return fmt.Sprintf("%s: the venue is read-only before it; run a build that can execute it, or void it %s", entry, void)
	case len(w.Untold) > 0:
		return fmt.Sprintf("%s, and not on %s: the venue is read-only before it; %s", entry, strings.Join(w.Untold, ", "), void)
	case len(w.Unasked) > 0:
		return fmt.Sprintf("%s, and %s can't be asked whether it executed the entry: the venue is read-only before it; start it, voided as well, or "+
			"accept that what it may have acknowledged is lost, with this node stopped: rialto recover --void %d:%s --risk-acknowledged-by %s",
			entry, strings.Join(w.Unasked, ", "), w.Index, w.SHA256, strings.Join(w.Unasked, ","))
	}
	return fmt.Sprintf("%s, and a majority does not know of it yet: the venue is read-only before it; %s", entry, void)
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
