// Package peer (no promise) is the one TCP port between the nodes of a cluster:
// a Mux that listens on it, checks by a short preamble that a caller belongs to
// the same cluster, and hands each connection to the protocol that the caller
// named.
package peer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
)

// Protocol names what is spoken on a connection after its preamble.
type Protocol uint8

// The protocols. A number is never given a second meaning.
const (
	ProtocolRaft     Protocol = 1
	ProtocolForward  Protocol = 2
	ProtocolControl  Protocol = 3
	ProtocolJournal  Protocol = 4
	ProtocolLiveness Protocol = 5
	ProtocolRelay    Protocol = 6
	// ProtocolForwardBrief is ProtocolForward with brief outcomes.
	ProtocolForwardBrief Protocol = 7
	// ProtocolCarry asks a node to carry a connection to the leader it follows,
	// ProtocolCarried is how that one is called: what follows is a connection of
	// its own, between the two ends.
	ProtocolCarry   Protocol = 8
	ProtocolCarried Protocol = 9
)

// Defaults of Config.
const (
	DefaultMaxConnections  = 256
	DefaultPreambleTimeout = 2 * time.Second
	DefaultGrace           = time.Second
)

// Errors of Dial and Listen that callers branch on.
var (
	// ErrWrongCluster: the other end belongs to a cluster of another id.
	ErrWrongCluster = errors.New("peer belongs to another cluster")
	// ErrVersion: the two ends speak different preamble versions.
	ErrVersion = errors.New("peer speaks another version")
	// ErrProtocol: the other end does not serve the protocol asked for.
	ErrProtocol = errors.New("peer does not serve this protocol")
	// ErrBusy: the other end has as many connections as it allows.
	ErrBusy = errors.New("peer has too many connections")
	// ErrNotPeer: the other end does not answer like a node of Rialto.
	ErrNotPeer = errors.New("not a peer port")
	// ErrClosed: this Mux is closed.
	ErrClosed = errors.New("peer port is closed")
)

// Config of a Mux.
type Config struct {
	// ClusterID must be the same on both ends of each connection.
	ClusterID string
	// Network is where the port is and others are called; nil = the system's.
	Network world.Network
	// MaxConnections bounds the accepted connections that are open at one
	// time; one more is answered ErrBusy. 0 means DefaultMaxConnections.
	MaxConnections int
	// MaxStrangers is how many of them may be of addresses that are no
	// member's, MaxPerStranger of one address. 0 means DefaultMaxStrangers, or
	// a quarter of MaxConnections if that is less.
	MaxStrangers int
	// Member says whether an address is a member's; nil means that all are. It
	// must not block. An address proves nothing: it only says whose places a
	// connection takes.
	Member func(netip.Addr) bool
	// PreambleTimeout bounds how long a caller may take to say who it is, and
	// how long an answer to our own preamble may take. 0 means
	// DefaultPreambleTimeout.
	PreambleTimeout time.Duration
	// Grace is how long Close lets handlers write what they have to say
	// before it closes their connections. 0 means DefaultGrace.
	Grace time.Duration
	// Audible are the protocols that go on while the Mux is mute.
	Audible []Protocol
	// Proof, if it is set, makes every connection prove who is at its ends.
	Proof *Proof
	// Security, if it is set, has connections encrypted and both ends certified.
	Security *Security
	// Refused is told of each connection that was turned away before it
	// reached a handler; may be nil. It must not block.
	Refused func(remote net.Addr, reason error)
}

func (c Config) withDefaults() Config {
	if c.Network == nil {
		c.Network = world.System().Network
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = DefaultMaxConnections
	}
	if c.MaxStrangers == 0 {
		c.MaxStrangers = min(DefaultMaxStrangers, c.MaxConnections/4)
	}
	if c.Member == nil {
		c.Member = func(netip.Addr) bool { return true }
		c.MaxStrangers = 0
	}
	if c.PreambleTimeout == 0 {
		c.PreambleTimeout = DefaultPreambleTimeout
	}
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	if c.Refused == nil {
		c.Refused = func(net.Addr, error) {}
	}
	return c
}

// Handler serves one connection and returns when it is done with it; the Mux
// closes the connection then. ctx ends when the Mux closes, and pending reads
// fail at the same moment; writes may go on for Config.Grace.
type Handler func(ctx context.Context, conn net.Conn)

// Mux shares one listener among protocols. Its methods may be called from any
// goroutine.
type Mux struct {
	cfg      Config
	cluster  [8]byte
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	workers  sync.WaitGroup

	mu       sync.Mutex
	handlers map[Protocol]Handler
	open     map[net.Conn]struct{}
	places   places
	dialled  map[*dialledConn]struct{}
	closed   bool
	muted    bool
	cut      bool // muted for good

	plain      plainPeers
	handshakes pace
}

// Listen opens the port at address (host:port; port 0 picks a free one) and
// begins to accept. Connections for a protocol that has no handler yet are
// refused, so register handlers before peers are told of the address.
func Listen(address string, cfg Config) (*Mux, error) {
	listener, err := cfg.withDefaults().Network.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for peers: %w", err)
	}
	return Serve(listener, cfg), nil
}

// Serve is Listen on a listener that exists already. The Mux owns it from
// then on.
func Serve(listener net.Listener, cfg Config) *Mux {
	ctx, cancel := context.WithCancel(context.Background())
	cfg = cfg.withDefaults()
	m := &Mux{
		cfg:      cfg,
		cluster:  clusterHash(cfg.ClusterID),
		listener: listener,
		ctx:      ctx,
		cancel:   cancel,
		handlers: make(map[Protocol]Handler),
		open:     make(map[net.Conn]struct{}),
		places:   newPlaces(cfg),
		dialled:  make(map[*dialledConn]struct{}),
	}
	m.workers.Go(m.accept)
	return m
}

// Addr is the address that the Mux listens on.
func (m *Mux) Addr() net.Addr { return m.listener.Addr() }

// Handle registers the handler of a protocol. Registering one twice is a
// mistake in the wiring and panics.
func (m *Mux) Handle(protocol Protocol, handler Handler) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.handlers[protocol]; taken {
		panic(fmt.Sprintf("peer: protocol %d has two handlers", protocol))
	}
	m.handlers[protocol] = handler
}

// Connections is the number of accepted connections that are open.
func (m *Mux) Connections() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.open)
}

// Close stops accepting, ends the context of all handlers, gives them
// Config.Grace to finish, closes every accepted connection and waits for all
// handlers to return. Connections made by Dial belong to their callers.
func (m *Mux) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		m.workers.Wait()
		return nil
	}
	m.closed = true
	m.cancel()
	for conn := range m.open {
		conn.SetReadDeadline(time.Now())
	}
	m.mu.Unlock()
	err := m.listener.Close()
	timer := time.AfterFunc(m.cfg.Grace, m.closeConnections)
	m.workers.Wait()
	timer.Stop()
	m.closeConnections() // those that a stream layer handed to its owner
	return err
}

func (m *Mux) closeConnections() {
	m.mu.Lock()
	conns := slices.Collect(maps.Keys(m.open))
	m.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
	}
}
