package network

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// The bounds of connections.
const (
	// window is how many bytes may be on their way, one way. A writer waits
	// beyond it.
	window = 4 << 20
	// backlog is how many connections wait to be accepted; more are refused.
	backlog = 128
	// packets is how many packets wait to be read; more are dropped.
	packets = 1024
	// retransmit is how long it takes until a lost packet is sent again.
	retransmit = 200 * time.Millisecond
	// loopback is how long a host takes to reach itself.
	loopback = 20 * time.Microsecond
)

// Network joins hosts. Its methods may be called from any goroutine.
type Network struct {
	mu      sync.Mutex
	random  *rand.Rand
	hosts   map[netip.Addr]*Host
	weather Weather
	cut     map[direction]bool
	held    int       // packets that were lost, or that a cut held up or dropped
	rough   time.Time // when one was, or when any took long
	changed chan struct{}
}

type direction struct{ from, to netip.Addr }

// Weather is how packets fare.
type Weather struct {
	// Latency is how long each takes at least, and Jitter what is added at most.
	Latency, Jitter time.Duration
	// Loss is how likely each is lost: on a connection it is sent again, as a
	// packet it is gone.
	Loss float64
	// Doubled is how likely a packet (not a part of a connection) comes twice.
	Doubled float64
}

// New returns a network without hosts, which draws from r.
func New(r *rand.Rand, w Weather) *Network {
	return &Network{
		random: r, weather: w, hosts: map[netip.Addr]*Host{}, cut: map[direction]bool{},
		changed: make(chan struct{}),
	}
}

// SetWeather changes how packets fare from now on.
func (n *Network) SetWeather(w Weather) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.weather = w
}

// Cut stops all that goes from one host to another, that way only.
func (n *Network) Cut(from, to netip.Addr) { n.set(from, to, true) }

// Mend lets it through again; what was held up on connections arrives.
func (n *Network) Mend(from, to netip.Addr) { n.set(from, to, false) }

// MendAll lets everything through again.
func (n *Network) MendAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.cut)
	n.tell()
}

func (n *Network) set(from, to netip.Addr, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if d := (direction{from, to}); cut {
		n.cut[d] = true
	} else {
		delete(n.cut, d)
	}
	n.tell()
}

// tell wakes all who wait for a wire.
func (n *Network) tell() {
	close(n.changed)
	n.changed = make(chan struct{})
}

// Held is how many packets were lost or stood before a cut wire so far: the
// proof that weather and cuts did anything.
func (n *Network) Held() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.held
}

// wire reports whether a wire is whole, and what tells when that changes.
func (n *Network) wire(d direction) (whole bool, changed <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.cut[d], n.changed
}

// calm is what a packet takes at most where the weather is no fault.
const calm = 10 * time.Millisecond

// Calm reports whether for so long no packet was held up, and none took long.
func (n *Network) Calm(d time.Duration) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Since(n.rough) > d
}

// hold counts something that a cut wire held up.
func (n *Network) hold() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held++
	n.rough = time.Now()
}

// delay draws how long a part of a connection takes: longer for each time that
// it is lost.
func (n *Network) delay(d direction) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.latency(d)
	for d.from != d.to && n.lost() {
		out += retransmit
	}
	return out
}

// latency draws how long one packet takes. n.mu is held.
func (n *Network) latency(d direction) time.Duration {
	if d.from == d.to {
		return loopback
	}
	if n.weather.Latency+n.weather.Jitter > calm {
		n.rough = time.Now()
	}
	if n.weather.Jitter <= 0 {
		return n.weather.Latency
	}
	return n.weather.Latency + time.Duration(n.random.Int64N(int64(n.weather.Jitter)))
}

// lost draws whether one packet is lost. n.mu is held.
func (n *Network) lost() bool {
	if n.weather.Loss > 0 && n.random.Float64() < n.weather.Loss {
		n.held++
		n.rough = time.Now()
		return true
	}
	return false
}

// copies draws how a single packet fares: how long each copy of it takes; none
// if it is lost.
func (n *Network) copies(d direction) []time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut[d] {
		n.held++
		n.rough = time.Now()
		return nil
	}
	if d.from != d.to && n.lost() {
		return nil
	}
	out := []time.Duration{n.latency(d)}
	if n.random.Float64() < n.weather.Doubled {
		out = append(out, n.latency(d))
	}
	return out
}

// Host is a machine's part of the network while one process runs on it. It
// implements world.Network.
type Host struct {
	network *Network
	addr    netip.Addr

	mu        sync.Mutex
	dead      bool
	listeners map[uint16]*listener
	sockets   map[uint16]*socket
	conns     map[*conn]bool
	next      uint16 // the next port to try for who wants any
}

// Host begins a process at an address. The one before it there is dead.
func (n *Network) Host(addr netip.Addr) *Host {
	h := &Host{
		network: n, addr: addr, listeners: map[uint16]*listener{}, sockets: map[uint16]*socket{},
		conns: map[*conn]bool{}, next: firstPort,
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[addr] = h
	return h
}

// firstPort is where ports begin that nobody asked for by number.
const firstPort = 32768

// Kill ends the process: its connections are closed, and nobody listens there
// any more. Who can be reached hears of it.
func (h *Host) Kill() { h.end(true) }

// Vanish takes the machine off the network: nobody hears of it.
func (h *Host) Vanish() {
	h.network.mu.Lock()
	if h.network.hosts[h.addr] == h {
		delete(h.network.hosts, h.addr)
	}
	h.network.mu.Unlock()
	h.end(false)
}

func (h *Host) end(told bool) {
	h.mu.Lock()
	h.dead = true
	listeners, sockets, conns := h.listeners, h.sockets, h.conns
	h.listeners, h.sockets, h.conns = map[uint16]*listener{}, map[uint16]*socket{}, map[*conn]bool{}
	h.mu.Unlock()
	for _, l := range listeners {
		l.end()
	}
	for _, s := range sockets {
		s.end()
	}
	for c := range conns {
		c.die(told)
	}
}

// at returns who is at an address now, nil = no machine is.
func (n *Network) at(addr netip.Addr) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hosts[addr]
}

// port returns a port that nobody has; 0: none is left. h.mu is held.
func (h *Host) port() uint16 {
	taken := func(p uint16) bool { return h.listeners[p] != nil || h.sockets[p] != nil }
	for range 1 << 15 {
		p := h.next
		if h.next++; h.next < firstPort {
			h.next = firstPort
		}
		if !taken(p) {
			return p
		}
	}
	return 0
}

func tcp(a netip.AddrPort) *net.TCPAddr { return net.TCPAddrFromAddrPort(a) }
