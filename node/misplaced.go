package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// misplaced is a member whose settings say another address than the
// configuration of the cluster.
type misplaced struct{ known, told string }

// Error says so.
func (m *misplaced) Error() string {
	return fmt.Sprintf("this member is known at %s, its settings say %s: the others can't reach it, and it stands for no election "+
		"until a leader has followed it; if that does not happen, give it that address again", m.known, m.told)
}

// findPlace compares the two before this node takes part. Names that stand for
// one address are one place, and so is an address, of whatever kind, at which
// this very process answers.
func (n *Node) findPlace(roster cluster.Roster) {
	self, ok := roster.Member(cluster.NodeID(n.cfg.NodeID))
	if !ok || self.Address == n.addresses.Peer || len(roster.Members) == 1 { // alone, it misleads nobody
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	if samePlace(ctx, self.Address, n.addresses.Peer) || n.reachesItself(ctx, self.Address) {
		return
	}
	m := &misplaced{known: self.Address, told: n.addresses.Peer}
	n.misplaced.Store(m)
	n.log.Error("this node is not where the cluster looks for it", "error", m)
}

// samePlace reports whether two addresses, each host:port, may be one. Of names
// that can't be looked up nobody knows.
func samePlace(ctx context.Context, a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB {
		return false
	}
	foundA, foundB := resolve(ctx, hostA), resolve(ctx, hostB)
	for _, address := range foundA {
		if slices.Contains(foundB, address) {
			return true
		}
	}
	return len(foundA) == 0 || len(foundB) == 0
}

// reachesItself reports whether this process answers at an address.
func (n *Node) reachesItself(ctx context.Context, address string) bool {
	conn, err := n.mux.Dial(ctx, address, peer.ProtocolControl)
	if err != nil {
		return false
	}
	_ = conn.Close()
	at := n.answersAt.Load()
	return at != nil && *at == address
}

// metItself hears this member answer at its address: this very process, or
// another one, of which this one is a copy.
func (n *Node) metItself(address string, who cluster.Identity) {
	if who.Start == n.identity.Load().Start {
		n.answersAt.Store(&address)
		return
	}
	n.cutOff()
	n.fail(fmt.Errorf("%w: another process answers for this member at %s, its address in the cluster, by start %d: "+
		"this one runs on a copy of its folder; %s", ErrForgotten, address, who.Start.Count, n.wayBack()))
}

// lookForItself asks, where the configuration has a misplaced member, whether
// it is there too.
func (n *Node) lookForItself(ctx context.Context) {
	if m := n.misplaced.Load(); m != nil {
		asking, cancel := context.WithTimeout(ctx, twinTimeout)
		defer cancel()
		n.reachesItself(asking, m.known)
	}
}

// mayStand says why this node asks for no votes, nil if it does.
func (n *Node) mayStand() error {
	if m := n.misplaced.Load(); m != nil {
		return m
	}
	if n.draining.Load() {
		return errDraining
	}
	return nil
}

// refusalAge is for how long a refusal explains why no leader is known.
const refusalAge = 10 * time.Second

// outside says why this node takes no part in the cluster, nil if it may.
func (n *Node) outside() error {
	if n.removed.Load() {
		return ErrRemoved
	}
	if m := n.misplaced.Load(); m != nil {
		return m
	}
	away := n.turnedAway.Load()
	if away == nil || time.Since(away.at) > refusalAge {
		return nil
	}
	if _, led := n.consensus.Leader(); led {
		return nil // somebody is behind, and will let this node in
	}
	return fmt.Errorf("node %s does not let this node in: %w; if that goes on, %s", away.by, away.reason, n.wayBack())
}

// ownFindings are what an operator is to know of this node's part. One that
// was removed has nothing to say of the venue.
func (n *Node) ownFindings(others []gateways.Finding) []gateways.Finding {
	err := n.outside()
	if err == nil {
		return others
	}
	if errors.Is(err, ErrRemoved) {
		return []gateways.Finding{finding.New(finding.NodeRemoved, n.cfg.NodeID, "%v", err)}
	}
	return append([]gateways.Finding{finding.New(finding.NodeOutside, n.cfg.NodeID, "%v", err)}, others...)
}
