package consensus_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// patience bounds every wait of these tests; it is not what they measure.
const patience = 30 * time.Second

// chain is the machine under test: a running checksum of all it was given,
// so that a lost, doubled or swapped entry shows. The outcome of an entry is
// the count after it.
type chain struct {
	mu      sync.Mutex
	count   uint64
	sum     uint32
	last    cluster.Index
	changed chan struct{} // closed and replaced when the state changes
	poison  string        // an entry on which Apply panics
	sick    error         // what Apply panics with, on any entry
	record  *record       // what it says it has applied; outlives it
	held    chan struct{} // it applies nothing until this is closed; nil: it is not held
	ballast int           // bytes of no meaning in its snapshots
}

func newChain() *chain { return &chain{changed: make(chan struct{}), record: &record{}} }

// record is what a machine keeps of the entries it applied.
type record struct {
	mu      sync.Mutex
	entries map[cluster.Index]string
	// gullible vouches for any entry.
	gullible bool
}

func (r *record) add(e cluster.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries == nil {
		r.entries = map[cluster.Index]string{}
	}
	r.entries[e.Index] = fmt.Sprint(e.Term, string(e.Data))
}

// Witnessed implements cluster.Witness.
func (c *chain) Witnessed(entries []cluster.Entry) (int, error) {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	for i, e := range entries {
		if !c.record.gullible && c.record.entries[e.Index] != fmt.Sprint(e.Term, string(e.Data)) {
			return i, nil
		}
	}
	return len(entries), nil
}

func (c *chain) Apply(entries []cluster.Entry) [][][]byte {
	if c.held != nil {
		<-c.held
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out [][][]byte
	for _, e := range entries {
		if c.sick != nil {
			panic(c.sick)
		}
		if c.poison != "" && string(e.Data) == c.poison {
			panic("poisoned")
		}
		if e.Index <= c.last {
			panic(fmt.Sprintf("entry %d after %d", e.Index, c.last))
		}
		c.last = e.Index
		c.count++
		c.sum = crc32.Update(c.sum, crc32.IEEETable, e.Data)
		c.record.add(e)
		out = append(out, [][]byte{binary.LittleEndian.AppendUint64(nil, c.count)})
	}
	c.notify()
	return out
}

func (c *chain) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *chain) state() (count uint64, sum uint32, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count, c.sum, c.changed
}

func (c *chain) Snapshot() (cluster.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := binary.LittleEndian.AppendUint64(nil, c.count)
	b = binary.LittleEndian.AppendUint64(b, uint64(c.last))
	b = binary.LittleEndian.AppendUint32(b, c.sum)
	return frozen(append(b, make([]byte, c.ballast)...)), nil
}

func (c *chain) Restore(r io.Reader) error {
	p, err := c.Prepare(r)
	if err != nil {
		return err
	}
	return p.Install()
}

// Prepare implements cluster.Preparer.
func (c *chain) Prepare(r io.Reader) (cluster.Prepared, error) {
	p := &preparedChain{chain: c}
	if _, err := io.ReadFull(r, p.state[:]); err != nil {
		return nil, err
	}
	_, err := io.Copy(io.Discard, r)
	return p, err
}

// preparedChain is a state beside the one that is there.
type preparedChain struct {
	chain *chain
	state [20]byte
}

func (p *preparedChain) Install() error {
	c := p.chain
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count = binary.LittleEndian.Uint64(p.state[:])
	c.last = cluster.Index(binary.LittleEndian.Uint64(p.state[8:]))
	c.sum = binary.LittleEndian.Uint32(p.state[16:])
	c.notify()
	return nil
}

func (*preparedChain) Discard() {}

type frozen []byte

func (f frozen) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(f)
	return int64(n), err
}

func (frozen) Release() {}

// tcp is the stream layer over loopback, with a switch that cuts the node off
// from all others.
type tcp struct {
	net.Listener

	mu    sync.Mutex
	cut   bool
	dials int // begun, since the start
	conns []net.Conn
	// stalls, while it is not nil, holds up what comes on a connection after its
	// first stallAfter bytes, until it is closed.
	stalls chan struct{}
}

// stallAfter is more than any request but a snapshot's has.
const stallAfter = 2 << 20

// stalling is a connection that may stall.
type stalling struct {
	net.Conn
	network *tcp
	bytes   int
}

func (s *stalling) Read(b []byte) (int, error) {
	s.network.mu.Lock()
	stalls := s.network.stalls
	s.network.mu.Unlock()
	if stalls != nil && s.bytes > stallAfter {
		<-stalls
	}
	n, err := s.Conn.Read(b)
	s.bytes += n
	return n, err
}

func listen(t testing.TB, address string) *tcp {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return &tcp{Listener: listener}
}

func (s *tcp) Accept() (net.Conn, error) {
	for {
		c, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if s.add(c) {
			return &stalling{Conn: c, network: s}, nil
		}
	}
}

func (s *tcp) Dial(address string, timeout time.Duration) (net.Conn, error) {
	s.mu.Lock()
	s.dials++
	s.mu.Unlock()
	c, err := net.DialTimeout("tcp", address, timeout)
	if err == nil && !s.add(c) {
		err = errors.New("cut off")
	}
	return c, err
}

// add reports whether the node is not cut off, and closes c if it is.
func (s *tcp) add(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut {
		_ = c.Close()
		return false
	}
	s.conns = append(s.conns, c)
	return true
}

func (s *tcp) isolate(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

// peer is one node of a test cluster, over its lives.
type peer struct {
	*consensus.Node
	config  consensus.Config
	machine *chain
	network *tcp
	poison  string        // of the machines to come
	record  *record       // of the machines to come; nil = they remember nothing
	held    chan struct{} // of the machines to come
	fatal   chan error    // capacity 1
}

// group is a cluster in this process.
type group struct {
	t     testing.TB
	peers []*peer
}

// newGroup starts size nodes with the given settings.
func newGroup(t testing.TB, size int, set func(*consensus.Config)) *group {
	g := &group{t: t}
	var members []cluster.Member
	for i := range size {
		p := g.newPeer(cluster.NodeID(fmt.Sprintf("n%d", i+1)), set)
		members = append(members, cluster.Member{ID: p.config.NodeID, Address: p.config.Address, Voter: true})
	}
	for _, p := range g.peers {
		p.config.InitialMembers = members
		g.start(p)
	}
	return g
}

// newPeer makes a node that is not started. Its address is taken when it is
// made and again at each start.
func (g *group) newPeer(id cluster.NodeID, set func(*consensus.Config)) *peer {
	listener := listen(g.t, "127.0.0.1:0")
	p := &peer{fatal: make(chan error, 1)}
	p.config = consensus.Config{
		NodeID:  id,
		Dir:     filepath.Join(g.t.TempDir(), string(id)),
		Stream:  listener,
		Address: listener.Addr().String(),
		Fatal:   func(err error) { p.fatal <- err },
		Timeouts: consensus.Timeouts{
			Heartbeat: 400 * time.Millisecond,
			Commit:    2 * time.Millisecond,
		},
	}
	if os.Getenv("RIALTO_TEST_LOG") != "" {
		p.config.Logger = slog.New(slog.NewTextHandler(g.t.Output(), nil)).With("node", id)
	}
	if set != nil {
		set(&p.config)
	}
	g.peers = append(g.peers, p)
	return p
}

// start opens a node with a machine that knows nothing.
func (g *group) start(p *peer) {
	g.t.Helper()
	if err := g.open(p); err != nil {
		g.t.Fatal(err)
	}
}

func (g *group) open(p *peer) error {
	if p.config.Stream == nil {
		p.config.Stream = listen(g.t, p.config.Address)
	}
	p.network = p.config.Stream.(*tcp)
	p.machine = newChain()
	p.machine.poison, p.machine.held = p.poison, p.held
	if p.record != nil {
		p.machine.record = p.record
	}
	p.config.Machine = p.machine
	node, err := consensus.Open(context.Background(), p.config)
	p.config.Stream = nil
	if err != nil {
		return err
	}
	p.Node = node
	g.t.Cleanup(func() { g.stop(p, node) })
	return nil
}

// stop closes a node as it would be after a crash: without handing over.
func (g *group) stop(p *peer, node *consensus.Node) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := node.Close(ctx); err != nil {
		g.t.Errorf("close %s: %v", p.config.NodeID, err)
	}
	if p.Node == node {
		p.Node = nil
	}
}

func (g *group) kill(p *peer) {
	g.t.Helper()
	g.stop(p, p.Node)
}

// leader waits until one of the running nodes leads. One that was outvoted may
// not know it yet: of two the one of the newer term leads. What Leadership says
// may be a little old, and is not asked.
func (g *group) leader() *peer {
	g.t.Helper()
	var found *peer
	g.eventually("a leader", func() bool {
		var newest cluster.Term
		for _, p := range g.peers {
			if p.Node == nil {
				continue
			}
			if s := p.Status(); s.Role == cluster.RoleLeader && s.Term > newest {
				found, newest = p, s.Term
			}
		}
		return found != nil
	})
	return found
}

// follower returns a running node that does not lead.
func (g *group) follower() *peer {
	leader := g.leader()
	for _, p := range g.peers {
		if p.Node != nil && p != leader {
			return p
		}
	}
	g.t.Fatal("no follower")
	return nil
}

// propose puts an entry through whoever leads, and answers its index and the
// machine's count after it.
func (g *group) propose(entry string) (cluster.Index, uint64) {
	g.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		index, outcomes, err := g.leader().Propose([]byte(entry)).Wait()
		if err == nil {
			return index, binary.LittleEndian.Uint64(outcomes[0])
		}
		if !errors.Is(err, cluster.ErrNotLeader) {
			g.t.Fatalf("propose %q: %v", entry, err)
		}
	}
	g.t.Fatalf("propose %q: no leader took it", entry)
	return 0, 0
}

// converge waits until every running machine has count entries and all have
// the same checksum.
func (g *group) converge(count uint64) {
	g.t.Helper()
	var want uint32
	for i, p := range g.running() {
		sum := p.machine.await(g.t, count)
		if i == 0 {
			want = sum
		}
		if sum != want {
			g.t.Errorf("checksum of %s = %08x, want %08x", p.config.NodeID, sum, want)
		}
	}
}

func (g *group) running() []*peer {
	var out []*peer
	for _, p := range g.peers {
		if p.Node != nil {
			out = append(out, p)
		}
	}
	return out
}

func (c *chain) await(t testing.TB, count uint64) uint32 {
	t.Helper()
	timeout := time.After(patience)
	for {
		got, sum, changed := c.state()
		if got == count {
			return sum
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("machine has %d entries, want %d", got, count)
		}
	}
}

// eventually polls: what it waits for has no event to wait on.
func (g *group) eventually(what string, holds func() bool) {
	g.t.Helper()
	timeout := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-timeout:
			g.t.Fatalf("no %s within %v", what, patience)
		}
	}
}

// bothKinds runs a test over either log store.
func bothKinds(t *testing.T, test func(t *testing.T, set func(*consensus.Config))) {
	for _, kind := range []logstore.Kind{logstore.WAL, logstore.Bolt} {
		t.Run(string(kind), func(t *testing.T) {
			test(t, func(c *consensus.Config) { c.LogStore = kind })
		})
	}
}
