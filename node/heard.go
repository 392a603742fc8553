package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/gateways"
)

// At a member's address may answer somebody else: the same machine with a folder
// of another history, as after a restore or a recovery, an older life of the
// folder, another venue. What is answered so is nobody's word: it counts neither
// for a vote nor for a clock, and what it says is not shown.

// errUnproven: who answers at a member's address is not that member, or keeps to
// itself that it is.
var errUnproven = errors.New("it does not prove to be that member")

// errReticent: who answers at a member's address names that member's id, and keeps
// to itself of what incarnation it is. A node does so to everybody whom it does not
// know for a member: one of another history, and one that has yet to apply that the
// two belong together.
var errReticent = fmt.Errorf("%w: it does not say to this node who it is, as a node of another history does", errUnproven)

// acquaintance is for how long a member that has never proven itself to this node
// is not called a stranger for that. It is longer than a newcomer, or a follower
// that is behind, takes to apply an admission.
const acquaintance = 30 * time.Second

// askMember makes a control call to a member, and wants the member to answer it.
func (n *Node) askMember(ctx context.Context, m cluster.Member, method string, request []byte) ([]byte, error) {
	answer, by, err := n.control.Ask(ctx, m.Address, method, request)
	if err == nil {
		err = n.isMemberItself(m, by)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// isMemberItself holds who answered against the roster. An incarnation that is
// known by a certificate says of what history it is.
func (n *Node) isMemberItself(m cluster.Member, by cluster.Identity) error {
	roster, own := n.consensus.Roster(), n.identity.Load().History
	standing := roster.Standing(cluster.Enrolment{ID: m.ID, Incarnation: by.Incarnation})
	switch {
	case by.Node != "" && by.Node != m.ID:
		return fmt.Errorf("at %s, where node %s is to be, answers node %s: %w", m.Address, m.ID, by.Node, errUnproven)
	case by.History != 0 && own != 0 && by.History != own:
		return fmt.Errorf("at %s, where node %s is to be, answers one of history %s, and this is history %s: %w", m.Address, m.ID, by.History, own, errUnproven)
	case standing == cluster.Belongs, standing == cluster.Unproven, len(roster.Members) == 0:
		return nil // of the last two nobody can know more
	case by.Incarnation.IsZero():
		return fmt.Errorf("at %s, where node %s is to be: %w", m.Address, m.ID, errReticent)
	}
	return fmt.Errorf("at %s, where node %s is to be, answers one of another incarnation: %w", m.Address, m.ID, errUnproven)
}

// statusOf is what a member says of itself.
func (n *Node) statusOf(ctx context.Context, m cluster.Member) (says gateways.TwinNode, err error) {
	answer, err := n.askMember(ctx, m, callStatus, nil)
	if err == nil {
		err = json.Unmarshal(answer, &says)
	}
	if err == nil && says.ID != string(m.ID) {
		err = fmt.Errorf("at %s, where node %s is to be, answers node %s: %w", m.Address, m.ID, says.ID, errUnproven)
	}
	if err != nil {
		return gateways.TwinNode{}, err
	}
	return says, nil
}

// strangerAt says who answered a call for a member's status in its place, ""
// if nobody is known to have.
func strangerAt(err error) string {
	for _, of := range []error{errUnproven, peer.ErrWrongCluster, peer.ErrNotPeer, peer.ErrUncertified} {
		if errors.Is(err, of) {
			return err.Error()
		}
	}
	return ""
}
