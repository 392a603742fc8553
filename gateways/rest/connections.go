package rest

import (
	lists "container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the sockets of a server.
const (
	// DefaultMaxConnections is how many sockets are open at once, beside the
	// reserved ones.
	DefaultMaxConnections = 20_000
	// DefaultReservedConnections is how many more are accepted for those who
	// must get in when the node is full: probes, scrapers, administrators.
	DefaultReservedConnections = 64
	// patience is how long a connection may keep a full node waiting for the
	// rest of a request before it is closed for one that comes: the head of an
	// honest request follows its connection at once.
	patience = 10 * time.Millisecond
	// idlePatience is the same between two requests.
	idlePatience = 500 * time.Millisecond
	// reservedPatience is how long a reserved connection may take to send its
	// request, body included.
	reservedPatience = 2 * time.Second
)

// connections is a listener that bounds how many sockets are open: in all, and
// by remote address (an IPv6 one counts by its /64).
//
// Whoever comes when a bound is reached takes the place of a connection whose
// refusal is late (see lateness), else of the one that has waited longest for
// its own client: for the head of a request or the rest of a body, else for the
// next request. So who is refused too often and slow senders displace each
// other and nobody else. Where all are at work the newcomer gets a reserved place,
// where only health, metrics and administrators are answered; and where these
// are taken too it is closed.
type connections struct {
	net.Listener
	most, perAddress, reserve int
	now                       func() time.Time
	metrics                   *metrics
	participants              *shares // requests at work

	mu       sync.Mutex
	open     int // ordinary places taken
	reserved int // reserved places taken
	guests   map[netip.Prefix]*guest
	// silent and reservedSilent hold the connections that wait for their
	// clients.
	silent, reservedSilent silent
}

// silence is why nothing is done for a connection.
type silence uint8

const (
	atWork silence = iota // something is
	// punished: its refusal is late, for its caller has had too many.
	punished
	amid // its client has yet to send the rest of a request
	idle // its client has yet to send the next request
	silences
)

// silent holds the connections that make room for others, by why they are
// silent, the longest first.
type silent [silences]lists.List

// guest is one remote address with ordinary places.
type guest struct {
	open   int
	silent silent
}

// connection is an open socket. What is not set at its birth is guarded by
// connections.mu.
type connection struct {
	net.Conn
	door     *connections
	from     netip.Prefix
	born     time.Time
	reserved bool
	crowded  bool // reserved because its address has as many as it may
	lateOnes atomic.Int32
	left     bool
	silence  silence
	since    time.Time      // of its silence
	inAll    *lists.Element // of the door's silent ones; nil while at work
	inGuest  *lists.Element // of its address's silent ones
}

func listen(cfg ServerConfig, m *metrics) *connections {
	l := &connections{
		Listener: cfg.Listener, most: cfg.MaxConnections, perAddress: cfg.MaxPerAddress,
		reserve: cfg.ReservedConnections, now: time.Now, metrics: m, guests: map[netip.Prefix]*guest{},
	}
	if l.most == 0 {
		l.most = DefaultMaxConnections
	}
	if l.perAddress == 0 {
		l.perAddress = max(1, l.most/2)
	}
	perParticipant := cfg.MaxPerParticipant
	if perParticipant == 0 {
		perParticipant = max(1, l.most/2)
	}
	l.participants = newShares(perParticipant)
	if l.reserve == 0 {
		l.reserve = DefaultReservedConnections
	}
	return l
}

// Accept implements net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c, displaced := l.admit(conn)
		if displaced != nil {
			l.metrics.refused.WithLabelValues("displaced").Inc()
			_ = displaced.Close() // its client is told by the closing
		}
		if c != nil {
			return c, nil
		}
		l.metrics.refused.WithLabelValues("full").Inc()
		_ = conn.Close()
	}
}

// admit gives a new socket a place, nil if there is none, and names the
// connection that has to make room for it.
func (l *connections) admit(conn net.Conn) (c, displaced *connection) {
	c = &connection{Conn: conn, door: l, from: addressOf(conn), born: l.now()}
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.guests[c.from]
	c.crowded = g != nil && g.open >= l.perAddress
	switch {
	case c.crowded:
		displaced = l.oldest(&g.silent)
	case l.open >= l.most:
		displaced = l.oldest(&l.silent)
	}
	if displaced == nil && (c.crowded || l.open >= l.most) {
		c.reserved = true
		if l.reserved >= l.reserve {
			if displaced = l.oldest(&l.reservedSilent); displaced == nil {
				return nil, nil
			}
		}
	}
	if displaced != nil {
		l.leave(displaced)
	}
	l.enter(c)
	return c, displaced
}

// oldest returns the connection that has been silent longest, those first that
// have the least claim to their places; nil if none has been for long enough.
func (l *connections) oldest(s *silent) *connection {
	for why := punished; why < silences; why++ {
		front := s[why].Front()
		if front == nil {
			continue
		}
		if c := front.Value.(*connection); l.now().Sub(c.since) >= patienceWith(why) {
			return c
		}
	}
	return nil
}

// patienceWith is how long a connection of a silence is left alone.
func patienceWith(why silence) time.Duration {
	switch why {
	case amid:
		return patience
	case idle:
		return idlePatience
	}
	return 0
}

func (l *connections) enter(c *connection) {
	if c.reserved {
		l.reserved++
	} else {
		l.open++
		if l.guests[c.from] == nil {
			l.guests[c.from] = &guest{}
		}
		l.guests[c.from].open++
	}
	l.hush(c, amid)
}

// leave gives a connection's place back, once.
func (l *connections) leave(c *connection) {
	if c.left {
		return
	}
	l.wake(c)
	c.left = true
	if c.reserved {
		l.reserved--
		return
	}
	l.open--
	g := l.guests[c.from]
	if g.open--; g.open == 0 {
		delete(l.guests, c.from)
	}
}

// hush notes that a connection is silent from now on.
func (l *connections) hush(c *connection, why silence) {
	if c.left || c.inAll != nil {
		return
	}
	c.since, c.silence = l.now(), why
	if c.reserved {
		c.inAll = l.reservedSilent[why].PushBack(c)
		return
	}
	c.inAll = l.silent[why].PushBack(c)
	c.inGuest = l.guests[c.from].silent[why].PushBack(c)
}

// wake notes that a connection is at work.
func (l *connections) wake(c *connection) {
	if c.inAll == nil {
		return
	}
	if c.reserved {
		l.reservedSilent[c.silence].Remove(c.inAll)
	} else {
		l.silent[c.silence].Remove(c.inAll)
		l.guests[c.from].silent[c.silence].Remove(c.inGuest)
	}
	c.inAll, c.inGuest, c.silence = nil, nil, atWork
}

// follow is http.Server.ConnState: a request is at work from the end of its
// head to the end of its answer.
func (l *connections) follow(conn net.Conn, state http.ConnState) {
	c := connectionOf(conn)
	if c == nil {
		return
	}
	switch state {
	case http.StateIdle:
		c.is(idle)
	case http.StateActive:
		c.is(atWork)
	}
}

// is notes that the connection is silent from now on, or at work.
func (c *connection) is(why silence) {
	if c == nil {
		return
	}
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	c.door.wake(c)
	if why != atWork {
		c.door.hush(c, why)
	}
}

// counts returns how many ordinary and reserved places are taken.
func (l *connections) counts() (ordinary, reserved int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.reserved
}

// SetReadDeadline implements net.Conn. What a client still has to send over a
// reserved connection is due soon; a zero time, while nothing is due, stays.
func (c *connection) SetReadDeadline(t time.Time) error {
	if last := c.born.Add(reservedPatience); c.reserved && t.After(last) {
		t = last
	}
	return c.Conn.SetReadDeadline(t)
}

// Close implements net.Conn.
func (c *connection) Close() error {
	err := c.Conn.Close()
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	c.door.leave(c)
	return err
}

// connectionKey is where a request's context has its connection.
type connectionKey struct{}

func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connectionOf(conn))
}

// onReserved reports whether a request came over a reserved connection.
func onReserved(ctx context.Context) bool {
	c := connectionIn(ctx)
	return c != nil && c.reserved
}

// connectionIn returns the connection of a request, nil without a server.
func connectionIn(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

func connectionOf(conn net.Conn) *connection {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	c, _ := conn.(*connection)
	return c
}

// addressOf returns what a socket's other end is counted by: an IPv4 address,
// or the /64 that an IPv6 host owns as a rule.
func addressOf(conn net.Conn) netip.Prefix {
	remote := conn.RemoteAddr()
	if remote == nil {
		return netip.Prefix{}
	}
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return netip.Prefix{}
	}
	return prefixOf(at.Addr())
}

func prefixOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
