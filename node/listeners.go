package node

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/rialto-exchange/rialto/cluster/membership"
)

// Listeners are sockets that a node is given, by a program that has bound its
// ports before or must know them. What is nil the node opens by itself, at the
// address of its configuration.
//
// A node owns what it was given from Open on, whatever comes of it. A door that
// must refuse callers for a while is closed, and opened again at its address.
type Listeners struct {
	HTTP, FIX, Peer net.Listener
	// Gossip takes connections and GossipPackets packets (UDP), both at one
	// address: both are set, or neither.
	Gossip        net.Listener
	GossipPackets net.PacketConn
}

// WithListeners has the node listen on sockets that are open already. Their
// addresses take the place of those of the configuration.
func WithListeners(l Listeners) Option { return func(n *Node) { n.given = l } }

// WithoutREST and WithoutFIX leave a door out: its address is of no account then,
// and nothing listens there. A node without REST has no health checks, metrics
// or event streams either, and `rialto` cannot reach it.
func WithoutREST() Option { return func(n *Node) { n.without.rest = true } }

// WithoutFIX is described with WithoutREST.
func WithoutFIX() Option { return func(n *Node) { n.without.fix = true } }

// Addresses are where others reach a node, host:port. A door that it does not
// have is "".
type Addresses struct{ HTTP, FIX, Peer, Gossip string }

// Addresses returns where others reach the node: the bound ports, also where
// the configuration says port 0, with advertise_host if there is one.
func (n *Node) Addresses() Addresses { return n.addresses }

// check refuses half of gossip's sockets.
func (l *Listeners) check() error {
	if (l.Gossip == nil) != (l.GossipPackets == nil) {
		return errors.New("listeners: Gossip and GossipPackets go together")
	}
	return nil
}

// validate is Config.Validate with the addresses of the given sockets.
func (l *Listeners) validate(c Config) error {
	l.adopt(&c)
	return c.Validate()
}

// adopt puts the addresses of the given sockets into a configuration.
func (l *Listeners) adopt(c *Config) {
	for _, s := range []struct {
		socket  net.Listener
		address *string
	}{
		{l.HTTP, &c.HTTPAddress}, {l.FIX, &c.FIXAddress}, {l.Peer, &c.PeerAddress}, {l.Gossip, &c.GossipAddress},
	} {
		if s.socket != nil {
			*s.address = s.socket.Addr().String()
		}
	}
}

// openSockets opens those whose port is any, so that others can be told which
// it is before anything else. Whoever calls meanwhile waits for the door.
func (n *Node) openSockets(context.Context, context.Context) error {
	for _, s := range []struct {
		what    string
		socket  *net.Listener
		address *string
		without bool
	}{
		{"http_address", &n.given.HTTP, &n.cfg.HTTPAddress, n.without.rest},
		{"fix_address", &n.given.FIX, &n.cfg.FIXAddress, n.without.fix},
		{"peer_address", &n.given.Peer, &n.cfg.PeerAddress, false},
	} {
		if *s.socket != nil || s.without || !anyPort(*s.address) {
			continue
		}
		socket, err := n.listen(*s.address)
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		*s.socket, *s.address = socket, socket.Addr().String()
	}
	if n.given.Gossip == nil && anyPort(n.cfg.GossipAddress) {
		sockets, err := membership.Listen(n.world.Network, n.cfg.GossipAddress)
		if err != nil {
			return fmt.Errorf("gossip_address: %w", err)
		}
		n.given.Gossip, n.given.GossipPackets = sockets.Streams, sockets.Packets
		n.cfg.GossipAddress = sockets.Streams.Addr().String()
	}
	n.advertise()
	return nil
}

// anyPort reports whether an address leaves its port to the system.
func anyPort(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "0"
}

// advertise says where others reach this node. A founder whose own port is any
// founds with the one that it got.
func (n *Node) advertise() {
	n.addresses = Addresses{
		HTTP:   advertised(n.cfg.HTTPAddress, n.cfg.AdvertiseHost),
		FIX:    advertised(n.cfg.FIXAddress, n.cfg.AdvertiseHost),
		Peer:   advertised(n.cfg.PeerAddress, n.cfg.AdvertiseHost),
		Gossip: advertised(n.cfg.GossipAddress, n.cfg.AdvertiseHost),
	}
	if n.without.rest {
		n.addresses.HTTP = ""
	}
	if n.without.fix {
		n.addresses.FIX = ""
	}
	founders := append([]InitialMember(nil), n.cfg.InitialCluster...)
	for i := range founders {
		if founders[i].ID == n.cfg.NodeID && anyPort(founders[i].PeerAddress) {
			founders[i].PeerAddress = n.addresses.Peer
		}
	}
	n.cfg.InitialCluster = founders
}

// advertised replaces the host of an address.
func advertised(address, host string) string {
	if host == "" {
		return address
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort(host, port)
}

// listen opens a port for connections.
func (n *Node) listen(address string) (net.Listener, error) {
	return n.world.Network.Listen("tcp", address)
}

// socket takes what was given or opened before, or opens it now.
func (n *Node) socket(given *net.Listener, address string) (net.Listener, error) {
	if l := *given; l != nil {
		*given = nil
		return l, nil
	}
	return n.listen(address)
}

// gossipSockets takes those that were given or opened before; zero: there are
// none.
func (n *Node) gossipSockets() membership.Sockets {
	s := membership.Sockets{Streams: n.given.Gossip, Packets: n.given.GossipPackets}
	n.given.Gossip, n.given.GossipPackets = nil, nil
	return s
}

// dropSockets closes those that nobody took.
func (n *Node) dropSockets() error {
	errs := []error{n.gossipSockets().Close()}
	for _, l := range []*net.Listener{&n.given.HTTP, &n.given.FIX, &n.given.Peer} {
		if *l != nil {
			errs = append(errs, (*l).Close())
			*l = nil
		}
	}
	return errors.Join(errs...)
}
