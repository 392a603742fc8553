package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
)

// fixLevel is the feature level that has FIX sessions.
const fixLevel = 3

// fixGateway is FIX as a gateway.
type fixGateway struct {
	*fix.Server
	listener net.Listener
}

// Serve implements gateways.Gateway.
func (g *fixGateway) Serve() error { return g.Server.Serve(g.listener) }

// Shutdown implements gateways.Gateway.
func (g *fixGateway) Shutdown(ctx context.Context) error { return g.Close(ctx) }

// Status implements gateways.Gateway.
func (g *fixGateway) Status() gateways.GatewayStatus {
	s := gateways.GatewayStatus{Connections: g.Connections()}
	s.Sessions, s.SessionsTotal = g.Sessions()
	return s
}

// OpensItself says that the server takes clients again by itself, once the node
// is fit for them.
func (*fixGateway) OpensItself() {}

func (n *Node) openFIX(background context.Context, v *gateways.Venue) (gateways.Gateway, error) {
	limits := n.cfg.FIX.limits()
	limits.MaxConnections = fixPlaces(&n.cfg.FIX, descriptorLimit())
	encryption, err := n.cfg.FIX.tls()
	if err != nil {
		return nil, err
	}
	desks, err := n.fixDesks(background)
	if err != nil {
		return nil, err
	}
	listener, err := v.Listen(n.cfg.FIXAddress)
	if err != nil {
		return nil, fmt.Errorf("fix_address: %w", err)
	}
	server, err := fix.New(fix.Config{
		NodeID: n.cfg.NodeID, Commands: n.commands, Reads: n.reads, Sessions: n.reads, Blocks: n.reads,
		Peers: fixPeers{n}, Fit: n.fitForFIX, Desk: desks, TLS: encryption, Limits: limits,
		Force:  func() bool { return n.replica.state.Load().level >= fixLevel },
		Logger: v.Logger(), Metrics: v.Metrics(), Now: n.clock.Now, Random: n.world.Random,
	})
	if err != nil {
		return nil, err
	}
	n.fixServer.Store(server)
	return &fixGateway{server, listener}, nil
}

// fitForFIX returns why this node must not have FIX clients: what it takes may
// not be committed, or it cannot tell what was. The door waits out what is only
// an election.
func (n *Node) fitForFIX() error {
	if n.removed.Load() {
		return ErrRemoved
	}
	if n.mutedSince.Load() != nil {
		return cluster.ErrHung
	}
	if !n.caughtUp() {
		return errors.New("not yet level with the leader")
	}
	if err := n.hearsQuorum(); err != nil {
		return err
	}
	if after, through, open := n.journal.Missing(); open {
		return fmt.Errorf("events after %d up to %d are missing", after, through)
	}
	return n.remembersFIX()
}

// hearsQuorum returns why what this node takes may not be committed: a follower
// hears no leader, or the leader no majority. It says since when: a leader that
// is alone finds that out before it steps down.
func (n *Node) hearsQuorum() error {
	s := n.consensus.Status()
	_, known := n.consensus.Leader()
	silence, allowed, who := s.LastContact, max(n.cfg.Consensus.HeartbeatTimeout, leaderSilence), "the leader"
	if s.Role == cluster.RoleLeader {
		// A disk may hold the answers up for a while.
		silence, allowed, who = n.consensus.MajoritySilence(), 2*allowed, "a majority"
		if !n.leaders.leadsFor(silence) {
			silence = 0 // its election is the last that it heard
		}
	}
	switch {
	case !known:
		return &fix.Unfit{Because: errors.New("no leader is known"), For: silence}
	case silence > allowed:
		return &fix.Unfit{Because: fmt.Errorf("%s was heard %v ago", who, silence.Round(time.Millisecond)), For: silence}
	}
	return nil
}

// remembersFIX fails while this node cannot read what a session was sent before:
// a client that asks for what it missed would get nothing, and nothing after it.
// Where the whole venue is short of room and takes cancels only, clients are
// better off with a session that cannot be resent to than without one.
func (n *Node) remembersFIX() error {
	for _, s := range n.views.projector.Status() {
		if s.Name == n.views.sessions.Name() {
			return viewFresh(s, n.Intake() == gateways.IntakeCancels)
		}
	}
	return nil
}

// leaderSilence is for how long a follower may not have heard of its leader.
const leaderSilence = 150 * time.Millisecond

// The calls between nodes about FIX connections. A request is the epoch, eight
// bytes big-endian, and the CompID; or the id of a node. An answer is one byte:
// 1 yes, 0 no.
const (
	callProbeSession = "fix.probe"
	callLost         = "fix.lost"
)

// fixPeers asks other nodes.
type fixPeers struct{ node *Node }

var _ gateways.SessionPeers = fixPeers{}

// ProbeSession implements gateways.SessionPeers: the owner is asked, and beside
// it the leader whether the owner is there at all.
func (p fixPeers) ProbeSession(ctx context.Context, owner, comp string, epoch uint64) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	at, ok := p.node.addressOf(owner)
	if !ok {
		return false // it is no member any more
	}
	lost := make(chan struct{})
	go func() {
		if p.lost(ctx, owner) {
			close(lost)
		}
	}()
	lives := make(chan bool, 1)
	go func() {
		answer, err := p.node.control.Call(ctx, at, callProbeSession, append(binary.BigEndian.AppendUint64(nil, epoch), comp...))
		lives <- err == nil && len(answer) == 1 && answer[0] == 1
	}()
	select {
	case l := <-lives:
		return l
	case <-lost:
	case <-ctx.Done():
	}
	return false
}

// lost asks the leader whether it has lost a node.
func (p fixPeers) lost(ctx context.Context, id string) bool {
	leader, ok := p.node.consensus.Leader()
	switch {
	case !ok:
		return false
	case string(leader.ID) == p.node.cfg.NodeID:
		return p.node.hasLost(id)
	}
	answer, err := p.node.control.Call(ctx, leader.Address, callLost, []byte(id))
	return err == nil && len(answer) == 1 && answer[0] == 1
}

// hasLost reports whether this node leads and has not been answered by a member
// for two leases. Whoever leads only since knows nothing of the others yet.
func (n *Node) hasLost(id string) bool {
	long := 2 * n.cfg.Consensus.HeartbeatTimeout
	return id != n.cfg.NodeID && n.leaders.leadsFor(long) && !n.consensus.Hears(cluster.NodeID(id), long)
}

func (n *Node) addressOf(id string) (string, bool) {
	for _, m := range n.consensus.Members() {
		if string(m.ID) == id {
			return m.Address, true
		}
	}
	return "", false
}

// answerFIXCalls answers what other nodes ask.
func (n *Node) answerFIXCalls() {
	n.control.HandleCall(callProbeSession, func(ctx context.Context, request []byte) ([]byte, error) {
		server := n.fixServer.Load()
		if server == nil || len(request) < 8 {
			return []byte{0}, nil
		}
		return answerByte(server.Probe(ctx, string(request[8:]), binary.BigEndian.Uint64(request))), nil
	})
	n.control.HandleCall(callLost, func(_ context.Context, request []byte) ([]byte, error) {
		return answerByte(n.hasLost(string(request))), nil
	})
}

func answerByte(yes bool) []byte {
	if yes {
		return []byte{1}
	}
	return []byte{0}
}

// Session implements gateways.SessionReads; likewise below.
func (r *reads) Session(at event.Pin, comp string) (event.Reading[event.SessionState], error) {
	return answer(r.views.sessions.Session(at, comp))
}

func (r *reads) Sessions(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.SessionState]], error) {
	return answer(r.views.sessions.Sessions(ctx, at, page))
}

func (r *reads) Resend(ctx context.Context, at event.Pin, comp string, from, to uint64, yield func(event.Resent) error) (uint64, error) {
	return answer(r.views.sessions.Resend(ctx, at, comp, from, to, yield))
}

// LastBlock implements gateways.Blocks.
func (r *reads) LastBlock() market.Sequence { return r.node.journal.Last().Sequence }

// FollowBlocks implements gateways.Blocks.
func (r *reads) FollowBlocks(ctx context.Context, after market.Sequence, yield func(*event.Block) error) error {
	for {
		if err := r.node.journal.Wait(ctx, after+1); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("follow blocks: %w", err)
		}
		var stopped error
		err := r.node.journal.Read(after, func(b *event.Block) bool {
			if b.Count > 0 && b.Last() > after {
				stopped, after = yield(b), b.Last()
			}
			return stopped == nil && ctx.Err() == nil
		})
		switch {
		case stopped != nil:
			return stopped
		case err != nil:
			return readError(err)
		case ctx.Err() != nil:
			return nil
		}
	}
}

var _ interface {
	gateways.SessionReads
	gateways.Blocks
} = (*reads)(nil)
