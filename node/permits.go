package node

import (
	"context"
	"fmt"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// mayCall says why a caller may not make a control call. Who is certified and
// no member may ask to join, and nothing else; who was removed may ask whether
// he was; before there are members, founders may ask founders. Who comes
// without a certificate is on a port that is open, where each call asks for
// itself.
func (n *Node) mayCall(ctx context.Context, method string) error {
	who, certified := peer.Certified(ctx)
	if !certified || method == callJoin {
		return nil
	}
	roster := n.roster.Load()
	if roster == nil {
		return n.mayFound(who, method)
	}
	switch standing := roster.Standing(who); {
	case standing == cluster.Belongs, standing == cluster.Unproven, len(roster.Members) == 0:
		return nil
	case standing == cluster.Gone && method == callStanding:
		return nil
	case standing == cluster.Gone:
		return fmt.Errorf("%s: %w", method, peer.ErrRemoved)
	}
	n.wonder() // perhaps this node is the one that is behind
	return fmt.Errorf("%s is for members: %w", method, peer.ErrNotAdmitted)
}

// mayFound is mayCall while this node belongs to nothing yet.
func (n *Node) mayFound(who cluster.Enrolment, method string) error {
	for _, f := range n.founders() {
		if f.ID == who.ID && (method == callFound || method == callClock) {
			return nil
		}
	}
	return fmt.Errorf("%s is for founders: %w", method, peer.ErrNotAdmitted)
}
