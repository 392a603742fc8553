// Package membership (no promise) finds the other nodes by gossip and shows what
// they say of themselves: addresses, version, role and whether they are alive.
// It never decides anything: Raft's configuration alone says who belongs, and
// Raft alone who leads.
package membership

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// State is what gossip believes of a node.
type State string

// The states.
const (
	StateAlive State = "alive"
	// StateSuspect: it has not answered this node's probes for a round and a
	// half; see Membership.Members.
	StateSuspect State = "suspect"
	StateDead    State = "dead"
	StateLeft    State = "left" // it said goodbye
)

// Peer is a node as gossip shows it.
type Peer struct {
	Meta
	State State
	// Since is when this node saw the state begin, by its own clock; the zero
	// time for suspects.
	Since time.Time
	Self  bool
}

// Config of Open. ClusterID and Meta.ID are required, and BindAddress or
// Sockets.
type Config struct {
	// ClusterID labels every packet; those of another cluster are dropped.
	ClusterID string
	// Secrets, each of 16, 24 or 32 bytes, encrypt the gossip and keep strangers
	// out: what is sent is encrypted by the first, what comes by any of them is
	// understood. Empty leaves it open.
	Secrets [][]byte
	// HearPlain takes what is not encrypted too, SendPlain sends it so: while a
	// cluster goes from open gossip to encrypted. Without Secrets they say
	// nothing.
	HearPlain, SendPlain bool
	// BindAddress is host:port to listen on, TCP and UDP; port 0 picks one.
	BindAddress string
	// Network is where it is opened, and others are called; nil = the system's.
	Network world.Network
	// Sockets, if they are set, are used instead; Open owns them.
	Sockets Sockets
	// AdvertiseAddress is the host:port that others use; "" means the bound.
	AdvertiseAddress string
	// Meta is what this node says of itself. GossipAddress is filled in.
	Meta Meta
	// Logger takes memberlist's own lines; nil drops them.
	Logger *slog.Logger
	// ProbeInterval is how often one other node is probed; 0 means
	// DefaultProbeInterval. A dead node of three is declared so after about six.
	ProbeInterval time.Duration
}

// DefaultProbeInterval finds a dead node of three in about 3 s, for some 10
// packets a second.
const DefaultProbeInterval = 500 * time.Millisecond

// MaxPeers bounds the nodes that are remembered, the dead ones included; past
// it the longest dead is forgotten.
const MaxPeers = 256

// spreadTime bounds the wait until news has left this node.
const spreadTime = 2 * time.Second

// reclaimAfter is how long a dead node's name is kept for its old address: as
// short as memberlist can, for a node id is kept with the node's data, so
// that who comes back under it elsewhere is the same node.
const reclaimAfter = time.Millisecond

// Membership is this node's part of the gossip. Its methods may be called
// from any goroutine.
type Membership struct {
	list  *memberlist.Memberlist
	probe time.Duration
	self  cluster.NodeID
	// keyring is nil where gossip is open.
	keyring *memberlist.Keyring

	mu      sync.Mutex
	meta    Meta
	peers   map[cluster.NodeID]*record
	changed chan struct{}
	leaving bool
	closed  bool
}

// record is what is kept of a node.
type record struct {
	peer  Peer
	heard time.Time // its last answer to our probe, or its arrival
}

// Open starts gossiping. Nothing is known of others until Join, or until they
// join us.
func Open(cfg Config) (*Membership, error) {
	if cfg.Network == nil {
		cfg.Network = world.System().Network
	}
	m := &Membership{
		probe:   cmp.Or(cfg.ProbeInterval, DefaultProbeInterval),
		self:    cfg.Meta.ID,
		meta:    cfg.Meta,
		peers:   make(map[cluster.NodeID]*record),
		changed: make(chan struct{}),
	}
	sockets, err := cfg.sockets()
	if err != nil {
		return nil, fmt.Errorf("open membership: %w", err)
	}
	settings, err := m.settings(cfg, sockets.Streams.Addr())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open membership: %w", err), sockets.Close())
	}
	port := newTransport(sockets, cfg.Network, settings.Logger)
	settings.Transport = port
	if m.list, err = memberlist.Create(settings); err != nil {
		return nil, errors.Join(fmt.Errorf("open membership: %w", err), port.Shutdown())
	}
	m.mu.Lock()
	m.meta.GossipAddress = m.list.LocalNode().Address()
	m.mu.Unlock()
	return m, nil
}

// sockets are those to gossip on: given, or opened.
func (c *Config) sockets() (Sockets, error) {
	if c.Sockets.Streams != nil && c.Sockets.Packets != nil {
		return c.Sockets, nil
	}
	if c.Sockets != (Sockets{}) {
		return Sockets{}, errors.Join(errors.New("gossip needs a listener and a packet socket, and was given one of them"), c.Sockets.Close())
	}
	return Listen(c.Network, c.BindAddress)
}

// settings makes memberlist's of ours: those of a local network, probing
// faster, for clusters of a few nodes.
func (m *Membership) settings(cfg Config, at net.Addr) (*memberlist.Config, error) {
	if cfg.ClusterID == "" || cfg.Meta.ID == "" {
		return nil, errors.New("cluster id and node id are required")
	}
	if err := cfg.Meta.check(); err != nil {
		return nil, err
	}
	s := memberlist.DefaultLANConfig()
	s.Name = string(cfg.Meta.ID)
	s.Label = cfg.ClusterID
	s.DeadNodeReclaimTime = reclaimAfter
	s.ProbeInterval = m.probe
	s.ProbeTimeout = m.probe * 2 / 5
	s.SuspicionMult = 4
	s.TCPTimeout = 2 * time.Second
	s.PushPullInterval = 15 * time.Second
	s.GossipToTheDeadTime = 60 * time.Second
	s.EnableCompression = false // metadata is small and already compact
	s.Delegate, s.Events, s.Ping, s.Alive = delegate{m}, delegate{m}, delegate{m}, delegate{m}
	s.Logger = stdLogger(cfg.Logger)
	if len(cfg.Secrets) > 0 {
		keyring, err := memberlist.NewKeyring(cfg.Secrets, cfg.Secrets[0])
		if err != nil {
			return nil, fmt.Errorf("gossip secret: %w", err)
		}
		m.keyring, s.Keyring = keyring, keyring
		s.GossipVerifyIncoming, s.GossipVerifyOutgoing = !cfg.HearPlain, !cfg.SendPlain
	}
	var err error
	if s.BindAddr, s.BindPort, err = hostPort(at.String()); err != nil {
		return nil, fmt.Errorf("gossip address: %w", err)
	}
	s.AdvertisePort = s.BindPort
	if cfg.AdvertiseAddress != "" {
		if s.AdvertiseAddr, s.AdvertisePort, err = hostPort(cfg.AdvertiseAddress); err != nil {
			return nil, fmt.Errorf("advertised gossip address: %w", err)
		}
		s.AdvertisePort = cmp.Or(s.AdvertisePort, s.BindPort)
	}
	return s, nil
}

func hostPort(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port of %q: %w", address, err)
	}
	return host, int(number), nil
}

// Join gossips with the nodes at addresses (host:port) and returns how many
// answered; an error only when none did.
func (m *Membership) Join(addresses []string) (int, error) {
	n, err := m.list.Join(addresses)
	if n > 0 || len(addresses) == 0 {
		return n, nil
	}
	return 0, fmt.Errorf("join %v: %w", addresses, err)
}

// Update changes what this node says of itself and begins to spread it. The
// id and the gossip address stay. It returns once the news was sent to
// someone, or with an error after spreadTime; it spreads even so.
func (m *Membership) Update(meta Meta) error {
	m.mu.Lock()
	meta.ID, meta.GossipAddress = m.meta.ID, m.meta.GossipAddress
	if err := meta.check(); err != nil {
		m.mu.Unlock()
		return fmt.Errorf("update membership: %w", err)
	}
	same := meta == m.meta
	m.meta = meta
	m.mu.Unlock()
	if same {
		return nil
	}
	if err := m.list.UpdateNode(spreadTime); err != nil {
		return fmt.Errorf("update membership: %w", err)
	}
	return nil
}

// Members returns all nodes that were ever seen since Open, this one
// included, by id. A node that memberlist holds for alive but that has been
// silent to our own probes for a round and a half is shown as suspect; its
// death is memberlist's verdict.
func (m *Membership) Members() []Peer {
	now := time.Now()
	score := m.list.GetHealthScore()
	m.mu.Lock()
	defer m.mu.Unlock()
	patience := m.patience(score)
	out := make([]Peer, 0, len(m.peers))
	for _, r := range m.peers {
		peer := r.peer
		if peer.State == StateAlive && !peer.Self && now.Sub(r.heard) > patience {
			peer.State, peer.Since = StateSuspect, time.Time{}
		}
		out = append(out, peer)
	}
	slices.SortFunc(out, func(a, b Peer) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// patience is a round and a half of probes: one probe an interval, each other
// node in turn, slower while memberlist finds this node itself unwell.
func (m *Membership) patience(score int) time.Duration {
	others := 0
	for _, r := range m.peers {
		if r.peer.State == StateAlive && !r.peer.Self {
			others++
		}
	}
	round := m.probe * time.Duration(max(others, 1)*(score+1))
	return round*3/2 + m.probe
}

// Changed returns a channel that is closed when a node next comes, goes or
// changes what it says of itself. Silence alone (suspect) does not close it.
func (m *Membership) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// Leave says goodbye, so that others show this node as left and not as dead,
// and stops gossiping. It waits for the goodbye to spread, until ctx ends or
// for twice spreadTime at most.
func (m *Membership) Leave(ctx context.Context) error {
	timeout := spreadTime
	if at, ok := ctx.Deadline(); ok {
		timeout = max(min(timeout, time.Until(at)), time.Millisecond)
	}
	m.mu.Lock()
	first := !m.leaving && !m.closed
	m.leaving = true
	m.mu.Unlock()
	if !first { // memberlist panics when asked to leave after its end
		return nil
	}
	told := m.list.UpdateNode(timeout)
	left := m.list.Leave(timeout)
	return errors.Join(told, left, m.Close())
}

// Close stops gossiping without a word, as a crash would.
func (m *Membership) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	if err := m.list.Shutdown(); err != nil {
		return fmt.Errorf("close membership: %w", err)
	}
	return nil
}
