package forward_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
)

// venue is a cluster without consensus: nodes with real sequencers, servers
// and clients around one log that the test hands from leader to leader. The
// machine executes each command once and remembers in which order.
type venue struct {
	latency time.Duration // from proposal to commit
	lag     time.Duration // of each direction of a connection
	nodes   []*node

	mu       sync.Mutex
	leader   int // -1: none
	term     cluster.Term
	under    []*proposal // of the leader, in order
	index    cluster.Index
	executed map[string]cluster.Index
	order    []string // executed commands
	repeats  int
	conns    []net.Conn
	refusing bool // proposals, though there is a leader
	deaf     bool // dialling hangs until its context ends
	relayed  bool // clients reach nobody but by the relay of the next node
	wires    sync.WaitGroup
}

type node struct {
	venue     *venue
	number    int
	member    cluster.Member
	leaders   forward.Leaders
	sequencer *sequencer.Sequencer
	client    *forward.Client
	server    *forward.Server
	relay     *forward.Relay
	serving   sync.WaitGroup
	cancel    context.CancelFunc
	ctx       context.Context
}

func newVenue(nodes int, change func(*forward.Config)) *venue {
	v := &venue{latency: time.Millisecond, leader: -1, executed: make(map[string]cluster.Index)}
	for i := range nodes {
		n := &node{venue: v, number: i}
		n.member = cluster.Member{ID: cluster.NodeID(fmt.Sprint("n", i)), Address: fmt.Sprint(i), Voter: true}
		n.ctx, n.cancel = context.WithCancel(context.Background())
		n.sequencer = sequencer.Open(sequencer.Config{Node: n.member.ID, Proposer: n, Sealer: sealer{}, Schedule: idle{}})
		n.server = forward.NewServer(n.sequencer, &n.leaders)
		n.relay = forward.NewRelay(n.member.ID, n.server.Serve, &n.leaders, v.direct)
		v.nodes = append(v.nodes, n)
	}
	for _, n := range v.nodes {
		cfg := forward.Config{Node: n.member.ID, Leadership: &n.leaders, Sequencer: n.sequencer, Dial: v.dial}
		if change != nil {
			change(&cfg)
		}
		n.client = forward.Open(cfg)
	}
	return v
}

func (v *venue) close() {
	for _, n := range v.nodes {
		n.client.Close()
	}
	v.cut()
	for _, n := range v.nodes {
		n.cancel()
		n.serving.Wait()
		n.sequencer.Close()
	}
	v.wires.Wait()
}

// dial connects to the forward server of the node whose number is address, or
// to the relay of the node after it.
func (v *venue) dial(ctx context.Context, address string) (net.Conn, error) {
	v.mu.Lock()
	deaf, relayed := v.deaf, v.relayed
	v.mu.Unlock()
	if deaf {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var number int
	fmt.Sscan(address, &number)
	if relayed {
		n := v.nodes[(number+1)%len(v.nodes)]
		return v.connect(n, n.relay.Serve)
	}
	return v.direct(ctx, address)
}

func (v *venue) direct(_ context.Context, address string) (net.Conn, error) {
	var number int
	fmt.Sscan(address, &number)
	return v.connect(v.nodes[number], v.nodes[number].server.Serve)
}

func (v *venue) connect(n *node, serve func(context.Context, net.Conn)) (net.Conn, error) {
	here, there := net.Pipe()
	if v.lag > 0 {
		there = v.stretch(there)
	}
	v.mu.Lock()
	v.conns = append(v.conns, here)
	v.mu.Unlock()
	n.serving.Go(func() {
		defer there.Close()
		serve(n.ctx, there)
	})
	return here, nil
}

// stretch puts a wire of length v.lag before conn and returns its far end.
func (v *venue) stretch(conn net.Conn) net.Conn {
	near, far := net.Pipe()
	v.wires.Go(func() { v.carry(near, conn) })
	v.wires.Go(func() { v.carry(conn, near) })
	return far
}

// carry copies what arrives, v.lag later.
func (v *venue) carry(to, from net.Conn) {
	type chunk struct {
		data []byte
		at   time.Time
	}
	wire := make(chan chunk, 1000)
	v.wires.Go(func() {
		defer to.Close()
		for c := range wire {
			time.Sleep(time.Until(c.at))
			to.Write(c.data)
		}
	})
	defer close(wire)
	for {
		buf := make([]byte, 64<<10)
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		wire <- chunk{buf[:n], time.Now().Add(v.lag)}
	}
}

// cut breaks all connections.
func (v *venue) cut() {
	v.mu.Lock()
	conns := v.conns
	v.conns = nil
	v.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
}

// elect makes node number the leader, or nobody for -1. Of what the old
// leader had under way the first kept entries are committed all the same; it
// learns neither. tell is asked before each node is told.
func (v *venue) elect(number, kept int, tell func()) {
	v.mu.Lock()
	old := v.leader
	for i, p := range v.under {
		if i < kept {
			v.apply(p)
		}
		p.resolve(0, nil, cluster.ErrUnknownOutcome)
	}
	v.under = nil
	v.leader = -1
	v.mu.Unlock()
	if old >= 0 {
		time.Sleep(time.Millisecond) // nothing is taken while they vote
	}
	v.mu.Lock()
	v.leader = number
	v.term++
	term := v.term
	v.mu.Unlock()
	if old >= 0 {
		tell()
		v.nodes[old].sequencer.LostLeadership()
	}
	if number >= 0 {
		tell()
		v.nodes[number].sequencer.SetLeader(term)
	}
	for _, n := range v.nodes {
		tell()
		if number < 0 {
			n.leaders.Set(cluster.Member{}, false)
		} else {
			n.leaders.Set(v.nodes[number].member, true)
		}
	}
}

// apply executes an entry; the caller holds the lock.
func (v *venue) apply(p *proposal) [][]byte {
	v.index++
	var out [][]byte
	for _, c := range p.commands {
		if _, again := v.executed[c]; again {
			v.repeats++
		} else {
			v.executed[c] = v.index
			v.order = append(v.order, c)
		}
		out = append(out, []byte("did "+c))
	}
	return out
}

type proposal struct {
	commands []string
	done     chan struct{}
	index    cluster.Index
	outcomes [][]byte
	err      error
}

func (p *proposal) resolve(index cluster.Index, outcomes [][]byte, err error) {
	p.index, p.outcomes, p.err = index, outcomes, err
	close(p.done)
}

func (p *proposal) Wait() (cluster.Index, [][]byte, error) {
	<-p.done
	return p.index, p.outcomes, p.err
}

// Propose implements cluster.Proposer for one node.
func (n *node) Propose(entry []byte) cluster.Proposal {
	p := &proposal{done: make(chan struct{}), commands: unseal(entry)}
	v := n.venue
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leader != n.number || v.refusing {
		p.resolve(0, nil, cluster.ErrNotLeader)
		return p
	}
	v.under = append(v.under, p)
	time.AfterFunc(v.latency, func() { v.commit(p) })
	return p
}

// silence waits until the new leader's opening entry is committed; from then on
// nothing is.
func (v *venue) silence() {
	time.Sleep(2 * v.latency)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.latency = time.Hour
}

// refuse makes the leader refuse proposals, as Raft does during a transfer.
func (v *venue) refuse(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refusing = on
}

// commit commits everything up to p, unless a change of leader came first.
func (v *venue) commit(p *proposal) {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := slices.Index(v.under, p)
	for _, q := range v.under[:at+1] {
		out := v.apply(q)
		q.resolve(v.index, out, nil)
	}
	v.under = v.under[at+1:]
}

// sealer writes length-prefixed commands.
type sealer struct{}

func (sealer) Seal(dst []byte, _ int64, commands [][]byte) ([]byte, error) {
	for _, c := range commands {
		if strings.HasPrefix(string(c), "unsealable") {
			return nil, errors.New("unsealable")
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(c)))
		dst = append(dst, c...)
	}
	return dst, nil
}

func (sealer) TermStart(term cluster.Term, leader cluster.NodeID) []byte {
	return fmt.Appendf(nil, "term %d by %s", term, leader)
}

func unseal(entry []byte) (commands []string) {
	for len(entry) > 0 {
		n := 4 + int(binary.BigEndian.Uint32(entry))
		commands = append(commands, string(entry[4:n]))
		entry = entry[n:]
	}
	return commands
}

// idle is a machine without timers.
type idle struct{}

func (idle) NextDeadline() (int64, bool) { return 0, false }
func (idle) Pending() bool               { return false }

// at once tells every node without delay.
func atOnce() {}
