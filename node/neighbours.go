package node

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// resolveTimeout bounds how long one member's name is looked up.
const resolveTimeout = time.Second

// neighbours knows the addresses that members call from, so that the peer port
// can keep places for them. It is told of hosts as they are configured; an
// address proves nothing about who calls.
type neighbours struct {
	known atomic.Pointer[map[netip.Addr]bool]
	hosts map[string][]netip.Addr // of the last time; one goroutine's
}

// member reports whether an address is a member's.
func (b *neighbours) member(a netip.Addr) bool {
	known := b.known.Load()
	return known != nil && (*known)[a]
}

// learn replaces what is known by the addresses of these members, each
// host:port. A name that can't be looked up now keeps its addresses.
func (b *neighbours) learn(ctx context.Context, members []string) {
	hosts, known := map[string][]netip.Addr{}, map[netip.Addr]bool{}
	for _, m := range members {
		host, _, err := net.SplitHostPort(m)
		if err != nil || hosts[host] != nil {
			continue
		}
		found := resolve(ctx, host)
		if found == nil {
			found = b.hosts[host]
		}
		hosts[host] = found
		for _, a := range found {
			known[a] = true
		}
	}
	b.hosts = hosts
	b.known.Store(&known)
}

func resolve(ctx context.Context, host string) []netip.Addr {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap().WithZone("")}
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	for i := range found {
		found[i] = found[i].Unmap().WithZone("")
	}
	return found
}

// meetNeighbours keeps the peer port's picture of the members up to date: those
// of Raft's configuration, and this node itself.
func (n *Node) meetNeighbours(ctx context.Context) {
	every(ctx, findInterval, func() bool {
		members := []string{n.addresses.Peer}
		for _, m := range n.consensus.Members() {
			members = append(members, m.Address)
		}
		n.neighbours.learn(ctx, append(members, n.configuredPeers()...))
		return true
	})
}

// configuredPeers are the addresses that the configuration names: the founders
// of the cluster and those whom this node wants to join.
func (n *Node) configuredPeers() []string {
	out := append([]string{n.addresses.Peer}, n.cfg.Join...)
	for _, m := range n.cfg.InitialCluster {
		out = append(out, m.PeerAddress)
	}
	return out
}

// refusedEvery is how often the log names a peer that was turned away: a flood
// of them must not become a flood of lines.
const refusedEvery = time.Second

// refusals counts the connections that the peer port turned away.
type refusals struct {
	all    atomic.Uint64
	logged atomic.Int64 // when the last one was logged, ns
}

// count reports whether this one is to be logged.
func (r *refusals) count(now time.Time) bool {
	r.all.Add(1)
	last := r.logged.Load()
	return now.UnixNano()-last >= int64(refusedEvery) && r.logged.CompareAndSwap(last, now.UnixNano())
}
