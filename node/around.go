package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/liveness"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// A follower that is cut off from its leader, and not from the others, would
// answer 503 for as long as that lasts. So forwarding goes round: by a voter
// that says on its liveness connection that it hears the leader.

const (
	// aroundEvery is how often a node that knows no leader asks whether the
	// others do.
	aroundEvery = 20 * time.Millisecond
	// directTimeout bounds the way to the leader itself where there is another,
	// and aroundFor is for how long the other is tried first after that.
	directTimeout = 250 * time.Millisecond
	aroundFor     = 5 * time.Second
	// backEvery is how often one whose commands go round tries the direct way.
	backEvery = time.Second
	// aroundMark begins the address of a leader that is reached by others only:
	// no link to it is a link to the address alone.
	aroundMark = "around "
)

// detours knows which ways to a leader were tried in vain.
type detours struct {
	mu     sync.Mutex
	failed map[string]time.Time // by address; one leads, so they are few
	way    *wayRound            // nil: the last connection goes directly
}

// wayRound is a connection to the leader at an address that others carry.
type wayRound struct {
	address string
	conn    net.Conn
}

// maxDetours bounds the addresses.
const maxDetours = 64

func (d *detours) note(address string, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed == nil || len(d.failed) >= maxDetours {
		d.failed = map[string]time.Time{}
	}
	d.failed[address] = now
}

func (d *detours) recent(address string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, failed := d.failed[address]
	return failed && now.Sub(at) < aroundFor
}

// take notes which way the connection goes that is used from now on.
func (d *detours) take(way *wayRound) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.way = way
}

// round returns the connection that goes round to the leader at an address, nil
// if there is none.
func (d *detours) round(address string) *wayRound {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.way == nil || d.way.address != address {
		return nil
	}
	return d.way
}

// end gives a way round up: the leader can be reached directly again.
func (d *detours) end(way *wayRound) {
	d.mu.Lock()
	delete(d.failed, way.address)
	if d.way == way {
		d.way = nil
	}
	d.mu.Unlock()
	_ = way.conn.Close()
}

// secondHand is who leads as the other voters hear it, for one that hears
// nobody itself: the leader of the latest term, and how it is reached.
func secondHand(self cluster.NodeID, peers []liveness.Peer, members []cluster.Member) cluster.Member {
	var best liveness.View
	direct := false
	for _, p := range peers {
		if !p.Up || !p.View.Hears || p.View.Leader == "" || p.View.Leader == self || p.View.Term < best.Term {
			continue
		}
		direct = p.View.Term == best.Term && direct || p.ID == p.View.Leader && !p.Silent
		best = p.View
	}
	at := slices.IndexFunc(members, func(m cluster.Member) bool { return m.ID == best.Leader && best.Leader != "" })
	if at < 0 {
		return cluster.Member{}
	}
	leader := members[at]
	if !direct {
		leader.Address = aroundMark + leader.Address
	}
	return leader
}

// helpers are the voters that hear the leader at an address and can be reached.
func helpers(address string, peers []liveness.Peer, members []cluster.Member) (addresses []string) {
	of := func(id cluster.NodeID) string {
		if at := slices.IndexFunc(members, func(m cluster.Member) bool { return m.ID == id }); at >= 0 {
			return members[at].Address
		}
		return ""
	}
	for _, p := range peers {
		if address != "" && p.Up && p.View.Hears && p.ID != p.View.Leader && of(p.View.Leader) == address {
			addresses = append(addresses, of(p.ID))
		}
	}
	return addresses
}

// goAround tells forwarding who leads as the others hear it, while this node
// knows of nobody.
func (n *Node) goAround(ctx context.Context) {
	every(ctx, aroundEvery, func() bool {
		var heard cluster.Member
		if n.consensus.Leadership().Leader == "" && !n.removed.Load() && n.mutedSince.Load() == nil {
			heard = secondHand(cluster.NodeID(n.cfg.NodeID), n.liveness.Peers(), n.consensus.Members())
		}
		n.leaders.hear(heard)
		return true
	})
}

// comeBack ends a way round when the leader is heard by this node itself and can
// be reached directly: what goes round hangs by the health of one more node.
// What is unanswered on it is sent again.
func (n *Node) comeBack(ctx context.Context) {
	every(ctx, backEvery, func() bool {
		now := n.consensus.Leadership()
		if now.Leader == "" || now.Leading {
			return true
		}
		way := n.detours.round(now.Address)
		if way == nil {
			return true
		}
		if conn, err := n.dialDirectly(ctx, way.address, true); err == nil {
			_ = conn.Close()
			n.detours.end(way)
		}
		return true
	})
}

var errNoWay = errors.New("nobody who hears the leader can be reached")

// dialLeader connects to the forward server of the leader: directly, or by a
// node that hears it where that can't be.
func (n *Node) dialLeader(ctx context.Context, address string) (net.Conn, error) {
	at, only := strings.CutPrefix(address, aroundMark)
	by := helpers(at, n.liveness.Peers(), n.consensus.Members())
	if !only && (len(by) == 0 || !n.detours.recent(at, time.Now())) {
		conn, err := n.dialDirectly(ctx, at, len(by) > 0)
		if err == nil || len(by) == 0 {
			n.detours.take(nil)
			return conn, err
		}
		n.detours.note(at, time.Now())
	}
	err := errNoWay
	for _, helper := range by {
		conn, failed := n.dialBy(ctx, helper, at)
		if failed == nil {
			n.detours.take(&wayRound{at, conn})
			return conn, nil
		}
		err = failed
	}
	return nil, fmt.Errorf("reach the leader at %s by others: %w", at, err)
}

func (n *Node) dialDirectly(ctx context.Context, address string, hasty bool) (net.Conn, error) {
	if hasty {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, directTimeout)
		defer cancel()
	}
	conn, err := n.mux.Dial(ctx, address, peer.ProtocolForwardBrief)
	if errors.Is(err, peer.ErrProtocol) { // a build that knows whole outcomes only
		return n.mux.Dial(ctx, address, peer.ProtocolForward)
	}
	return conn, err
}

// openRelays has this node help others to the leader. Who is helped shakes hands
// with the leader itself, who so knows by a certificate whose commands these are;
// where the port is open, those that can't are helped too.
func (n *Node) openRelays(server *forward.Server) {
	self := cluster.NodeID(n.cfg.NodeID)
	to := func(p peer.Protocol) func(context.Context, string) (net.Conn, error) {
		return func(ctx context.Context, address string) (net.Conn, error) { return n.mux.Dial(ctx, address, p) }
	}
	carried := n.mux.Carried(peer.ProtocolForward)
	n.mux.Handle(peer.ProtocolCarried, carried)
	n.mux.Handle(peer.ProtocolCarry, forward.NewRelay(self, carried, firstHand{n.leaders}, to(peer.ProtocolCarried)).Serve)
	if !n.certifiedOnly() {
		n.mux.Handle(peer.ProtocolRelay, forward.NewRelay(self, server.Serve, firstHand{n.leaders}, to(peer.ProtocolForward)).Serve)
	}
}

// dialBy reaches the leader at an address by a node that hears it.
func (n *Node) dialBy(ctx context.Context, helper, address string) (net.Conn, error) {
	carried, err := n.mux.Dial(ctx, helper, peer.ProtocolCarry)
	if err == nil {
		var conn net.Conn
		if conn, err = n.mux.Through(ctx, carried, address, peer.ProtocolForward); err == nil {
			return conn, nil
		}
	}
	if n.certifiedOnly() {
		return nil, err
	}
	return n.mux.Dial(ctx, helper, peer.ProtocolRelay) // one of them is of an earlier build
}
