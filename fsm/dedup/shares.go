package dedup

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// shareOfFree is a participant's share of the undue ids: at most eight times
// what nobody has taken. So one alone may have 8/9 of the bound, each of two
// busy ones 8/17, of n 8/(8n+1), and whoever has none yet finds room while any
// place is left: nobody can take the last one from the others.
const shareOfFree = 8

// undueSeconds is how many seconds of venue time an id is charged for: MinAge
// and the rest of the second in which it was used.
const undueSeconds = int64(MinAge)/1e9 + 1

// The ids that are pinned until their valid_until have a pool of their own,
// beside the table: what one pins for a day takes nothing from the seconds that
// everybody else's ids need.
const (
	// poolOfBound: the pool is half of the table's bound.
	poolOfBound = 2
	// shareOfPool: a participant pins at most a sixteenth of the pool, and at most
	// what nobody has taken.
	shareOfPool = 16
)

// poolOf is the size of a pool beside a table of capacity ids.
func poolOf(capacity uint32) uint32 { return (capacity + poolOfBound - 1) / poolOfBound }

// shareOf is what a participant has of a pool: all of it if the venue trusts it.
func shareOf(pool uint32, trusted bool) uint32 {
	if trusted {
		return pool
	}
	return (pool + shareOfPool - 1) / shareOfPool
}

// Shares counts the undue ids of each participant: those that may not be
// forgotten yet. Participants are numbered from 1; 0 is all whom the venue
// does not know.
type Shares struct {
	counts   *slab.Slab[share]
	capacity uint32
}

// share is one participant's count; record 0 is that of all together.
type share struct {
	second int64  // of venue time, up to which seconds is right
	undue  uint32 // Σ seconds
	pinned uint32
	// seconds counts the ids charged in the last seconds, at second modulo
	// undueSeconds.
	seconds [undueSeconds]uint32
	_       uint32
}

// NewShares returns counts for a table of capacity undue ids.
func NewShares(alloc slab.Allocator, capacity uint32) *Shares {
	s := &Shares{counts: slab.New[share](alloc), capacity: capacity}
	s.counts.Append()
	return s
}

// Room reports whether the participant's share has room for one more id.
func (s *Shares) Room(participant uint32, now market.Nanos) bool {
	all, own := s.at(0, now).undue, s.at(participant+1, now).undue
	return all < s.capacity && uint64(own) < shareOfFree*uint64(s.capacity-all)
}

// Charge counts one id of the participant until it is due.
func (s *Shares) Charge(participant uint32, now market.Nanos) {
	for _, n := range [...]uint32{0, participant + 1} {
		p := s.at(n, now)
		p.undue++
		p.seconds[p.second%undueSeconds]++
	}
}

// Pool returns how many ids may be pinned.
func (s *Shares) Pool() uint32 { return poolOf(s.capacity) }

// RoomToPin reports whether the pool has room for one more id of the
// participant's. Those that the venue trusts have no share but what nobody has
// taken, so that they leave room for the others too.
func (s *Shares) RoomToPin(participant uint32, trusted bool, now market.Nanos) bool {
	all, own := s.at(0, now).pinned, s.at(participant+1, now).pinned
	return own < min(shareOf(s.Pool(), trusted), s.Pool()-min(all, s.Pool()))
}

// Pin counts one pinned id of the participant until Unpin.
func (s *Shares) Pin(participant uint32, now market.Nanos) {
	for _, n := range [...]uint32{0, participant + 1} {
		s.at(n, now).pinned++
	}
}

// Unpin takes back what Pin counted.
func (s *Shares) Unpin(participant uint32, now market.Nanos) {
	for _, n := range [...]uint32{0, participant + 1} {
		s.at(n, now).pinned--
	}
}

// Undue returns how many ids are charged to all participants together.
func (s *Shares) Undue() uint32 { return s.counts.Get(0).undue }

// at returns a count with what has become due since taken off. Venue time does
// not go back.
func (s *Shares) at(n uint32, now market.Nanos) *share {
	s.counts.Grow(n + 1)
	p, second := s.counts.Get(n), int64(now)/1e9
	if p.second == second {
		return s.counts.Mut(n)
	}
	p = s.counts.Mut(n)
	p.undue -= fade(p.seconds[:], p.second, second)
	p.second = second
	return p
}

// Describe names the table, which is there from a level on, and says how its
// records lie.
func (s *Shares) Describe(name string, level uint16) {
	s.counts.Describe(slab.Shape{Name: name, Layouts: []slab.Layout{
		{Level: level, Fields: "second 8, undue 4, pinned 4, seconds 52, _ 4"},
	}})
}

// Tables lists the slabs, for hashing, capture and restoration.
func (s *Shares) Tables() []slab.Table { return []slab.Table{s.counts} }

// SetCapacity sets the bound, after restoration.
func (s *Shares) SetCapacity(n uint32) { s.capacity = n }
