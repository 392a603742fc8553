package node

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// A member whose peer address has changed asks the leader to be known at the new
// one. It is believed when it proves to be that member, by its incarnation, when
// the same start of it answers at the new address, and when nobody answers for
// it at the old one any more.
const (
	// callMoved is what the member asks the leader.
	callMoved = "moved"
	// callHere asks whoever is at an address to prove which member it is. The
	// request is a nonce of 16 bytes; the answer the start (count 8, nonce 8,
	// big-endian) and HMAC-SHA-256 of hereContext, the nonce and that start
	// under the incarnation. So it tells nothing to who does not know the
	// incarnation already.
	callHere    = "here"
	hereContext = "rialto here 1\n"
	hereNonce   = 16
	hereAnswer  = 16 + sha256.Size
)

// movedRequest is callMoved's.
type movedRequest struct {
	PeerAddress string `json:"peer_address"`
}

// answerHere proves who this node is.
func (n *Node) answerHere(_ context.Context, nonce []byte) ([]byte, error) {
	if len(nonce) != hereNonce {
		return nil, fmt.Errorf("a nonce has %d bytes", hereNonce)
	}
	own := n.identity.Load()
	return sealHere(own.Incarnation, own.Start, nonce), nil
}

func sealHere(incarnation cluster.Incarnation, start cluster.Start, nonce []byte) []byte {
	answer := binary.BigEndian.AppendUint64(nil, start.Count)
	answer = binary.BigEndian.AppendUint64(answer, start.Nonce)
	mac := hmac.New(sha256.New, incarnation[:])
	mac.Write([]byte(hereContext))
	mac.Write(nonce)
	mac.Write(answer)
	return mac.Sum(answer)
}

// errElsewhere: at an address answers nobody who proves to be the member.
var errElsewhere = errors.New("nobody proves to be that member there")

// startAt returns the start of a member that answers at an address. errElsewhere
// also if nobody answers.
func (n *Node) startAt(ctx context.Context, address string, incarnation cluster.Incarnation) (cluster.Start, error) {
	ctx, cancel := context.WithTimeout(ctx, twinTimeout)
	defer cancel()
	nonce := make([]byte, hereNonce)
	if _, err := io.ReadFull(n.world.Random, nonce); err != nil {
		return cluster.Start{}, fmt.Errorf("make a nonce: %w", err)
	}
	answer, err := n.control.Call(ctx, address, callHere, nonce)
	if err != nil {
		return cluster.Start{}, fmt.Errorf("%w: at %s: %w", errElsewhere, address, err)
	}
	if len(answer) != hereAnswer {
		return cluster.Start{}, fmt.Errorf("%w: at %s", errElsewhere, address)
	}
	start := cluster.Start{Count: binary.BigEndian.Uint64(answer), Nonce: binary.BigEndian.Uint64(answer[8:])}
	if !hmac.Equal(answer, sealHere(incarnation, start, nonce)) {
		return cluster.Start{}, fmt.Errorf("%w: at %s", errElsewhere, address)
	}
	return start, nil
}

// answerMoved follows a member to its new address.
func (n *Node) answerMoved(ctx context.Context, request []byte) ([]byte, error) {
	var asked movedRequest
	if err := json.Unmarshal(request, &asked); err != nil {
		return nil, fmt.Errorf("decode request: %w", err)
	}
	who, _ := peer.Caller(ctx)
	if n.consensus.Status().Role != cluster.RoleLeader {
		return nil, cluster.ErrNotLeader
	}
	n.membershipChange.Lock()
	defer n.membershipChange.Unlock()
	member, err := mayMove(n.consensus.Roster(), who, asked.PeerAddress)
	if err != nil || member.Address == asked.PeerAddress {
		return nil, err
	}
	if err := n.hasMoved(ctx, member, who.Start, asked.PeerAddress); err != nil {
		return nil, fmt.Errorf("member %s stays at %s: %w", member.ID, member.Address, err)
	}
	n.log.Info("a member has moved", "id", member.ID, "from", member.Address, "to", asked.PeerAddress)
	member.Address = asked.PeerAddress
	return nil, n.readdress(ctx, member.Member)
}

// mayMove says why a member may not be known at an address.
func mayMove(roster cluster.Roster, who cluster.Identity, address string) (cluster.RosterMember, error) {
	member, ok := roster.Member(who.Node)
	if !ok || who.Incarnation.IsZero() || member.Incarnation != who.Incarnation {
		return member, peer.ErrNotAdmitted
	}
	if err := cluster.CheckAddress(address); err != nil {
		return member, err
	}
	for _, m := range roster.Members {
		if m.Address == address && m.ID != member.ID {
			return member, fmt.Errorf("peer address %s is that of member %s", address, m.ID)
		}
	}
	return member, nil
}

// hasMoved asks at both addresses.
func (n *Node) hasMoved(ctx context.Context, member cluster.RosterMember, start cluster.Start, to string) error {
	there, err := n.startAt(ctx, to, member.Incarnation)
	switch {
	case err != nil:
		return err
	case there != start:
		return fmt.Errorf("at %s answers another start of it than the one that asks", to)
	}
	if _, err := n.startAt(ctx, member.Address, member.Incarnation); !errors.Is(err, errElsewhere) {
		return errors.Join(errors.New("it answers where it is known"), err)
	}
	return nil
}

// readdress puts a member's address into the configuration.
func (n *Node) readdress(ctx context.Context, m cluster.Member) error {
	if m.Voter {
		return n.consensus.AddVoter(ctx, m)
	}
	return n.consensus.AddNonvoter(ctx, m)
}

// askToMove has the leader follow this node, whoever of the voters leads.
func (n *Node) askToMove(ctx context.Context) {
	if n.misplaced.Load() == nil {
		return
	}
	request, err := json.Marshal(movedRequest{PeerAddress: n.addresses.Peer})
	if err != nil {
		n.log.Error("encode request", "error", err)
		return
	}
	for _, m := range n.otherVoters() {
		asking, cancel := context.WithTimeout(ctx, moveTimeout)
		_, err := n.control.Call(asking, m.Address, callMoved, request)
		cancel()
		if err != nil && !errors.Is(err, cluster.ErrNotLeader) && n.refusals.count(n.clock.Now()) {
			n.log.Warn("this node is not followed to its new address", "by", m.ID, "error", err)
		}
	}
}

// moveTimeout bounds one question of a member that has moved: the leader asks at
// two addresses and has a change committed.
const moveTimeout = 2*twinTimeout + changePatience

// changePatience is how long a change of the configuration may take.
const changePatience = 2 * twinInterval

// foundPlace ends a member's being misplaced when the configuration has it where
// it is.
func (n *Node) foundPlace(roster cluster.Roster) {
	self, ok := roster.Member(cluster.NodeID(n.cfg.NodeID))
	if m := n.misplaced.Load(); m != nil && ok && self.Address == n.addresses.Peer {
		n.misplaced.Store(nil)
		n.log.Info("the cluster looks for this node where it is now", "from", m.known, "to", m.told)
	}
}

// moveAlone has a venue of one node know it where it is.
func (n *Node) moveAlone(ctx context.Context) {
	members := n.consensus.Roster().Members
	if len(members) != 1 || members[0].Address == n.addresses.Peer || n.consensus.Status().Role != cluster.RoleLeader {
		return
	}
	n.membershipChange.Lock()
	defer n.membershipChange.Unlock()
	moving, cancel := context.WithTimeout(ctx, changePatience)
	defer cancel()
	if err := n.consensus.AddVoter(moving, cluster.Member{ID: members[0].ID, Address: n.addresses.Peer}); err != nil {
		n.log.Warn("the new peer address was not recorded", "error", err)
	}
}
