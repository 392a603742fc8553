package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// usedIDs is what is known of used command ids.
type usedIDs struct {
	// first is the table of LevelFirst. Above it no id is added to it, and it
	// empties as its ids may be forgotten.
	first  *dedup.Table
	recent *dedup.Recent
	pins   *dedup.Pins
	fences *dedup.Fences
	shares *dedup.Shares
}

func newUsedIDs(alloc slab.Allocator, capacity uint32) usedIDs {
	return usedIDs{
		first: dedup.New(alloc, capacity), recent: dedup.NewRecent(alloc, capacity),
		pins: dedup.NewPins(alloc), fences: dedup.NewFences(alloc, capacity), shares: dedup.NewShares(alloc, capacity),
	}
}

func (u *usedIDs) setCapacity(n uint32) {
	u.first.SetCapacity(n)
	u.recent.SetCapacity(n)
	u.fences.SetCapacity(n)
	u.shares.SetCapacity(n)
}

// find returns what is known of an id.
func (u *usedIDs) find(key dedup.Key) (dedup.Record, bool) {
	if r, ok := u.recent.Find(key); ok {
		return r, true
	}
	if u.pins.Len() > 0 {
		if r, ok := u.pins.Find(key); ok {
			return r, true
		}
	}
	if u.fences.Len() > 0 && u.fences.Find(key) {
		return dedup.Record{}, true
	}
	if u.first.Len() > 0 {
		return u.first.Find(key)
	}
	return dedup.Record{}, false
}

// forget drops what may be forgotten: a bounded piece of it, called once for
// each new id, so that the tables shrink and no command pays for many.
func (u *usedIDs) forget(now market.Nanos, bound uint32) {
	for range 2 {
		if participant, dropped := u.pins.Drop(now); dropped {
			u.shares.Unpin(participant, now)
		}
	}
	u.fences.Ripen(now)
	others := uint64(u.first.Len())
	if others > 0 {
		u.first.Forget(now)
		// Its ids are older than the recent ones, and make room first.
		full := u.recent.Len()+others >= uint64(bound)
		if full && u.first.ForgetDue(now) {
			return
		}
		u.first.Vacate()
	}
	u.recent.Forget(now, others)
}

// tooFarAhead reports whether a copy's deadline lies further ahead than any that
// an honest gateway gives: the id could be forgotten before it. Such a copy is
// not executed and its id stays free; a deadline is never shortened.
func (m *Machine) tooFarAhead(c *command.Command) bool {
	return m.level() >= levelWorstDay && c.Deadline > m.clock.now+dedup.MinAge
}

// needsPin reports whether a copy of the command may execute when its id need
// not be known any more.
func (m *Machine) needsPin(c *command.Command) bool {
	return c.ValidUntil > m.clock.now+dedup.MinAge
}

// roomForID makes room for one more id and reports whether there is. What
// makes the venue safer always has room, and what an administrator sends as
// long as its id need not be pinned.
func (m *Machine) roomForID(c *command.Command) bool {
	now := m.clock.now
	if m.level() < levelWorstDay {
		m.ids.first.Forget(now)
		return m.ids.first.Room(now)
	}
	m.ids.forget(now, m.bounds.DedupCapacity)
	if m.verbs[c.Body.Kind()].always {
		return true
	}
	admin := c.Role == market.RoleAdmin
	return (admin || m.ids.shares.Room(m.sender(c.Participant), now)) && (!m.needsPin(c) || m.roomToPin(c))
}

// roomToPin reports whether the pool of pinned ids has room for one more.
func (m *Machine) roomToPin(c *command.Command) bool {
	return m.ids.shares.RoomToPin(m.sender(c.Participant), c.Role == market.RoleAdmin, m.clock.now)
}

// roomForFence is roomForID for fences, which have places of their own: who has
// sent too much has to be able to settle it. Where it says yes the fence has to
// be remembered: an older one may have given it its place.
func (m *Machine) roomForFence(c *command.Command) bool {
	if m.level() < levelWorstDay {
		return m.roomForID(c)
	}
	m.ids.forget(m.clock.now, m.bounds.DedupCapacity)
	return m.ids.fences.Room(m.sender(c.Participant), c.Role == market.RoleAdmin, m.clock.now)
}

// remember keeps an id, a fence in its own table. Any other is charged to its
// participant within its share and, if its client allows it to execute after
// dedup.MinAge, pinned too. What makes the venue safer is let in beyond the
// shares and then neither.
func (m *Machine) remember(c *command.Command, key dedup.Key, r dedup.Record) {
	now := m.clock.now
	if m.level() < levelWorstDay {
		m.ids.first.Add(key, r, now, m.keepUntil(c, r))
		return
	}
	participant, shares := m.sender(c.Participant), m.ids.shares
	if r.Fenced() {
		m.ids.fences.Add(key, participant, now)
		return
	}
	m.ids.recent.Add(key, r, now)
	if shares.Room(participant, now) {
		shares.Charge(participant, now)
	}
	if m.needsPin(c) && m.roomToPin(c) {
		m.ids.pins.Add(key, r, participant, c.ValidUntil)
		shares.Pin(participant, now)
	}
}

// sender returns the number of a participant, 0 if the venue does not know it.
// The last one is remembered: numbers never change.
func (m *Machine) sender(participant string) uint32 {
	last := &m.scratch.sender
	if last.number == 0 || last.name != participant {
		n, row := m.participants.find(participant)
		if n == 0 {
			return 0
		}
		last.name, last.number = row.Participant, n
	}
	return last.number
}

// keepUntil is how long LevelFirst did not forget an id: while a copy of it
// could still be executed. A client's own limit counts for at most the window,
// so that no client can fill the table for ever. No copy of a fenced id lives
// longer than the deadline of the fence.
func (m *Machine) keepUntil(c *command.Command, r dedup.Record) market.Nanos {
	if r.Fenced() {
		return c.Deadline
	}
	return max(c.Deadline, min(c.ValidUntil, m.clock.now+dedup.Window))
}

// clientIDAge is how long the client order id of a closed order is kept at
// least.
func (m *Machine) clientIDAge() market.Nanos {
	if m.level() < levelWorstDay {
		return 0
	}
	return dedup.MinAge
}

// again is the outcome of an id that was used before.
func (m *Machine) again(r dedup.Record, digest uint64) event.Outcome {
	switch {
	case r.Fenced():
		return m.outcome(event.OutcomeFenced)
	case r.Digest != digest:
		return m.outcome(event.OutcomeReused)
	}
	o := m.outcome(event.OutcomeRepeat)
	o.First = r.First
	return o
}

// Horizon says how far back command ids are remembered.
type Horizon struct {
	IDs, Capacity uint32
	Oldest        market.Nanos // 0 = none
	// MinAge is how long an id is kept at least, however many newer ones there
	// are.
	MinAge market.Nanos
	Fences FenceHorizon
}

// FenceHorizon says which fenced ids are still known as such: all that were
// fenced after KnownSince, and those retained from before it.
type FenceHorizon struct {
	Retained, Capacity, Share uint32       // Share: of one participant
	MinAge                    market.Nanos // younger ones are kept whatever comes
	KnownSince                market.Nanos // 0 = none was ever forgotten
}

// DedupHorizon returns the window of command ids that is in force.
func (m *Machine) DedupHorizon() Horizon {
	u := &m.ids
	h := Horizon{
		IDs: uint32(u.recent.Len()) + u.first.Len(), Capacity: m.bounds.DedupCapacity,
		Oldest: u.first.Oldest(), MinAge: dedup.MinAge,
		Fences: FenceHorizon{
			Retained: u.fences.Len(), Capacity: u.fences.Places(), Share: u.fences.Share(),
			MinAge: market.MaxValidity, KnownSince: u.fences.Forgotten(),
		},
	}
	if h.Oldest == 0 {
		h.Oldest = u.recent.Oldest()
	}
	if m.level() < levelWorstDay {
		h.MinAge = dedup.Window   // while there is room
		h.Fences = FenceHorizon{} // they are kept like other ids
	}
	return h
}
