package node

import (
	"fmt"
	"strings"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
	"github.com/rialto-exchange/rialto/node/internal/room"
	"github.com/rialto-exchange/rialto/readmodels/orders"
	"github.com/rialto-exchange/rialto/readmodels/sessions"
)

// findings says in words what is wrong with a picture.
func findings(p gateways.Twin, secondHand cluster.NodeID) []gateways.Finding {
	out := []gateways.Finding{}
	switch {
	case p.Leader != "":
	case secondHand != "":
		out = append(out, finding.New(finding.CutOff, "", "this node does not hear the leader %s, others do: its commands go round by them, and it falls behind", secondHand))
	default:
		out = append(out, finding.New(finding.NoLeader, "", "no leader is known: the venue takes no commands"))
	}
	for i := range p.Nodes {
		out = append(out, nodeFindings(&p.Nodes[i])...)
	}
	return append(out, divergence(p.Nodes)...)
}

// nodeFindings says what is wrong with one node.
func nodeFindings(n *gateways.TwinNode) []gateways.Finding {
	switch n.State {
	case stateDead:
		return []gateways.Finding{finding.New(finding.NodeDead, n.ID, "node %s is dead", n.ID)}
	case stateSuspect:
		return []gateways.Finding{suspicion(n)}
	}
	var out []gateways.Finding
	add := func(code finding.Code, format string, args ...any) *gateways.Finding {
		out = append(out, finding.New(code, n.ID, format, args...))
		return &out[len(out)-1]
	}
	out = append(out, peersFindings(n)...)
	if d := n.Journal.Damaged; d > 0 {
		add(finding.JournalDamaged, "the event journal of node %s does not verify in %d segments and is being mended", n.ID, d)
	}
	if n.InstallsInRow > 2 {
		add(finding.InstallsRepeat, "node %s is sent snapshot after snapshot, %d now, and never catches up: remove it, empty its folder and let it join", n.ID, n.InstallsInRow)
	}
	if n.SnapshotsFailed >= snapshotsFailedFinding {
		add(finding.SnapshotsFail, "node %s has failed to make a snapshot %d times in a row, so that its log grows: %s", n.ID, n.SnapshotsFailed, n.SnapshotError)
	}
	if n.LogUnwritten > 0 {
		add(finding.LogLost, "the log of node %s is not written: whatever takes it is too slow, and %d records are lost so far", n.ID, n.LogUnwritten)
	}
	for _, file := range n.ArchiveDamaged {
		add(finding.ArchiveDamaged, "file %s of the archive of node %s does not verify: copy it over from archive/ in the data folder of another node, where it is the same", file, n.ID).About = file
	}
	if short := shortOf(n); short != "" {
		add(finding.RoomShort, "%s", short).Severity = severityOf(n)
	}
	for _, r := range n.ReadModels {
		if r.State != "live" {
			add(finding.ViewNotLive, "read model %s of node %s is %s%s%s", r.Name, n.ID, r.State, because(r.Why), missedWithout(r.Name)).About = r.Name
		} else if r.LagMs > milliseconds(lagFinding) {
			add(finding.ViewLags, "read model %s of node %s lags by %.0f ms", r.Name, n.ID, r.LagMs).About = r.Name
		}
	}
	for _, g := range n.Gateways {
		switch {
		case g.Trouble != "":
			add(finding.GatewayDown, "gateway %s of node %s was shut while a write to the disk hung, and does not open again, which is tried on and on: %s", g.Name, n.ID, g.Trouble).About = g.Name
		case g.State == "down":
			add(finding.GatewayDown, "gateway %s of node %s is down: its clients are to go to another node", g.Name, n.ID).About = g.Name
		}
	}
	return out
}

// because adds a reason to a sentence, if there is one.
func because(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

// missedWithout says what clients miss while a read model is not live.
func missedWithout(view string) string {
	switch view {
	case sessions.Name:
		return ": FIX clients are sent nothing again by it, and its FIX port takes them only where the whole venue is short of room"
	case orders.Name:
		return ": FIX clients that ask it for the status of orders are told that it cannot be read now"
	}
	return ""
}

// shortOf says what a node is short of, "" if of nothing.
func shortOf(n *gateways.TwinNode) string {
	if n.Room == nil || len(n.Room.Short) == 0 {
		return ""
	}
	return fmt.Sprintf("node %s is short of %s: %d bytes and %d inodes are left for %s, and %d descriptors (mark %s)",
		n.ID, strings.Join(n.Room.Short, " and "), n.Room.BytesLeft, n.Room.InodesLeft, n.Room.Path, n.Room.DescriptorsLeft, n.Room.Mark)
}

func severityOf(n *gateways.TwinNode) string {
	if markOf(*n) > room.Low {
		return finding.Critical
	}
	return finding.Warning
}

// snapshotsFailedFinding is after how many snapshots that failed in a row a node
// says so: they are tried every ten seconds, and one that fails for once, as while
// the journal has a gap, is nothing.
const snapshotsFailedFinding = 3

// suspicion says what is wrong with a suspect node.
func suspicion(n *gateways.TwinNode) gateways.Finding {
	switch {
	case n.Unproven != "":
		return finding.New(finding.NodeUnproven, n.ID, "node %s is not there: %s", n.ID, n.Unproven)
	case n.Muted:
		return finding.New(finding.DiskHangs, n.ID, "node %s is mute: a write to its disk has not returned for %.0f ms", n.ID, n.WriteStalledMs)
	case n.WriteStalledMs > 0:
		return finding.New(finding.DiskHangs, n.ID, "a write to the disk of node %s has not returned for %.0f ms", n.ID, n.WriteStalledMs)
	}
	return finding.New(finding.NodeSilent, n.ID, "node %s does not answer", n.ID)
}

// divergence compares state hashes at equal indexes.
func divergence(nodes []gateways.TwinNode) []gateways.Finding {
	var out []gateways.Finding
	hashes := map[uint64]gateways.TwinNode{}
	for _, n := range nodes {
		if n.StateHashIndex == 0 {
			continue
		}
		first, seen := hashes[n.StateHashIndex]
		if !seen {
			hashes[n.StateHashIndex] = n
		} else if first.StateHash != n.StateHash {
			out = append(out, finding.New(finding.StatesDiffer, n.ID,
				"nodes %s and %s have different states at index %d", first.ID, n.ID, n.StateHashIndex))
		}
	}
	return out
}
