package fix

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"
)

// limiter counts the connections and the logons of addresses. It remembers an
// address while it has a connection or has used up some of its logons.
//
// A connection that is not logged on holds its place only as long as nobody else
// wants it: whoever fills a node with sockets that say nothing, or with Logons of
// one session that wait for each other, keeps nobody out.
type limiter struct {
	limits Limits
	mu     sync.Mutex
	places map[netip.Prefix]*place
	all    int
	came   uint64 // connections, ever
}

// place is what one address has.
type place struct {
	conns int
	// strangers are those of its connections that are not logged on, the oldest
	// first.
	strangers list.List
	// spent logons, as of then; they come back with time.
	spent float64
	then  time.Time
}

// wrongCosts is how many logons a wrong password counts for.
const wrongCosts = 10

// sweepAt is how many addresses are remembered before those that have nothing
// left are forgotten.
const sweepAt = 4096

func newLimiter(l Limits) *limiter { return &limiter{limits: l, places: map[netip.Prefix]*place{}} }

// prefixOf is who a connection counts for: an address, or the /64 of an IPv6
// one.
func prefixOf(a net.Addr) netip.Prefix {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := t.AddrPort().Addr().Unmap()
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

// ticket is a connection's place.
type ticket struct {
	from netip.Prefix
	conn net.Conn
	came uint64 // its place among all that ever came
	// stranger is its entry among those, nil: it is logged on. Both under the
	// limiter's lock.
	stranger *list.Element
	left     bool
}

// enter takes a place for a connection; nil: there is none. Where all are taken
// it is that of a stranger, who is to be closed.
func (l *limiter) enter(p netip.Prefix, conn net.Conn) (t, out *ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.place(p)
	switch {
	case at.conns >= l.limits.MaxPerAddress:
		out = at.oldest()
	case l.all >= l.limits.MaxConnections:
		out = l.crowd()
	default:
		return l.seat(at, p, conn), nil
	}
	if out == nil {
		return nil, nil
	}
	l.vacate(out)
	return l.seat(at, p, conn), out
}

func (l *limiter) seat(at *place, p netip.Prefix, conn net.Conn) *ticket {
	l.all++
	at.conns++
	l.came++
	t := &ticket{from: p, conn: conn, came: l.came}
	t.stranger = at.strangers.PushBack(t)
	return t
}

// oldest returns the stranger who has been there longest, nil without any.
func (at *place) oldest() *ticket {
	first := at.strangers.Front()
	if first == nil {
		return nil
	}
	return first.Value.(*ticket)
}

// crowd returns the oldest stranger of the address that has the most; of two
// with as many the one who has been there longer.
func (l *limiter) crowd() (out *ticket) {
	most := 0
	for _, at := range l.places {
		n, first := at.strangers.Len(), at.oldest()
		if n > most || n == most && n > 0 && first.came < out.came {
			most, out = n, first
		}
	}
	return out
}

// known says that a connection is logged on: its place is its own.
func (l *limiter) known(t *ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(t)
}

func (l *limiter) forget(t *ticket) {
	if t.stranger != nil {
		l.places[t.from].strangers.Remove(t.stranger)
		t.stranger = nil
	}
}

// leave gives the place back, if it has not been taken away.
func (l *limiter) leave(t *ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.vacate(t)
}

func (l *limiter) vacate(t *ticket) {
	if t.left {
		return
	}
	l.forget(t)
	t.left = true
	l.all--
	l.places[t.from].conns--
}

// logon takes one of an address's logons; false: it has tried too often.
func (l *limiter) logon(p netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.place(p)
	if at.spent+1 > float64(l.limits.LogonsPerMinute) {
		return false
	}
	at.spent++
	return true
}

// wrong says that a logon was one with a wrong password.
func (l *limiter) wrong(p netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.place(p).spent += wrongCosts - 1
}

// place returns an address's counts as of now.
func (l *limiter) place(p netip.Prefix) *place {
	now := time.Now()
	at, known := l.places[p]
	if !known {
		if len(l.places) >= sweepAt {
			l.sweep(now)
		}
		at = &place{then: now}
		l.places[p] = at
	}
	at.refill(now, l.limits.LogonsPerMinute)
	return at
}

func (at *place) refill(now time.Time, perMinute int) {
	at.spent = max(0, at.spent-now.Sub(at.then).Minutes()*float64(perMinute))
	at.then = now
}

func (l *limiter) sweep(now time.Time) {
	for p, at := range l.places {
		if at.refill(now, l.limits.LogonsPerMinute); at.conns == 0 && at.spent == 0 {
			delete(l.places, p)
		}
	}
}
