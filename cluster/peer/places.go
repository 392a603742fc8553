package peer

import (
	lists "container/list"
	"net"
	"net/netip"
)

// Bounds of the accepted connections, beside Config.MaxConnections.
const (
	// DefaultMaxStrangers is how many of the accepted connections may be of
	// addresses that are no member's; all others are kept for members.
	DefaultMaxStrangers = 64
	// MaxPerStranger is how many of these one address may have.
	MaxPerStranger = 16
)

// places says which accepted connections may stay. Those of members' addresses
// and those of strangers have places of their own, so that strangers can't use
// up the members'. A connection is pending until its preamble was accepted:
// where all places of its kind are taken, the one that has been pending longest
// makes room for the newcomer, so that silence holds no place against somebody
// who speaks. The Mux's lock guards it.
type places struct {
	members   kind
	strangers kind
	// perAddress counts the strangers' connections by address.
	perAddress map[netip.Addr]*kind
}

// kind is the places of one kind of callers.
type kind struct {
	most, taken int
	pending     lists.List // the longest first
}

// place is what a connection holds.
type place struct {
	from     netip.Addr
	stranger bool
	pending  *lists.Element // of its kind; nil once its preamble was accepted
	ofMine   *lists.Element // of its address, likewise
}

func newPlaces(cfg Config) places {
	return places{
		members:    kind{most: max(1, cfg.MaxConnections-cfg.MaxStrangers)},
		strangers:  kind{most: cfg.MaxStrangers},
		perAddress: map[netip.Addr]*kind{},
	}
}

func (k *kind) full() bool { return k.taken >= k.most }

// longest returns the connection of a kind that has been pending longest, nil
// if none is.
func (k *kind) longest() *trackedConn {
	if front := k.pending.Front(); front != nil {
		return front.Value.(*trackedConn)
	}
	return nil
}

// take gives a connection a place and names the one that has to go for it. ok
// is false if there is none.
func (p *places) take(c *trackedConn, member bool) (displaced *trackedConn, ok bool) {
	c.place = place{from: addressOf(c.Conn), stranger: !member}
	if member {
		if p.members.full() {
			if displaced = p.members.longest(); displaced == nil {
				return nil, false
			}
			p.leave(displaced)
		}
		p.members.taken++
		c.place.pending = p.members.pending.PushBack(c)
		return displaced, true
	}
	mine := p.perAddress[c.place.from]
	if mine == nil {
		mine = &kind{most: MaxPerStranger}
	}
	switch {
	case mine.full():
		displaced = mine.longest()
	case p.strangers.full():
		displaced = p.strangers.longest()
	}
	if displaced != nil {
		p.leave(displaced)
	} else if mine.full() || p.strangers.full() {
		return nil, false
	}
	p.perAddress[c.place.from] = mine // leave may have taken it out
	p.strangers.taken++
	mine.taken++
	c.place.pending, c.place.ofMine = p.strangers.pending.PushBack(c), mine.pending.PushBack(c)
	return displaced, true
}

// seat notes that a connection's preamble was accepted.
func (p *places) seat(c *trackedConn) {
	if c.place.pending == nil {
		return
	}
	if c.place.stranger {
		p.strangers.pending.Remove(c.place.pending)
		p.perAddress[c.place.from].pending.Remove(c.place.ofMine)
	} else {
		p.members.pending.Remove(c.place.pending)
	}
	c.place.pending, c.place.ofMine = nil, nil
}

// leave gives a connection's place back, once.
func (p *places) leave(c *trackedConn) {
	if c.left {
		return
	}
	p.seat(c)
	c.left = true
	if !c.place.stranger {
		p.members.taken--
		return
	}
	p.strangers.taken--
	mine := p.perAddress[c.place.from]
	if mine.taken--; mine.taken == 0 {
		delete(p.perAddress, c.place.from)
	}
}

// addressOf returns the address of a connection's other end, zero if it has
// none.
func addressOf(conn net.Conn) netip.Addr {
	remote := conn.RemoteAddr()
	if remote == nil {
		return netip.Addr{}
	}
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}
