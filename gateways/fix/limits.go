package fix

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// limiter counts the connections and the logons of addresses. It remembers an
// address while it has a connection or has used up some of its logons.
type limiter struct {
	limits Limits
	mu     sync.Mutex
	places map[netip.Prefix]*place
	all    int
}

// place is what one address has.
type place struct {
	conns int
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

// enter takes a place for a connection; false: there is none.
func (l *limiter) enter(p netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.place(p)
	if l.all >= l.limits.MaxConnections || at.conns >= l.limits.MaxPerAddress {
		return false
	}
	l.all++
	at.conns++
	return true
}

// leave gives the place back.
func (l *limiter) leave(p netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	l.place(p).conns--
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
