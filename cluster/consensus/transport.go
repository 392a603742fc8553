package consensus

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// transport is Raft's own, less its fast path for heartbeats. That path
// answers on the connection's goroutine and races with the leader's loop:
// a node may take a heartbeat of a newer leader while it still counts votes
// of its followers, and two nodes may commit different entries at one index
// . Without it heartbeats wait their turn in the
// main loop, behind the follower's log write.
//
// And a follower is told of no more commits at once than it can hand to the
// machine's goroutine without waiting for it: see commitWindow.
//
// It believes no absurd term, whoever names it, and notes what peers answer.
type transport struct {
	*raft.NetworkTransport
	contacts *contacts
	nudges   *nudges
	// term is this node's current one.
	term func() uint64
	// stand says why this node asks for no votes.
	stand func() error
	// reasons hears when a leader asks this node to follow it.
	reasons *reasons
	rpcs    chan raft.RPC
	// received takes in snapshots.
	received *receiver
	// withhold are the entries that are sent to nobody.
	withhold func() []logstore.Void
	stop     chan struct{}
	once     *sync.Once
}

// Consumer returns what peers ask.
func (t transport) Consumer() <-chan raft.RPC { return t.rpcs }

// Close ends the transport.
func (t transport) Close() error {
	t.once.Do(func() { close(t.stop) })
	t.nudges.close()
	err := t.NetworkTransport.Close() // ends what is being received
	t.received.close()
	return err
}

// relay hands on a request, and reports whether more are taken. What this node
// has no room for is refused before Raft sees it, which would take an error of
// its log for the end. Heartbeats carry no entries: the leader is heard all the
// same, and nobody stands for election.
func (t transport) relay(rpc raft.RPC, limit *commitLimit, refuse func() error) bool {
	if err := checkTerm(termOf(rpc.Command), t.term(), maxTermJump); err != nil {
		// mark: a request names an absurd term
		rpc.Respond(nil, err)
		return true
	}
	if _, ok := rpc.Command.(*raft.TimeoutNowRequest); ok {
		if err := t.stand(); err != nil {
			// mark: a node is asked to lead and may not
			rpc.Respond(nil, err)
			return true
		}
		t.reasons.campaign(cluster.CauseHandedOver)
	}
	if response := needsRoom(rpc.Command); response != nil {
		if err := refuse(); err != nil {
			// mark: a request for more room is refused
			rpc.Respond(response, err)
			return true
		}
	}
	if request, ok := rpc.Command.(*raft.InstallSnapshotRequest); ok {
		t.received.serve(rpc, request, t, t.install) // nothing else comes by its connection meanwhile
		return true
	}
	if request, ok := rpc.Command.(*raft.AppendEntriesRequest); ok {
		request.LeaderCommitIndex = min(limit.of(request.LeaderCommitIndex), agreed(request))
	}
	select {
	case t.rpcs <- rpc:
		return true
	case <-t.stop:
		return false
	}
}

// install has the main loop install a snapshot that was received, and returns
// its answer; false at the end.
func (t transport) install(rpc raft.RPC) (raft.RPCResponse, bool) {
	answer := make(chan raft.RPCResponse, 1)
	rpc.RespChan = answer
	select {
	case t.rpcs <- rpc:
	case <-t.stop:
		return raft.RPCResponse{}, false
	}
	select {
	case response := <-answer:
		return response, true
	case <-t.stop:
		return raft.RPCResponse{}, false
	}
}

// needsRoom returns the answer to refuse a request with that would make this
// node's log or snapshots grow, nil for every other one.
func needsRoom(request any) any {
	switch r := request.(type) {
	case *raft.AppendEntriesRequest:
		if len(r.Entries) > 0 {
			return &raft.AppendEntriesResponse{RPCHeader: r.RPCHeader, Term: r.Term}
		}
	case *raft.InstallSnapshotRequest:
		return &raft.InstallSnapshotResponse{RPCHeader: r.RPCHeader, Term: r.Term}
	}
	return nil
}

// maxAppendBytes bounds the entries of one request to a follower, unless the
// first is larger. A heartbeat waits at the follower behind one request, whose
// entries are synced as one.
const maxAppendBytes = 1 << 20

// fitting is how many of the entries of a request are sent: Raft bounds them by
// count alone. It looks at the request afterwards for what the follower has, so
// the rest is sent next.
func fitting(entries []*raft.Log) int {
	bytes := 0
	for i, e := range entries {
		if bytes += len(e.Data) + len(e.Extensions); bytes > maxAppendBytes && i > 0 {
			return i
		}
	}
	return len(entries)
}

// commitWindow is how many entries beyond the last that the machine has
// applied a follower learns to be committed. Raft's main loop reads them all
// and queues them, 128 batches of 64, before it does anything else; when the
// queue is full it waits, and answers no heartbeat. Half of that never fills
// it, and costs the loop some 20 ms to read. A commit index that is lower than
// it could be is always safe, and the next request raises it.
const commitWindow = 4096

// agreed is the last index at which a request shows that the follower's log is
// the leader's: the last entry in it, or the one that they go behind. What
// follows in the follower's log may never have been committed, and Raft's paper
// (figure 2, AppendEntries, 5) bounds what it takes for committed so. The
// library takes its whole log. A leader that waits before it tries again fixes
// the entries of a request before the wait and the commit index after it, so
// that a new leader's first request to a node that was away may have no entries
// and a commit index beyond them: the node applied its own end of the log.
func agreed(r *raft.AppendEntriesRequest) uint64 {
	if n := len(r.Entries); n > 0 {
		return r.Entries[n-1].Index
	}
	return r.PrevLogEntry
}

// commitLimit is the window's.
type commitLimit struct {
	applied *atomic.Uint64
	raft    atomic.Pointer[raft.Raft]
}

// lastIndex is the end of this node's log, 0 while Raft is just starting.
func (c *commitLimit) lastIndex() uint64 {
	if r := c.raft.Load(); r != nil {
		return r.LastIndex()
	}
	return 0
}

// of returns what the follower is told.
func (c *commitLimit) of(commit uint64) uint64 {
	if limit := c.applied.Load() + commitWindow; commit <= limit {
		return commit
	}
	base := c.applied.Load()
	// The machine sees no entries of Raft's own. While it has nothing to do,
	// all that was handed out is done.
	if r := c.raft.Load(); r != nil && r.Stats()["fsm_pending"] == "0" {
		base = max(base, r.AppliedIndex())
	}
	return min(commit, base+commitWindow)
}

// SetHeartbeatHandler does nothing.
func (transport) SetHeartbeatHandler(func(raft.RPC)) {}

var (
	_ raft.Transport   = transport{}
	_ raft.WithPreVote = transport{}
	_ raft.WithClose   = transport{}
)

// newTransport allows one request under way to each peer. Pipelining can
// wedge a follower for good, and was slower as well.
func newTransport(stream *stream, timeout time.Duration, logger hclog.Logger, limit *commitLimit, c *contacts, term func() uint64, refuse, stand func() error, why *reasons, received *receiver) transport {
	t := transport{contacts: c, term: term, stand: stand, reasons: why, rpcs: make(chan raft.RPC), received: received, stop: make(chan struct{}), once: new(sync.Once)}
	settings := raft.NetworkTransportConfig{
		Stream:                  asking{stream},
		MaxPool:                 poolSize,
		MaxRPCsInFlight:         1,
		Timeout:                 timeout,
		Logger:                  logger,
		MsgpackUseNewTimeFormat: true,
	}
	t.NetworkTransport = raft.NewNetworkTransportWithConfig(&settings)
	t.nudges = newNudges(term, limit.lastIndex, t.nudge)
	go t.receive(stream, settings, limit, refuse)
	return t
}

// stream adapts a StreamLayer to Raft's port and knows every connection, so
// that closing it closes them: peers then see at once that the node is gone.
type stream struct {
	layer   StreamLayer
	address string

	over chan struct{} // closed with the stream

	mu     sync.Mutex
	closed bool
	conns  map[*conn]bool
	spares map[string][]*spare // by address, the oldest first
}

func newStream(layer StreamLayer, address string) *stream {
	return &stream{layer: layer, address: address, over: make(chan struct{}), conns: make(map[*conn]bool), spares: make(map[string][]*spare)}
}

// Accept waits for a peer.
func (s *stream) Accept() (net.Conn, error) {
	c, err := s.layer.Accept()
	if err != nil {
		return nil, err
	}
	var from cluster.NodeID
	if p, ok := c.(interface{ Peer() cluster.NodeID }); ok {
		from = p.Peer()
	}
	return s.track(&conn{Conn: c, from: from})
}

// Dial connects to a peer, by a connection that was made ahead if there is one.
func (s *stream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	if c := s.takeSpare(string(address)); c != nil {
		return c, nil
	}
	c, err := s.layer.Dial(string(address), timeout)
	if err != nil {
		return nil, err
	}
	return s.track(&conn{Conn: c, to: string(address)})
}

// hears reports whether a connection is open that a node made to this one: what
// came on it may still wait for Raft. One that has ended is closed only once
// all of that was answered.
func (s *stream) hears(id cluster.NodeID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.from == id {
			return true
		}
	}
	return false
}

func (s *stream) track(c *conn) (*conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Conn.Close()
		return nil, net.ErrClosed
	}
	c.stream = s
	s.conns[c] = true
	return c, nil
}

// Close closes the layer and all connections. It may be called twice.
func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.over)
	for c := range s.conns {
		_ = c.Conn.Close()
	}
	return s.layer.Close()
}

// Addr returns the advertised address, which Raft takes for the node's own.
func (s *stream) Addr() net.Addr { return advertised(s.address) }

type advertised string

func (advertised) Network() string  { return "tcp" }
func (a advertised) String() string { return string(a) }

type conn struct {
	net.Conn
	stream *stream
	from   cluster.NodeID // who made it; "" = this node, or one that does not say
	to     string         // the address that this node made it to; "" = it was accepted
}

// Close closes the connection.
func (c *conn) Close() error {
	c.stream.mu.Lock()
	delete(c.stream.conns, c)
	c.stream.mu.Unlock()
	return c.Conn.Close()
}
